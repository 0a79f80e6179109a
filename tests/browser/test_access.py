"""For everybody: contrast, names for screen readers, keys alone, a phone; on every page as it is."""

import itertools
from collections.abc import Callable, Iterator

import pytest
from conftest import DESKTOP, PHONE, Console
from playwright.sync_api import Browser, Page

CASES = 30
BYTES_MAX = 100_000
NUMBERS = itertools.count(3000)

# Each text against what lies behind it, as WCAG 2.2 has it (1.4.3): 4.5 to 1, or 3 to 1 where it is large;
# and the edges of controls (1.4.11): 3 to 1. Where a picture or a gradient lies behind, each of its colours.
CONTRAST = """() => {
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (text) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = text;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const light = ([r, g, b]) => {
    const part = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ratio = (a, b) => {
    const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const base = rgba(getComputedStyle(document.documentElement).colorScheme.includes('dark') &&
    matchMedia('(prefers-color-scheme: dark)').matches ? '#121212' : '#ffffff');
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      const gradient = [...style.backgroundImage.matchAll(/rgba?\\([^)]*\\)/g)].map(([c]) => rgba(c));
      if (gradient.length) return gradient;
      const color = rgba(style.backgroundColor);
      layers.push(color);
      if (color[3] === 1) break;
    }
    return [layers.reverse().reduce((under, top) => over(top, under), base)];
  };
  const bad = [];
  const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !shown(element) || element.closest('option, script, .skip')) continue;
    texts += 1;
    const style = getComputedStyle(element);
    const svg = element.namespaceURI.endsWith('svg');
    const size = parseFloat(style.fontSize);
    const wanted = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    for (const under of behind(element)) {
      const found = ratio(over(rgba(svg ? style.fill : style.color), under), under);
      if (found < wanted) bad.push(`${found.toFixed(2)} ${element.tagName} '${walker.currentNode.textContent.trim().slice(0, 40)}'`);
    }
  }
  for (const control of document.querySelectorAll('button, select, textarea, input:not([type=hidden]):not([type=checkbox])')) {
    if (!shown(control)) continue;
    const style = getComputedStyle(control);
    const under = behind(control.parentElement)[0];
    const edges = [rgba(style.borderTopColor), rgba(style.backgroundColor)].map((c) => ratio(over(c, under), under));
    if (Math.max(...edges) < 3) bad.push(`edge ${Math.max(...edges).toFixed(2)} ${control.outerHTML.slice(0, 80)}`);
  }
  return { texts, bad };
}"""

REACHABLE = """() => [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.disabled && e.getClientRects().length > 0)
  .map((e, at) => { e.dataset.number = at; return at; }).length"""

FOCUSED = """() => {
  const at = document.activeElement;
  const style = getComputedStyle(at);
  const number = at.dataset?.number;
  return { number: number === undefined ? null : Number(number), ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 };
}"""

STRUCTURE = """() => {
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  const levels = [...document.querySelectorAll('h1, h2, h3, h4')].map((h) => Number(h.tagName[1]));
  return {
    lang: document.documentElement.lang,
    title: document.title,
    h1: levels.filter((l) => l === 1).length,
    main: document.querySelectorAll('main').length,
    twice: ids.filter((id, at) => ids.indexOf(id) !== at),
    skipped: levels.some((level, at) => at > 0 && level > levels[at - 1] + 1),
    tables: [...document.querySelectorAll('table')].every((t) => t.querySelector('th[scope]')),
  };
}"""

NAMED = {"button", "link", "textbox", "searchbox", "combobox", "checkbox", "radio", "image", "img", "listbox", "dialog"}


def prepare(console: Console, supervisor: Page) -> dict[str, str]:
    """Cases in every state that a page shows; the addresses of the pages."""
    spam = "Main di situs kami pasti menang besar setiap hari! Daftar sekarang dan dapatkan bonus {} ribu untuk anggota baru"
    wave = [console.add(at, spam.format(at)) for at in itertools.islice(NUMBERS, 4)]
    console.count()
    case = wave[1]
    supervisor.goto(f"{console.origin}/console/cases/{case}")
    with supervisor.expect_navigation():
        supervisor.click("form[action$='/ambil'] button")
    return {
        "queue": "/console",
        "filtered": "/console?reason=abuse",
        "escalated": "/console?bagian=eskalasi",
        "case": f"/console/cases/{case}",
        "checks": "/console/periksa",
        "differences": "/console/perbedaan",
        "figures": "/console/angka",
        "missing": "/console/cases/0123456789ABCDEF",
    }


