"""The sample workflow from home to its end: two branches that ask apart, a text, and its review."""

import re

from playwright.sync_api import expect


def decide(tab):
    """Decide the first card that waits, as its kind asks for it."""
    card = tab.card.first
    key = card.get_attribute("id")
    mine = tab.page.locator(f"#{key}")
    if mine.get_by_role("button", name="Allow").count():
        mine.get_by_role("button", name="Allow").click()
    else:
        mine.locator(".option").first.click()
        mine.get_by_role("button", name="Send answer").click()
    expect(tab.page.locator(f"#{key}.gate-open")).to_have_count(0)
    return key


def test_the_sample_workflow_runs_to_its_end_on_one_page(olivia):
    tab = olivia.opens("/")
    run = tab.launch("workflow:announcement", "Announce the new export")
    page = tab.page
    expect(tab.card).to_have_count(2, timeout=30_000)
    expect(page.locator("#pause-banner")).to_contain_text("Announcement › ")
    expect(page.locator("#graph .is-waiting")).to_have_count(2)

    decide(tab)
    expect(tab.card).to_have_count(1)
    expect(page.locator("#graph .is-waiting")).to_have_count(1)
    reviewed = False
    for _ in range(8):
        tab.waits()
        reviewed = reviewed or "Is this good?" in tab.card.first.inner_text()
        decide(tab)
        if reviewed:
            break
    assert reviewed
    tab.ends()
    assert tab.run == run
    expect(page.locator("#graph .is-done")).to_have_count(3)
    expect(page.locator("#run-tree")).to_contain_text("done in")

    page.locator("#tree-list a").last.click()
    expect(page.locator(".crumbs")).to_contain_text("Announcement")
    expect(page.get_by_text("A part of run")).to_be_visible()


def test_the_drawing_tells_the_times_of_whoever_looks_at_it(olivia):
    tab = olivia.opens(timezone_id="Asia/Kolkata")
    tab.start("workflow:announcement", "Announce the opening hours")
    asked = tab.page.locator(".entry-head time").first.inner_text()
    expect(tab.page.locator(".lane-time").first).to_have_text(re.compile(rf"^{asked}:\d\d$"))


def test_an_older_picture_of_the_page_does_not_open_a_decided_card_again(olivia):
    tab = olivia.opens()
    tab.start("workflow:announcement", "Announce the older export")
    page = tab.page
    expect(tab.card).to_have_count(2, timeout=30_000)
    held = []

    def hold_the_first(route):
        if held:
            route.continue_()
        else:
            held.append((route, route.fetch()))

    tab.routes("**/panel/**", hold_the_first)
    while not held:  # the page of a tree looks again by itself
        page.wait_for_timeout(50)
    key = decide(tab)
    route, response = held[0]
    with page.expect_request("**/panel/**"):  # asked for again, because it was too old
        route.fulfill(response=response)
    expect(page.locator(f"#{key}.gate-closed")).to_have_count(1)
    expect(page.locator(f"#{key}.gate-open")).to_have_count(0)
    expect(page.locator("#held")).to_be_hidden()
