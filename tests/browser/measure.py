"""How fast the console is with many cases, in a real browser, and how large its pages are.

    cargo build --release --workspace --examples
    .saring/browser-venv/bin/python tests/browser/measure.py 100000 [TABLE]

TABLE is a file that keeps the filled table for the next time. A view is measured from the request to
the first painted content of the whole page, in a window where the moderator has logged in before.
For comparison, a page with nothing on it, and the queue in a new profile, for which the browser first
starts a process. Ends with an error where a first view takes longer than 150 ms or a page is larger than 100 kB.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from conftest import DESKTOP, Console, chromium, serve
from playwright.sync_api import Browser, Page, sync_playwright

ROUNDS = 40
FIRST_VIEW_MS_MAX = 150
BYTES_MAX = 100_000
TIMING = """() => new Promise((done) => {
  const told = () => {
    const [navigation] = performance.getEntriesByType('navigation');
    const paint = performance.getEntriesByName('first-contentful-paint')[0];
    if (!navigation.loadEventEnd || !paint) return setTimeout(told, 5);
    done({ answered: navigation.responseEnd, seen: Math.max(paint.startTime, navigation.domContentLoadedEventEnd) });
  };
  told();
})"""


def line(name: str, values: list[float]) -> tuple[float, float]:
    """Prints the median and the 95th percentile; returns them."""
    ordered = sorted(values)
    middle, slow = statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    print(f"{name:<48} p50 {middle:6.0f} ms   p95 {slow:6.0f} ms   ({len(values)} times)")
    return middle, slow


def log_in(browser: Browser, console: Console) -> Page:
    page = browser.new_context(viewport=DESKTOP, locale="id-ID").new_page()
    page.goto(f"{console.origin}/console")
    page.click("button[value=wulan]")
    page.wait_for_url("**/console")
    return page


def views(page: Page, console: Console, path: Callable[[int], str]) -> tuple[list[float], list[float]]:
    """Answers and views of a path."""
    told = []
    for at in range(ROUNDS):
        page.goto(console.origin + path(at))
        told.append(page.evaluate(TIMING))
    return [one["answered"] for one in told], [one["seen"] for one in told]


def new_profiles(page: Page, console: Console) -> list[float]:
    """Views of the queue in browsers that have nothing of the console but the session."""
    seen = []
    browser, cookies = page.context.browser, page.context.cookies()
    assert browser is not None
    for _ in range(ROUNDS // 4):
        context = browser.new_context(viewport=DESKTOP, locale="id-ID")
        context.add_cookies(cookies)
        fresh = context.new_page()
        fresh.goto(f"{console.origin}/console")
        seen.append(fresh.evaluate(TIMING)["seen"])
        context.close()
    return seen


def by_keys(page: Page) -> list[float]:
    """From the key that decides to the next case."""
    page.keyboard.press("n")
    page.wait_for_url("**/console/cases/*")
    times = []
    for at in range(ROUNDS):
        url = page.url
        page.keyboard.press("t")
        begun = time.perf_counter()
        page.keyboard.press(str(at % 3 + 1))
        page.wait_for_function("before => location.href !== before && document.readyState === 'complete'", arg=url)
        times.append((time.perf_counter() - begun) * 1000)
    return times


def sizes(page: Page, console: Console, case: str) -> dict[str, int]:
    paths = {"antrean (queue)": "/console", "kasus (case)": case, "periksa ulang (checks)": "/console/periksa"}
    paths |= {"perbedaan (differences)": "/console/perbedaan", "angka (figures)": "/console/angka"}
    found = {}
    for name, path in paths.items():
        answer = page.goto(console.origin + path)
        assert answer is not None
        found[name] = len(answer.body())
    page.goto(f"{console.origin}/console")
    for box in page.locator("input[name=id]").all():
        box.check()
    with page.expect_navigation() as navigation:
        page.click(".bulk-bar button")
    found["pratinjau (preview)"] = len(navigation.value.body())
    return found


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    table = Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None
    with sync_playwright() as playwright:
        for console in serve(count, table=table):
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
            page = log_in(browser, console)
            page.goto(f"{console.origin}/console")
            cases = [link.get_attribute("href") or "" for link in page.locator(".queue h2 a").all()]
            print(f"{count} cases in the table")
            line("halaman kosong (a page with nothing)", views(page, console, lambda _: "/test/nothing")[1])
            queue = views(page, console, lambda _: "/console")
            case = views(page, console, lambda at: cases[at % len(cases)])
            filtered = views(page, console, lambda _: "/console?reason=abuse&region=33.74")
            slowest = [line("antrean, jawaban (queue, answered)", queue[0]), line("antrean, terlihat (queue, seen)", queue[1])]
            slowest += [line("kasus, jawaban (case, answered)", case[0]), line("kasus, terlihat (case, seen)", case[1])]
            # A filter looks at up to a thousand waiting cases, so it isn't a first view.
            line("antrean tersaring, jawaban (filtered, answered)", filtered[0])
            line("antrean tersaring, terlihat (filtered, seen)", filtered[1])
            line("antrean, profil baru (queue, new profile)", new_profiles(page, console))
            line("keputusan dan kasus berikutnya (decide, next)", by_keys(page))
            bytes_of = sizes(page, console, cases[-1])
            for name, size in bytes_of.items():
                print(f"{name:<48} {size / 1000:6.1f} kB")
            browser.close()
            slow = [p50 for p50, _ in slowest if p50 > FIRST_VIEW_MS_MAX]
            return int(bool(slow) or max(bytes_of.values()) > BYTES_MAX)
    return 1


if __name__ == "__main__":
    sys.exit(main())
