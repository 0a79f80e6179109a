"""Campaigns, filters, handing over and appeals, in a real browser."""

from collections.abc import Callable

from conftest import Console
from playwright.sync_api import Page, expect

CASES = 6
Person = Callable[..., Page]
SPAM = "Main di situs kami pasti menang besar setiap hari! Daftar sekarang juga dan dapatkan bonus {} ribu untuk anggota baru"


def wave(console: Console, first: int, count: int) -> list[str]:
    cases = [console.add(first + at, SPAM.format(first + at)) for at in range(count)]
    console.count()
    return cases


def test_a_campaign_is_decided_from_its_page_and_taken_back(console: Console, person: Person) -> None:
    cases = wave(console, 100, 5)
    page = person("sari")
    page.goto(f"{console.origin}/console/cases/{cases[2]}")
    page.keyboard.press("d")
    form = page.locator("form[action='/console/massal']")
    expect(form.locator("select")).to_be_focused()
    form.locator("select").select_option("reject:spam")
    form.locator("button").click()
    expect(page.locator("h1")).to_contain_text("Pratinjau")
    expect(page.locator("ol.bulk li")).to_have_count(5)
    assert all(console.case(case)["resting"] is None for case in cases)
    page.keyboard.press("y")
    expect(page.locator("main")).to_contain_text("5 dari 5 diputuskan")
    assert all(console.case(case)["resting"]["ruling"] == "reject.spam" for case in cases)
    page.keyboard.press("u")
    expect(page.locator("main")).to_contain_text("5 dari 5 dibatalkan")
    assert all(console.case(case)["resting"] is None for case in cases)
    assert console.settle(10) == 0
    assert console.state()["violations"] == []


def test_a_case_is_folded_by_hand(console: Console, person: Person) -> None:
    cases = wave(console, 200, 3)
    other = console.add(250, "Kata-katanya lain, tetapi situs dan janjinya sama persis dengan yang itu")
    page = person("sari")
    page.goto(f"{console.origin}/console/cases/{other}")
    page.keyboard.press("f")
    page.fill("input[name=into]", cases[1])
    with page.expect_navigation():
        page.press("input[name=into]", "Enter")
    expect(page.locator("main")).to_contain_text("Laporan serupa")
    expect(page.locator(".trail")).to_contain_text("digabungkan ke kampanye")
    page.click("a[href^='/console?campaign=']")
    expect(page.locator(".sum")).to_contain_text("dari")
    expect(page.locator(f".queue a[href='/console/cases/{other}']")).to_have_count(1)
    assert console.state()["violations"] == []


def test_filters_narrow_by_region_age_and_campaign(console: Console, person: Person) -> None:
    wave(console, 300, 3)
    page = person("sari")
    for name in ("Wilayah", "Umur", "Kampanye"):
        page.goto(f"{console.origin}/console")
        group = page.locator(".filters details").filter(has=page.locator("summary", has_text=name))
        group.locator("summary").click()
        link = group.locator("li a").first
        counted = int(link.locator("b").inner_text())
        with page.expect_navigation():
            link.click()
        assert page.locator(".queue > li").count() == min(counted, 20), name
        expect(page.locator(".filters .on")).to_have_count(1)


def test_several_are_escalated_with_a_reason(console: Console, person: Person) -> None:
    cases = [console.add(400 + at, f"Laporan yang menyangkut hukum nomor {at}") for at in range(2)]
    console.count()
    page = person("sari")
    page.goto(f"{console.origin}/console?reason=quality.off_topic")
    for case in cases:
        box = page.locator(f"input[name=id][value='{case}']")
        if box.count():
            box.check()
    page.select_option(".bulk-bar select", "escalate:legal")
    page.click(".bulk-bar button")
    expect(page.locator("main")).to_contain_text("Eskalasi")
    with page.expect_navigation():
        page.keyboard.press("y")
    told = [console.case(case)["escalated"] for case in cases]
    assert "legal" in told


def test_appeals_have_a_queue_of_their_own(console: Console, person: Person) -> None:
    case = console.add(500, "Laporan yang ditolak lalu dibanding")
    page = person("sari")
    page.goto(f"{console.origin}/console/cases/{case}")
    with page.expect_navigation():
        page.click("button[value='reject:unclear']")
    assert console.settle(6) >= 1
    console.call("/test/appeal/500", b"")
    page.goto(f"{console.origin}/console?bagian=banding")
    expect(page.locator(f".queue a[href='/console/cases/{case}']")).to_have_count(1)


def test_a_reporters_history_is_counts(console: Console, person: Person) -> None:
    # One person in 997 sends each of these.
    first = console.add(600, "Laporan pertama dari orang yang sama")
    console.add(600 + 997, "Laporan kedua, tentang hal lain sama sekali")
    page = person("sari")
    page.goto(f"{console.origin}/console/cases/{first}")
    section = page.locator("section").filter(has=page.locator("h2", has_text="Riwayat pelapor"))
    expect(section.locator("dd")).to_have_text(["2", "0", "0", "2"])
    assert "warga-" not in page.content()
