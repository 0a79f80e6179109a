"""What moderators do, in a real browser."""

import re
import time
import urllib.error
from collections.abc import Callable

import pytest
from conftest import PHONE, Console
from playwright.sync_api import Page, expect

CASES = 24
Person = Callable[..., Page]
PAYLOADS = [
    "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>--></style></textarea>",
    "<svg/onload=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "' autofocus onfocus='alert(1)' '",
    "</p></article></main><iframe srcdoc='<script>alert(1)</script>'>",
    '<!--<img src="--><img src=x onerror=alert(1)//">',
    "javascript:alert(1)//<a href=javascript:alert(1)>x</a>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "&#60;script&#62;alert(1)&#60;/script&#62;&lt;script>",
    "<meta http-equiv=refresh content=0;url=data:text/html,x><base href=//evil.example>",
]


def open_case(page: Page, console: Console, case: str) -> None:
    page.goto(f"{console.origin}/console/cases/{case}")


def choose(page: Page, choice: str, note: str = "") -> None:
    if note:
        page.fill("textarea[name=note]", note)
    with page.expect_navigation():
        page.click(f"button[value='{choice}']")


@pytest.mark.parametrize(
    ("number", "choice", "status"),
    [
        (1001, "publish:fit", "published"),
        (1002, "publish_anonymous:reporter_at_risk", "published"),
        (1003, "confidential:victim", "confidential"),
        (1004, "reject:spam", "rejected"),
        (1005, "return:not_ours", "returned"),
        (1006, "ask:place", "in_review"),
    ],
)
def test_each_decision_rests_and_takes_effect(
    console: Console, person: Person, number: int, choice: str, status: str
) -> None:
    case = console.add(number, f"Laporan untuk keputusan {choice}")
    page = person("sari")
    open_case(page, console, case)
    if choice.startswith("return"):
        page.select_option("fieldset[data-key=w] select[name=agency]", "dinas_perhubungan")
    before = console.state()["feed"]
    choose(page, choice, "catatan uji")
    assert console.case(case)["status"] == "in_review"
    assert console.state()["feed"] == before
    expect(page.locator(".done")).to_contain_text("Batalkan keputusan")
    assert console.settle(4) == 0
    assert console.settle(6) == 1
    assert console.case(case)["status"] == status
    assert console.state() == {"feed": before + (status == "published"), "violations": []}


def test_a_decision_is_taken_back_with_one_key(console: Console, person: Person) -> None:
    case = console.add(1010, "Laporan yang keputusannya dibatalkan")
    page = person("sari")
    open_case(page, console, case)
    choose(page, "reject:abuse")
    page.keyboard.press("u")
    page.wait_for_url(f"**/console/cases/{case}")
    expect(page.locator("fieldset[data-key=p]")).to_be_visible()
    assert console.settle(10) == 0
    assert console.case(case)["resting"] is None
    assert console.state()["violations"] == []


def test_a_decision_is_hastened(console: Console, person: Person) -> None:
    case = console.add(1011, "Laporan yang segera diputuskan")
    page = person("sari")
    open_case(page, console, case)
    choose(page, "reject:unclear")
    open_case(page, console, case)
    with page.expect_navigation():
        page.click("form[action$='/segera'] button")
    assert console.case(case)["status"] == "rejected"


def test_two_browsers_and_one_lock(console: Console, person: Person) -> None:
    case = console.add(1020, "Laporan yang diperebutkan dua orang")
    sari, bayu, wulan = person("sari"), person("bayu"), person("wulan")
    open_case(bayu, console, case)
    open_case(sari, console, case)
    sari.keyboard.press("h")
    expect(sari.locator(".mine")).to_contain_text("Anda memegang kasus ini")
    # Bayu's page is older than the lock.
    choose(bayu, "publish:fit")
    expect(bayu.locator("h1")).to_contain_text("Berubah sejak Anda membukanya")
    open_case(bayu, console, case)
    expect(bayu.locator(".held")).to_contain_text("dipegang oleh sari")
    expect(bayu.locator("button[name=choice]")).to_have_count(0)
    open_case(wulan, console, case)
    with wulan.expect_navigation():
        wulan.click("form[action$='/rebut'] button")
    open_case(bayu, console, case)
    bayu.click("form[action$='/ambil'] button")
    expect(bayu.locator(".mine")).to_be_visible()
    assert console.case(case)["held_by"] == "moderator:bayu"
    bayu.fill("input[name=to]", "sari")
    with bayu.expect_navigation():
        bayu.press("input[name=to]", "Enter")
    assert console.case(case)["held_by"] == "moderator:sari"


