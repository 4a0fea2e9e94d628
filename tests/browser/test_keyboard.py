"""One key each: only in the card that the hand has chosen, never while typing, never what was not there when aimed."""

import pytest
from playwright.sync_api import expect

DEAF = 650  # ms: a card hears no key for 600 ms after it came


@pytest.fixture
def inbox(olivia):
    """An inbox with a call and a question in it, and a finger that has touched nothing."""
    olivia.has_waiting("announcer", "Open the doors")
    olivia.has_waiting("asker", "Write a note")
    return olivia.opens("/inbox/")


def press(tab, *keys):
    for key in keys:
        tab.page.keyboard.press(key)


def settled(tab):
    """Wait until the card listens."""
    expect(tab.card).to_be_focused()
    tab.page.wait_for_timeout(DEAF)


def opened(tab, words):
    """Go to the card with these words by keyboard: the first row is shown already, the second is one key away."""
    press(tab, "j")
    if words not in tab.page.locator(".inbox-link:focus").inner_text():
        press(tab, "k")
    press(tab, "Enter")
    expect(tab.card).to_contain_text(words)
    settled(tab)


def test_j_and_k_move_and_enter_opens(inbox):
    links = inbox.page.locator(".inbox-link")
    press(inbox, "j")
    expect(links.nth(1)).to_be_focused()
    press(inbox, "k")
    expect(links.nth(0)).to_be_focused()
    press(inbox, "j", "Enter")
    expect(links.nth(1)).to_have_attribute("aria-current", "true")
    expect(inbox.card).to_be_focused()


def test_a_arms_and_a_second_a_allows(inbox):
    opened(inbox, "Publish an announcement")
    press(inbox, "a")
    expect(inbox.card.get_by_role("status").filter(has_text="again to allow")).to_be_visible()
    press(inbox, "x")
    expect(inbox.card.get_by_role("status").filter(has_text="again to allow")).to_have_count(0)
    press(inbox, "a", "a")
    expect(inbox.page.get_by_text("Your decision is recorded.")).to_be_visible()


def test_enter_confirms_what_a_has_armed(inbox):
    opened(inbox, "Publish an announcement")
    press(inbox, "a", "Enter")
    expect(inbox.page.get_by_text("Your decision is recorded.")).to_be_visible()


def test_d_asks_for_the_reason_and_control_enter_sends_it(inbox):
    opened(inbox, "Publish an announcement")
    press(inbox, "d")
    reason = inbox.card.get_by_label("Why not?")
    expect(reason).to_be_focused()
    inbox.page.keyboard.type("a bad idea, dear: 1 2 3 j k ? g i")
    expect(reason).to_have_value("a bad idea, dear: 1 2 3 j k ? g i")
    inbox.page.wait_for_timeout(DEAF)
    press(inbox, "Control+Enter")
    expect(inbox.page.get_by_text("Your decision is recorded.")).to_be_visible()
    expect(inbox.page.locator(".gate-closed")).to_contain_text("a bad idea, dear")


def test_e_edits_and_escape_leads_out_again_step_by_step(inbox):
    opened(inbox, "Publish an announcement")
    press(inbox, "e")
    expect(inbox.card).to_contain_text("You are editing")
    inbox.card.get_by_label("Text").focus()
    press(inbox, "Escape")
    expect(inbox.card).to_be_focused()
    press(inbox, "Escape")
    expect(inbox.card.locator("[data-allow]")).to_be_visible()
    expect(inbox.card).to_be_focused()
    press(inbox, "Escape")
    expect(inbox.page.locator(".inbox-link[aria-current]")).to_be_focused()


def test_digits_choose_options_and_control_enter_answers(inbox):
    opened(inbox, "Who is this for?")
    press(inbox, "2")
    expect(inbox.card.get_by_role("radio", name="Customers")).to_be_checked()
    press(inbox, "3")
    expect(inbox.card.get_by_role("radio", name="The public")).to_be_checked()
    press(inbox, "Control+Enter")
    expect(inbox.page.get_by_text("Your decision is recorded.")).to_be_visible()


def test_g_goes_to_inbox_runs_and_the_next_that_waits(inbox):
    press(inbox, "g", "r")
    expect(inbox.page.get_by_role("heading", name="Runs")).to_be_attached()
    inbox.page.wait_for_load_state()  # the page's scripts listen only then
    press(inbox, "g", "i")
    expect(inbox.page.locator("#inbox-list")).to_be_visible()
    inbox.page.locator(".pane-who a").click()
    expect(inbox.page.locator("#run")).to_be_visible()
    press(inbox, "g", "p")
    expect(inbox.card).to_be_focused()


def test_the_question_mark_lists_the_keys_and_escape_closes_the_list(inbox):
    press(inbox, "?")
    keys = inbox.page.get_by_role("dialog", name="Keys")
    expect(keys).to_contain_text("next, previous")
    press(inbox, "Escape")
    expect(keys).to_be_hidden()


def test_a_card_is_deaf_until_it_has_stood_for_a_moment(olivia):
    olivia.has_waiting("announcer", "Open the doors")
    tab = olivia.opens("/settings/")
    tab.window.spoiled = True
    clock = tab.page.clock
    clock.install()
    clock.pause_at("2040-01-01")
    tab.goto("/inbox/")
    tab.card.focus()
    press(tab, "a", "a")
    clock.run_for(500)
    press(tab, "a", "a")
    expect(tab.card.locator(".is-armed")).to_have_count(0)
    clock.run_for(200)
    press(tab, "a")
    expect(tab.card.get_by_role("status").filter(has_text="again to allow")).to_be_visible()


def test_the_first_deciding_key_only_goes_to_the_card(inbox):
    inbox.page.wait_for_timeout(DEAF)
    press(inbox, "1", "x")
    expect(inbox.card).not_to_be_focused()
    press(inbox, "a")
    expect(inbox.card).to_be_focused()
    expect(inbox.card.locator(".is-armed")).to_have_count(0)
    expect(inbox.page.locator("#nav-count")).to_have_text("2")


def test_single_keys_can_be_switched_off(inbox):
    inbox.goto("/settings/")
    inbox.page.get_by_role("checkbox", name="Single-key shortcuts").uncheck()
    inbox.goto("/inbox/")
    press(inbox, "j", "g", "r", "?")
    expect(inbox.page.get_by_role("dialog")).to_have_count(0)
    assert inbox.path.startswith("/inbox/")
    expect(inbox.page.locator(".inbox-link:focus")).to_have_count(0)
    inbox.card.focus()
    inbox.page.wait_for_timeout(DEAF)
    press(inbox, "a", "a", "1")
    expect(inbox.page.locator("#nav-count")).to_have_text("2")
