"""Makes the pictures of docs/console anew: the queue and cases from the local stack, with the shipped model and
authored reports; the figures from made-up weeks.

    cargo xtask setup && cargo build --release --workspace --bins --examples
    .saring/browser-venv/bin/python tests/browser/pictures.py
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conftest import DESKTOP, PHONE, ROOT, chromium, programs, serve
from playwright.sync_api import Browser, Page, sync_playwright

OUT = ROOT / "docs/console"
REPORTS = 420
WAVE = "Main di situs kami pasti menang besar setiap hari! Daftar sekarang juga dan dapatkan bonus {} ribu untuk anggota baru"


def reports(path: Path) -> None:
    """Authored reports of every kind, spread over the corpus, and a wave of one advert."""
    rows = [json.loads(line) for line in (ROOT / "samplecorpus/reports.jsonl").read_text().splitlines()]
    held = [row for row in rows if row["decision"] == "review"]
    chosen = held[:: max(1, len(held) // REPORTS)] + rows[:: len(rows) // 100]
    with path.open("w") as out:
        for row in chosen:
            out.write(json.dumps({"id": row["id"], "text": row["text"]}) + "\n")
        for at in range(6):
            out.write(json.dumps({"id": f"gelombang-{at}", "text": WAVE.format(25 * (at + 1))}) + "\n")


def library() -> Path:
    """The ONNX Runtime library that setup brought."""
    return next((ROOT / ".saring/onnxruntime").glob("libonnxruntime.so.*"), Path())


@contextmanager
def stack(directory: str) -> Iterator[str]:
    """The local stack, when everything is screened; its address."""
    reports(Path(directory) / "reports.jsonl")
    environment = os.environ.copy()
    environment.setdefault("ORT_DYLIB_PATH", str(library()))
    listen = "127.0.0.1:8127"
    arguments = ["up", "--data", f"{directory}/state", "--reports", f"{directory}/reports.jsonl", "--listen", listen]
    command = [str(programs() / "saring"), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("Ctrl-C"):
                break
        yield f"http://{listen}"
        process.terminate()


def log_in(browser: Browser, origin: str, name: str, viewport: dict[str, int], scheme: str = "light") -> Page:
    page = browser.new_context(viewport=viewport, locale="id-ID", color_scheme=scheme).new_page()
    page.goto(f"{origin}/console")
    page.click(f"button[value={name}]")
    page.wait_for_url("**/console")
    return page


def shoot(page: Page, name: str, *, whole: bool = False) -> None:
    page.mouse.move(0, 0)
    page.wait_for_timeout(200)
    page.screenshot(path=OUT / f"{name}.png", full_page=whole)
    print(f"docs/console/{name}.png")


def first_case(page: Page, origin: str, query: str) -> None:
    page.goto(f"{origin}/console?{query}")
    with page.expect_navigation():
        page.locator(".queue h2 a").first.click()


def of_the_stack(browser: Browser, origin: str) -> None:
    page = log_in(browser, origin, "wulan", DESKTOP)
    page.wait_for_timeout(7000)
    page.goto(f"{origin}/console")
    shoot(page, "antrean")
    page.locator(".filters summary").nth(0).click()
    page.locator(".filters summary").nth(4).click()
    page.locator(".filters summary").nth(5).click()
    shoot(page, "saringan")
    page.set_viewport_size({"width": 1280, "height": 1500})
    first_case(page, origin, "reason=spam.fraud")
    with page.expect_navigation():
        page.keyboard.press("h")
    shoot(page, "kasus", whole=True)
    first_case(page, origin, "reason=hoax.claim")
    shoot(page, "klaim")
    campaigns(page, origin)
    page.set_viewport_size(DESKTOP)
    page.goto(f"{origin}/console")
    page.keyboard.press("?")
    shoot(page, "tombol")
    dark = log_in(browser, origin, "sari", {"width": 1280, "height": 1100}, "dark")
    first_case(dark, origin, "reason=abuse.insult")
    dark.check("#show-strong")
    shoot(dark, "gelap")
    phone(browser, origin)


def campaigns(page: Page, origin: str) -> None:
    page.goto(f"{origin}/console")
    page.locator(".filters details").nth(5).locator("summary").click()
    with page.expect_navigation():
        page.locator(".filters details").nth(5).locator("li a").first.click()
    with page.expect_navigation():
        page.locator(".queue h2 a").first.click()
    page.locator("section", has=page.locator("h2", has_text="Laporan serupa")).scroll_into_view_if_needed()
    page.select_option("form[action='/console/massal'] select", "reject:spam")
    shoot(page, "kampanye")
    page.set_viewport_size(DESKTOP)
    with page.expect_navigation():
        page.click("form[action='/console/massal'] button")
    shoot(page, "pratinjau")
    with page.expect_navigation():
        page.keyboard.press("y")
    shoot(page, "batal-semua")


def phone(browser: Browser, origin: str) -> None:
    page = log_in(browser, origin, "bayu", PHONE)
    shoot(page, "antrean-ponsel")
    page.keyboard.press("n")
    page.wait_for_url("**/console/cases/*")
    shoot(page, "kasus-ponsel")
    with page.expect_navigation():
        page.click("button[value='reject:spam']")
    shoot(page, "batal-ponsel")


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as directory:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for console in serve(40, weeks=4):
            page = log_in(browser, console.origin, "wulan", DESKTOP)
            page.goto(f"{console.origin}/console/angka")
            shoot(page, "angka", whole=True)
        with stack(directory) as origin:
            of_the_stack(browser, origin)
        browser.close()


if __name__ == "__main__":
    main()