def test_labels_and_personal_data_are_corrected(console: Console, person: Person) -> None:
    case = console.add(1030, "Rumah bercat hijau di ujung gang bocor terus. Hubungi 0812-3456-7890.")
    page = person("sari")
    open_case(page, console, case)
    page.keyboard.press("r")
    form = page.locator("form[action$='/koreksi']")
    form.locator("select[name=category]").select_option("perhubungan")
    form.locator("select[name=spam]").select_option("0")
    form.locator("select[name=claim]").select_option("new")
    form.locator("input[name=words]").fill("Rumah bercat hijau")
    form.locator("select[name=kind]").select_option("address")
    with page.expect_navigation():
        form.locator("button[type=submit]").click()
    text = page.locator(".reading .text").inner_text()
    assert text.startswith("[ALAMAT] di ujung gang") and "[TELP]" in text
    told = console.case(case)
    assert told["category"] == "perhubungan" and told["text"] == text
    expect(page.locator(".trail")).to_contain_text("claim=new")
    assert console.state()["violations"] == []


def test_what_is_escalated_leaves_the_queue(console: Console, person: Person) -> None:
    case = console.add(1040, "Laporan yang menyangkut hukum")
    page = person("sari")
    open_case(page, console, case)
    page.select_option("select[name=why]", "legal")
    with page.expect_navigation():
        page.click("form[action$='/eskalasi'] button")
    supervisor = person("wulan")
    supervisor.goto(f"{console.origin}/console?bagian=eskalasi")
    expect(supervisor.locator(f"a[href='/console/cases/{case}']")).to_be_visible()


def test_a_bulk_decision_has_a_preview(console: Console, person: Person) -> None:
    cases = [console.add(1050 + at, f"Promosi massal {at}") for at in range(3)]
    console.count()
    page = person("sari")
    page.goto(f"{console.origin}/console?reason=abuse")
    boxes = page.locator("input[name=id]")
    chosen = [boxes.nth(at).get_attribute("value") for at in range(2)]
    for at in range(2):
        boxes.nth(at).check()
    page.select_option("select[name=choice]", "reject:abuse")
    page.click(".bulk-bar button")
    expect(page.locator("h1")).to_contain_text("Pratinjau")
    assert all(console.case(case)["resting"] is None for case in chosen if case)
    page.keyboard.press("y")
    expect(page.locator("main")).to_contain_text("diputuskan")
    assert all(console.case(case)["resting"]["ruling"] == "reject.abuse" for case in chosen if case)
    assert all(console.case(case)["resting"] is None for case in cases if case not in chosen)


def test_no_text_becomes_more_than_text(console: Console, person: Person) -> None:
    page = person("sari")
    for at, payload in enumerate(PAYLOADS):
        case = console.add(1100 + at, f"{payload} laporan {at}")
        open_case(page, console, case)
        assert payload in page.locator(".reading .text").inner_text()
        page.fill("textarea[name=note]", payload)
        page.fill("input[name=to]", payload[:60])
        page.fill("input[name=into]", payload[:200])
        page.keyboard.press("Escape")
        page.keyboard.press("r")
        page.fill("input[name=words]", payload)
        choose(page, "reject:spam")
        open_case(page, console, case)
        expect(page.locator("main")).to_contain_text(payload)
        page.goto(f"{console.origin}/console")
        page.locator(".views summary").click()
        page.fill(".views input[name=name]", payload[:40])
        with page.expect_navigation():
            page.click(".views form[action='/console/tampilan'] button")
        page.locator(".views summary").click()
        expect(page.locator(".views ul")).to_contain_text(payload[:40].strip())
        with page.expect_navigation():
            page.click(".views form[action$=hapus] button")
        page.goto(f"{console.origin}/console?reason=" + "".join(f"%{b:02X}" for b in payload.encode()))
        page.mouse.move(200, 300)
    assert page.problems == []  # type: ignore[attr-defined]


def test_scripts_of_others_do_not_run(console: Console, person: Person) -> None:
    page = person("sari")
    page.evaluate(
        "() => { try { const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        " document.body.append(s); } catch {} }"
    )
    assert page.evaluate("() => window.ran") is None
    assert page.evaluate("() => { try { document.body.innerHTML = '<b>x</b>'; return 1; } catch { return 0; } }") == 0


def test_a_form_of_another_site_does_nothing(console: Console, person: Person) -> None:
    case = console.add(1200, "Laporan yang tidak boleh diputuskan situs lain")
    page = person("sari")
    for csrf in ("", "0" * 40):
        page.goto("about:blank")
        page.set_content(
            f"<form method=post action='{console.origin}/console/cases/{case}/putus'>"
            f"<input name=version value=1><input name=choice value='publish:fit'><input name=csrf value='{csrf}'></form>"
        )
        with page.expect_navigation():
            page.evaluate("() => document.forms[0].submit()")
        page.wait_for_timeout(300)
    assert console.case(case)["version"] == 1
    # With the session, without what only our own page knows.
    page.goto(f"{console.origin}/console")
    status = page.evaluate(
        "async (path) => (await fetch(path, {method: 'POST', body: new URLSearchParams({version: 1, choice: 'publish:fit'})})).status",
        f"/console/cases/{case}/putus",
    )
    assert (status, console.case(case)["version"]) == (403, 1)


