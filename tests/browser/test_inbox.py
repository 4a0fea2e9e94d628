"""The inbox: what waits is counted at once everywhere, and nothing moves under the hand."""

import pytest
from playwright.sync_api import expect


def rows(tab):
    return tab.page.locator(".inbox-row")


def places(tab):
    return [row.bounding_box() for row in rows(tab).all()]


def caret(field):
    return field.evaluate("(field) => [field.selectionStart, field.selectionEnd]")


@pytest.fixture
def two(olivia):
    """An inbox in which two calls wait, and the tab in which they were started."""
    olivia.has_waiting("announcer", "Open the doors")
    working = olivia.opens()
    working.start("announcer", "Close the doors")
    working.waits()
    return olivia.opens("/inbox/"), working


def test_the_count_follows_in_navigation_and_title_without_a_reload(olivia):
    watching, working = olivia.opens("/roster/"), olivia.opens()
    count = watching.page.locator("#nav-count")
    expect(count).to_have_text("0")
    working.start("announcer", "Open the doors")
    expect(count).to_have_text("1")
    expect(watching.page).to_have_title("(1) Roster · Sayso")
    working.waits()
    working.button("Allow").click()
    expect(count).to_have_text("0")
    expect(watching.page).to_have_title("Roster · Sayso")


def test_what_is_new_waits_behind_a_line_and_nothing_moves(two):
    inbox, working = two
    expect(rows(inbox)).to_have_count(2)
    before, shown = places(inbox), inbox.card.get_attribute("id")
    working.start("announcer", "Paint the doors")
    line = inbox.page.get_by_role("link", name="1 new, show")
    expect(line).to_be_visible()
    working.start("announcer", "Oil the doors")
    expect(inbox.page.get_by_role("link", name="2 new, show")).to_be_visible()
    assert places(inbox) == before
    assert inbox.card.get_attribute("id") == shown
    inbox.page.get_by_role("link", name="2 new, show").click()
    expect(rows(inbox)).to_have_count(4)


def test_what_is_new_is_shown_in_the_order_that_was_chosen(two):
    inbox, working = two
    inbox.goto("/inbox/?order=oldest")
    working.start("announcer", "Paint the doors")
    inbox.page.get_by_role("link", name="1 new, show").click()
    expect(rows(inbox)).to_have_count(3)
    assert inbox.page.url.endswith("?order=oldest")


def test_what_was_decided_elsewhere_is_marked_where_it_stands(two):
    inbox, working = two
    before = places(inbox)
    working.button("Allow").click()
    working.ends()
    closed = inbox.page.locator(".inbox-row.is-closed")
    expect(closed).to_have_count(1)
    assert places(inbox) == before


def test_after_a_decision_the_next_card_is_one_click_away(two):
    inbox, _ = two
    inbox.button("Allow").click()
    expect(inbox.page.get_by_text("Your decision is recorded.")).to_be_visible()
    expect(inbox.page.locator(".inbox-top .count")).to_have_text("1")
    inbox.page.get_by_role("link", name="Publish an announcement").last.click()
    expect(inbox.card).to_contain_text("Close the doors")


def test_what_i_type_stays_with_its_caret_while_another_run_pauses(two):
    inbox, working = two
    inbox.card.get_by_role("link", name="Deny").click()
    reason = inbox.card.get_by_label("Why not?")
    reason.fill("Not before the paint is dry")
    reason.evaluate("(field) => field.setSelectionRange(4, 10)")
    working.start("announcer", "Paint the doors")
    expect(inbox.page.locator("#nav-count")).to_have_text("3")
    expect(inbox.page.get_by_role("link", name="1 new, show")).to_be_visible()
    expect(reason).to_be_focused()
    expect(reason).to_have_value("Not before the paint is dry")
    assert caret(reason) == [4, 10]


def test_typing_in_a_card_of_the_run_page_goes_on_while_the_run_has_other_news(tab, fake):
    fake.new().calls(
        ("announce", {"channel": "news", "text": "The first of two"}),
        ("announce", {"channel": "news", "text": "The second of two"}),
    )
    tab.start("obedient", "Publish both")
    expect(tab.card).to_have_count(2)
    expect(tab.page.locator("#run-panel")).to_have_attribute("data-status", "paused")
    first, second = tab.card.all()
    key = second.get_attribute("id")
    second.get_by_role("link", name="Edit").click()
    text = tab.page.locator(f"#{key}").get_by_label("Text")
    text.fill("Not finished yet")
    text.evaluate("(field) => field.setSelectionRange(3, 3)")
    elsewhere = tab.another(f"/inbox/approvals/{first.get_attribute('id').removeprefix('approval-')}/")
    elsewhere.button("Allow").click()
    expect(elsewhere.page.locator(".gate-closed")).to_be_visible()
    expect(tab.card).to_have_count(1)
    expect(text).to_be_focused()
    expect(text).to_have_value("Not finished yet")
    assert caret(text) == [3, 3]
    expect(tab.page.get_by_text("Something here changed.")).to_be_hidden()


def test_the_message_in_the_launch_box_stays_while_runs_pause_and_end(olivia):
    tab, working = olivia.opens("/"), olivia.opens()
    box = tab.page.get_by_label("What is to be done?")
    box.fill("Half a message")
    working.start("announcer", "Open the doors")
    expect(tab.page.locator("#needs")).to_contain_text("1 thing needs you")
    working.waits()
    working.button("Allow").click()
    working.ends()
    expect(tab.page.locator("#needs")).to_contain_text("Nothing waits for you")
    expect(box).to_be_focused()
    expect(box).to_have_value("Half a message")


def test_an_empty_inbox_says_so_and_offers_what_comes(olivia):
    inbox, working = olivia.opens("/inbox/"), olivia.opens()
    expect(inbox.page.get_by_role("heading", name="All clear")).to_be_visible()
    working.start("announcer", "Open the doors")
    inbox.page.get_by_role("link", name="1 new, show").click()
    expect(rows(inbox)).to_have_count(1)


def test_a_short_inbox_has_nothing_to_scroll(two):
    page = two[0].page
    assert page.evaluate("document.documentElement.scrollHeight") == page.viewport_size["height"]


def test_a_reviewer_sees_whose_run_it_is(olivia, rafael):
    olivia.has_waiting("announcer", "Open the doors")
    inbox = rafael.opens("/inbox/")
    expect(rows(inbox).filter(has_text=f"for {olivia.name}")).to_contain_text("Publish an announcement")
