"""A console of its own for each module of tests, and real browsers that look at it."""

import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


class Console:
    """A running console."""

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def call(self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> dict:
        """A request beside the browsers; POST with a body."""
        request = urllib.request.Request(self.origin + path, data=body, headers=headers or {})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def add(self, number: int, text: str) -> str:
        """A new case; its id."""
        return self.call(f"/test/case/{number}", text.encode())["case"]

    def settle(self, minutes: int) -> int:
        """Lets decisions take effect as if so many minutes had passed."""
        return self.call(f"/test/settle/{minutes}", b"")["settled"]

    def count(self) -> int:
        """Counts the queue, as the sweep does."""
        return self.call("/test/board", b"")["open"]

    def state(self) -> dict:
        """What is public, and what breaks an invariant."""
        return self.call("/test/state")

    def case(self, case: str, role: str = "auditor") -> dict:
        """A case as the API tells it."""
        token = self.call(f"/test/token/uji/{role}")["token"]
        headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
        return self.call(f"/console/cases/{case}", headers=headers)


def chromium() -> str:
    """The browser of this machine."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.exit("Chromium is needed for the browser tests: apt install chromium, or set CHROMIUM", returncode=1)
    return found


def programs() -> Path:
    """Where the programs are that Cargo built: released ones, unless told."""
    return ROOT / os.environ.get("SARING_PROGRAMS", Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "release")


def serve(count: int, weeks: int = 0, table: Path | None = None) -> Iterator[Console]:
    """Starts a console with so many cases, after so many weeks of decisions; a table that is there is taken as it is."""
    binary = programs() / "examples/console"
    arguments = [str(count), "127.0.0.1:0", str(weeks)] + ([str(table)] if table else [])
    with (
        tempfile.TemporaryDirectory() as directory,
        subprocess.Popen(
            [binary, *arguments], stdout=subprocess.PIPE, text=True, env=os.environ | {"TMPDIR": directory}
        ) as process,
    ):
        assert process.stdout is not None
        origin = process.stdout.readline().strip()
        assert origin.startswith("http://"), "the console did not start"
        try:
            yield Console(origin)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def console(request: pytest.FixtureRequest) -> Iterator[Console]:
    """A console; the module says with how many cases (`CASES`)."""
    yield from serve(getattr(request.module, "CASES", 12))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless browser for all tests; each person has a context."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def person(browser: Browser, console: Console) -> Iterator[Callable[..., Page]]:
    """Logs somebody in by the local issuer, in a browser context of their own."""
    contexts: list[BrowserContext] = []

    def log_in(name: str, viewport: dict[str, int] = DESKTOP) -> Page:
        context = browser.new_context(viewport=viewport, locale="id-ID")
        contexts.append(context)
        page = context.new_page()
        page.problems = []  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.problems.append(str(error)))  # type: ignore[attr-defined]
        page.on("dialog", lambda dialog: (page.problems.append("a dialog opened"), dialog.dismiss()))  # type: ignore[attr-defined]
        page.goto(f"{console.origin}/console")
        page.click(f"button[value={name}]")
        page.wait_for_url("**/console")
        return page

    yield log_in
    for context in contexts:
        for page in context.pages:
            assert getattr(page, "problems", []) == [], "a script failed, or one ran that is not ours"
        context.close()