ROLES = ["rama", "dewi", "audit"]


@pytest.mark.parametrize("name", ROLES)
def test_what_a_role_may_not_is_not_there(console: Console, person: Person, name: str) -> None:
    case = console.add(1300 + ROLES.index(name), f"Laporan untuk peran {name}")
    page = person(name) if name != "dewi" else None
    token_role = {"rama": "reader", "dewi": "data", "audit": "auditor"}[name]
    token = console.call(f"/test/token/{name}/{token_role}")["token"]
    headers = {"authorization": f"Bearer {token}", "content-type": "application/x-www-form-urlencoded"}
    for action in ("ambil", "putus", "batal", "segera", "koreksi", "eskalasi", "serah", "asli", "rebut"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            console.call(f"/console/cases/{case}/{action}", b"version=1&choice=publish:fit&to=x&why=doubt", headers)
        assert refused.value.code == 403, action
    assert console.case(case)["version"] == 1
    if page:
        open_case(page, console, case)
        expect(page.locator("button[name=choice]")).to_have_count(0)
        expect(page.locator("textarea")).to_have_count(0)


def test_the_session_ends_where_it_is_ended(console: Console, person: Person) -> None:
    page = person("sari")
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
    assert cookies["saring_session"]["httpOnly"] and cookies["saring_session"]["sameSite"] == "Strict"
    with page.expect_navigation():
        page.click("form[action='/console/keluar'] button")
    page.goto(f"{console.origin}/console")
    expect(page.locator("h1")).to_contain_text("Masuk sebagai")


def test_help_tells_the_keys(console: Console, person: Person) -> None:
    page = person("sari")
    page.keyboard.press("?")
    expect(page.locator("dialog.help")).to_contain_text("Ambil berikutnya")
    page.keyboard.press("Escape")
    expect(page.locator("dialog.help")).to_have_count(0)


def test_strong_content_is_blurred_until_asked(console: Console, person: Person) -> None:
    page = person("sari")
    page.goto(f"{console.origin}/console?reason=abuse")
    page.mouse.move(0, 0)
    text = page.locator(".strong .text").first
    assert "blur" in text.evaluate("element => getComputedStyle(element).filter")
    page.check("#show-strong")
    assert text.evaluate("element => getComputedStyle(element).filter") == "none"


def test_pages_fit_a_phone_and_stay_small(console: Console, person: Person) -> None:
    page = person("sari", PHONE)
    case = console.add(1400, "Laporan di layar kecil " * 20)
    for path in ("/console", f"/console/cases/{case}"):
        answer = page.goto(console.origin + path)
        assert answer is not None and len(answer.body()) <= 100_000, path
        width = page.evaluate("() => document.documentElement.scrollWidth")
        assert width <= PHONE["width"], f"{path} is {width} wide"


def test_the_queue_says_that_it_changed(console: Console, person: Person) -> None:
    page = person("sari")
    page.wait_for_timeout(500)
    free = page.locator("main li:has(h2)").filter(has_not_text="dipegang oleh").first
    first = free.locator("h2 a").get_attribute("href") or ""
    other = person("bayu")
    other.goto(console.origin + first)
    with other.expect_navigation():
        other.click("form[action$='/ambil'] button")
    expect(page.locator("#berubah")).to_contain_text("Antrean berubah", timeout=15_000)


def test_sixty_cases_by_keys_alone(console: Console, person: Person) -> None:
    for at in range(60):
        console.add(2000 + at, f"Laporan singkat nomor {at}, mohon ditindaklanjuti.")
    console.count()
    page = person("bayu")
    begun = time.perf_counter()
    page.keyboard.press("n")
    page.wait_for_url("**/console/cases/*")
    decided = 0
    for at in range(60):
        url = page.url
        page.keyboard.press("t" if at % 3 else "p")
        page.keyboard.press(str(at % 3 + 1))
        page.wait_for_function("before => location.href !== before", arg=url)
        page.wait_for_load_state()
        decided += 1
    seconds = time.perf_counter() - begun
    resting = re.findall(r"\d+", page.locator(".done").inner_text())
    assert decided == 60 and resting
    print(f"\n60 cases decided by keys alone in {seconds:.1f} s, {seconds / 60:.2f} s each")
    assert seconds < 600
    assert console.settle(6) >= 60
    assert console.state()["violations"] == []
