"""On a slow or broken network what is typed stays, no letter decides, no press is lost, and no page stays untrue."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.cast import PASSWORD
from tests.browser.visitor import Line, sign_in
from tests.browser.windows import PATIENCE

LONG = "x" * 60_000
DEAF = 650  # ms: a card hears no key for 600 ms after it came
CARD = re.compile(r"/inbox/approvals/\d+/(\?.*)?$")
AWAY = {"status": 503, "body": "<h1>Away</h1>", "content_type": "text/html"}


def hold(tab, address):
    """Requests for something there wait until they are let go; those that came."""
    held = []
    tab.routes(address, lambda route: held.append(route) if route.request.method == "GET" else route.continue_())
    return held


def comes(tab, found):
    for _ in range(PATIENCE // 20):
        if found():
            return
        tab.page.wait_for_timeout(20)
    raise AssertionError("it did not come")


def refuse(tab, name):
    tab.page.get_by_label(f"Write to {name}").fill(LONG)
    tab.button("Send").click()
    expect(tab.page.get_by_text("The message has 60,000 characters; 50,000 fit.")).to_be_visible()


# --- letters ---


@pytest.mark.parametrize("hand", ["keyboard", "mouse"])
def test_letters_of_a_reason_decide_nothing_while_its_field_is_on_its_way(tab, fake, hand):
    fake.call("write_file", {"name": "a.txt", "content": "x"})
    tab.start("obedient", "Write it", "approval")
    tab.waits()
    held = hold(tab, "**/deny/**")
    tab.card.focus()
    tab.page.wait_for_timeout(DEAF)
    if hand == "keyboard":
        tab.page.keyboard.press("d")
    else:
        tab.card.get_by_role("link", name="Deny").click(no_wait_after=True)
    comes(tab, lambda: held)
    tab.page.keyboard.type("a bad idea")
    held[0].continue_()
    expect(tab.card.get_by_label("Why not?")).to_be_focused()


def test_a_card_that_comes_in_the_middle_of_a_word_is_not_decided_by_the_rest_of_it(olivia, fake):
    olivia.has_waiting("announcer", "Open the doors")
    fake.call("write_file", {"name": "a.txt", "content": "x"})
    olivia.has_waiting("obedient", "Write it", "approval")
    tab = olivia.opens("/inbox/")
    rows = tab.page.locator(".inbox-link")
    tab.goto(rows.filter(has_text="Publish").get_attribute("href"))
    tab.card.get_by_role("link", name="Deny").click()
    reason = tab.card.get_by_label("Why not?")
    reason.fill("It is")
    held = hold(tab, CARD)
    rows.filter(has_not_text="Publish").click(no_wait_after=True)
    comes(tab, lambda: held)
    reason.focus()
    tab.page.keyboard.type(" not ")
    held[0].continue_()
    tab.page.keyboard.type("a thing that can happen all at once, and again", delay=50)  # goes on when the card hears
    expect(tab.card).to_contain_text("a.txt")
    expect(tab.button("Allow")).to_be_visible()


# --- words ---


def test_a_refused_reply_stays_when_a_call_is_looked_at(tab):
    tab.start("writer", "Write a note")
    tab.ends()
    refuse(tab, "Writer")
    tab.transcript.locator(".call summary").first.click()
    expect(tab.page.locator("#held")).to_be_visible()  # the news came, and waits
    expect(tab.page.locator("#reply")).to_have_value(LONG)


def test_a_refused_message_outlives_a_session_that_runs_out(home):
    home.page.get_by_label("What is to be done?").fill(LONG)
    home.button("Start").click()
    expect(home.page.get_by_text("The message has 60,000 characters; 50,000 fit.")).to_be_visible()
    home.visitor.aside.post("/sign-out/")
    sign_in(home.page, home.name, PASSWORD)
    expect(home.page.get_by_label("What is to be done?")).to_have_value(LONG)


def test_a_reply_that_another_run_kept_from_going_is_there_when_it_has_ended(tab):
    run = tab.start("talker", "Say hello")
    tab.ends()
    tab.page.get_by_role("link", name="Conversation", exact=True).first.click()
    tab.page.wait_for_url("**/conversations/*/#run-*", wait_until="domcontentloaded")
    other = tab.another(f"/runs/{run}/")
    tab.page.locator("#reply").fill("A long thought")
    other.page.locator("#reply").fill(" ".join(f"word-{n}" for n in range(600)))
    other.button("Send").click()
    expect(other.page.locator(".now-state")).to_have_text(re.compile("Queued|Running"))
    tab.button("Send").click()
    expect(tab.page.locator("#composer .error")).to_be_visible()
    other.ends()
    expect(tab.page.locator("#reply")).to_be_enabled()
    expect(tab.page.locator("#reply")).to_have_value("A long thought")


# --- presses ---


def test_a_press_that_did_not_get_through_says_so(tab):
    tab.start("announcer", "Open the doors")
    tab.waits()
    tab.visitor.forgiven = re.compile("ERR_CONNECTION_RESET|htmx:sendError")
    tab.routes("**/allow/", lambda route: route.abort("connectionreset"))
    tab.button("Allow").click()
    expect(tab.page.locator("#refused")).to_contain_text("That did not get through.")


# --- pages ---


def test_a_run_page_asks_again_for_what_the_server_could_not_tell(tab):
    tab.start("announcer", "Open the doors")
    tab.waits()
    back = []
    away = re.compile(r"/(panel|turns/\d+)/")
    tab.routes(away, lambda route: route.continue_() if back else route.fulfill(**AWAY))
    tab.button("Allow").click()
    expect(tab.page.locator("#announce")).to_have_text("The run is done.")
    tab.page.wait_for_timeout(500)  # what was asked for at the last event has been answered
    back.append(True)
    tab.ends()


def test_a_home_that_was_away_hears_what_was_decided_meanwhile(olivia):
    run = olivia.has_waiting("announcer", "Open the doors")
    tab = olivia.opens()
    line = Line(tab)
    tab.goto("/")
    expect(tab.page.locator("#needs-title")).to_have_text("1 thing needs you")
    line.cut()
    other = olivia.opens(f"/runs/{run}/")
    other.button("Allow").click()
    other.ends()
    line.mend()
    expect(tab.page.locator("#needs-title")).to_have_text("Nothing waits for you")


def test_what_became_of_a_call_is_asked_again_after_an_answer_that_was_lost(olivia):
    olivia.has_waiting("announcer", "Open the doors")
    tab, lost = olivia.opens("/inbox/"), []

    def lose_the_first(route):
        if lost or not route.request.headers.get("hx-target", "").endswith("-steps"):
            return route.continue_()
        lost.append(route)
        return route.fulfill(**AWAY)

    tab.routes(CARD, lose_the_first)
    tab.button("Allow").click()
    expect(tab.page.locator(".step-done").filter(has_text="Executed")).to_be_visible()
    expect(tab.page.locator("#refused")).to_be_hidden()  # nobody pressed
