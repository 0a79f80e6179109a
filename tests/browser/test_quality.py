"""Second looks: blind, by somebody else, and what becomes of differences."""

from collections.abc import Callable

from conftest import Console
from playwright.sync_api import Page, expect

CASES = 60
Person = Callable[..., Page]


def reject_all(page: Page, console: Console) -> None:
    """Rejects a page of the queue for being unclear."""
    console.count()
    page.goto(f"{console.origin}/console")
    for box in page.locator("input[name=id]").all():
        box.check()
    page.select_option("select[name=choice]", "reject:unclear")
    with page.expect_navigation():
        page.click(".bulk-bar button")
    with page.expect_navigation():
        page.keyboard.press("y")


def test_a_second_look_is_blind_and_a_supervisor_settles(console: Console, person: Person) -> None:
    sari, bayu, wulan = person("sari"), person("bayu"), person("wulan")
    while not int(console.call("/test/checks")["open"]):
        reject_all(sari, console)
        assert console.settle(6), "no case is left, and none of them is to be checked"
    # Nobody checks themselves.
    sari.goto(f"{console.origin}/console/periksa")
    expect(sari.locator("button[name=choice]")).to_have_count(0)

    bayu.goto(f"{console.origin}/console/periksa")
    main = bayu.locator("main").inner_text()
    assert "sari" not in main and "tidak cukup jelas" not in main.split("Keputusan Anda")[0]
    text = bayu.locator(".reading .text").inner_text()
    bayu.keyboard.press("p")
    with bayu.expect_navigation():
        bayu.keyboard.press("1")

    wulan.goto(f"{console.origin}/console/perbedaan")
    shown = wulan.locator("main section").first
    expect(shown).to_contain_text(text[:40])
    expect(shown).to_contain_text("Tolak: tidak cukup jelas – sari")
    expect(shown).to_contain_text("Tampilkan – bayu")
    with wulan.expect_navigation():
        shown.locator("button[value=second]").click()
    expect(wulan.locator("main section")).to_have_count(0)
    wulan.goto(f"{console.origin}/console/angka")
    expect(wulan.locator("main")).to_contain_text("Tolak: tidak cukup jelas")
    assert console.state()["violations"] == []