def pages(console: Console, page: Page) -> Iterator[str]:
    """Goes from page to page, with everything unfolded; those behind a form too."""
    for name, path in prepare(console, page).items():
        answer = page.goto(console.origin + path)
        assert answer is not None and len(answer.body()) <= BYTES_MAX, f"{name}: {len(answer.body())} bytes"
        page.evaluate("() => document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        yield name
    page.goto(f"{console.origin}/console")
    for at in range(3):
        page.locator("input[name=id]").nth(at).check()
    page.click(".bulk-bar button")
    yield "preview"
    with page.expect_navigation():
        page.click("button[data-key=y]")
    yield "outcome"
    page.goto(f"{console.origin}/console")
    page.locator(".queue h2 a").first.click()
    with page.expect_navigation():
        page.click("form[action$='/asli'] button")
    yield "original"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_on_every_page(console: Console, browser: Browser, scheme: str) -> None:
    context = browser.new_context(viewport=DESKTOP, locale="id-ID", color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{console.origin}/console")
    page.click("button[value=wulan]")
    page.wait_for_url("**/console")
    checked = 0
    for name in pages(console, page):
        page.evaluate("() => document.querySelectorAll('.strong').forEach((e) => e.classList.remove('strong'))")
        found = page.evaluate(CONTRAST)
        checked += found["texts"]
        assert found["texts"] > 5 and found["bad"] == [], f"{name}, {scheme}: {found['bad'][:12]}"
    print(f"\n{checked} texts with enough contrast, {scheme}")
    context.close()


def test_contrast_is_really_measured(console: Console, person: Callable[..., Page]) -> None:
    page = person("sari")
    page.evaluate("() => { document.querySelector('h1').style.color = '#949494'; document.querySelector('.sum').style.color = '#949494'; }")
    bad = page.evaluate(CONTRAST)["bad"]
    assert len(bad) == 1 or all("3.0" in line for line in bad), bad
    assert any(line.startswith("3.0") for line in bad), bad


def test_every_control_has_a_name(console: Console, person: Callable[..., Page]) -> None:
    page = person("wulan")
    session = page.context.new_cdp_session(page)
    controls = 0
    for name in pages(console, page):
        structure = page.evaluate(STRUCTURE)
        assert (structure["lang"], structure["h1"], structure["main"]) == ("id", 1, 1), f"{name}: {structure}"
        assert structure["title"] and structure["twice"] == [] and structure["tables"], f"{name}: {structure}"
        assert not structure["skipped"], f"{name}: a level of headings is skipped"
        for node in session.send("Accessibility.getFullAXTree")["nodes"]:
            role = node.get("role", {}).get("value", "")
            if node.get("ignored") or role not in NAMED:
                continue
            controls += 1
            said = node.get("name", {}).get("value", "").strip()
            assert said, f"{name}: a {role} without a name: {node}"
    assert controls > 200
    print(f"\n{controls} controls have names")


def test_every_control_is_reached_by_tab(console: Console, person: Callable[..., Page]) -> None:
    page = person("wulan")
    for name in pages(console, page):
        if name not in ("queue", "case", "preview"):
            continue
        wanted = page.evaluate(REACHABLE)
        page.evaluate("() => { document.activeElement.blur(); window.scrollTo(0, 0); }")
        page.locator("body").evaluate("body => { body.tabIndex = -1; body.focus(); }")
        reached: set[int] = set()
        for _ in range(wanted + 20):
            page.keyboard.press("Tab")
            at = page.evaluate(FOCUSED)
            if at["number"] is not None:
                assert at["ring"], f"{name}: the focus is not seen on number {at['number']}"
                reached.add(at["number"])
        missing = page.evaluate("(reached) => [...document.querySelectorAll('[data-number]')].filter((e) => !reached.includes(Number(e.dataset.number))).map((e) => e.outerHTML.slice(0, 90))", list(reached))
        assert missing == [], f"{name}: {missing}"


def test_no_page_is_wider_than_a_phone(console: Console, person: Callable[..., Page]) -> None:
    page = person("wulan", PHONE)
    for name in pages(console, page):
        width = page.evaluate("() => document.documentElement.scrollWidth")
        assert width <= PHONE["width"], f"{name} is {width} wide"
        small = page.evaluate(
            "() => [...document.querySelectorAll('main button, main select')].filter((e) => e.getClientRects().length)"
            ".map((e) => [e.getBoundingClientRect().height, e.textContent.trim().slice(0, 30)]).filter(([h]) => h < 24)"
        )
        assert small == [], f"{name}: too small for a finger: {small}"
