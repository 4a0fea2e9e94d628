"""What does not fit is said where the person is, and nothing that was typed is lost."""

import pytest
from playwright.sync_api import expect

LONG = "x" * 100_000


def test_an_empty_message_is_refused_in_the_box(home):
    home.page.get_by_label("Teammate").select_option("asker")
    home.page.get_by_role("group", name="How far it may go alone").get_by_text("Approval").click()
    home.page.get_by_label("What is to be done?").fill("   ")
    home.button("Start").click()
    box = home.page.get_by_label("What is to be done?")
    expect(home.page.get_by_text("Say what is to be done.")).to_be_visible()
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(box).to_be_focused()
    expect(home.page.get_by_label("Teammate")).to_have_value("asker")
    expect(home.page.get_by_role("radio", name="Approval")).to_be_checked()
    home.page.get_by_label("What is to be done?").fill("Write a note")
    home.button("Start").click()
    home.waits()


def test_a_message_of_100_000_characters_is_refused_and_kept(home):
    box = home.page.get_by_label("What is to be done?")
    box.fill(LONG)
    home.button("Start").click()
    expect(home.page.get_by_text("The message has 100,000 characters; 50,000 fit.")).to_be_visible()
    assert box.input_value() == LONG


def test_what_was_refused_stays_in_the_box_when_news_come(home):
    box = home.page.get_by_label("What is to be done?")
    box.fill(LONG)
    home.button("Start").click()
    expect(home.page.get_by_text("The message has 100,000 characters; 50,000 fit.")).to_be_visible()
    home.visitor.has_waiting("asker", "Something else")
    expect(home.page.locator("#needs")).to_contain_text("Asker needs an answer")
    assert box.input_value() == LONG


@pytest.mark.parametrize(
    ("reply", "words"), [("  ", "Say what is to be done."), (LONG, "The message has 100,000 characters; 50,000 fit.")]
)
def test_a_reply_that_does_not_fit_is_refused_and_kept(tab, reply, words):
    tab.start("talker", "Say hello")
    tab.ends()
    tab.page.get_by_label("Write to Talker").fill(reply)
    tab.button("Send").click()
    expect(tab.page.locator("#composer")).to_contain_text(words)
    assert tab.page.get_by_label("Write to Talker").input_value().strip() == reply.strip()


def test_a_long_answer_is_refused_and_kept(tab):
    tab.start("asker", "Write a note")
    tab.waits()
    tab.card.get_by_text("Reply in my own words instead").click()
    field = tab.card.get_by_label("Your reply to Asker")
    field.evaluate("(field) => field.removeAttribute('maxlength')")
    field.fill("y" * 30_000)
    tab.button("Send my reply").click()
    expect(tab.card).to_contain_text("A reply may have 20,000 characters.")
    assert len(field.input_value()) == 30_000


def test_a_decision_that_finds_no_database_is_said_not_to_have_got_through(tab, fake):
    fake.call("announce", {"channel": "#news", "text": "Hello"})
    tab.start("obedient", "Announce it", "autonomous")
    tab.waits()
    away = {"status": 503, "body": "<h1>Away</h1>", "content_type": "text/html"}
    tab.page.route("**/allow/", lambda route: route.fulfill(**away), times=1)
    tab.button("Allow").click()
    expect(tab.page.get_by_role("alert").filter(has_text="That did not get through")).to_be_visible()
    expect(tab.card).to_be_visible()
    tab.button("Allow").click()
    tab.ends()
    expect(tab.page.locator("#refused")).to_be_hidden()


def test_a_reason_that_comes_too_late_stays_on_the_card_while_the_run_goes_on(tab, rafael):
    tab.start("announcer", "Open the doors")
    tab.waits()
    late = rafael.opens(tab.path)
    late.card.get_by_role("link", name="Deny").click()
    late.card.get_by_label("Why not?").fill("Not on Mondays")
    tab.button("Allow").click()
    tab.ends()
    expect(late.page.locator("#held")).to_be_visible()
    late.button("Deny with this reason").click()
    closed = late.page.locator(".gate-closed")
    expect(closed).to_contain_text("Not on Mondays")
    late.ends()
    late.page.get_by_role("heading", name="Open the doors").click()
    expect(late.page.locator("#held")).to_be_hidden()
    expect(closed).to_contain_text("You wrote: Not on Mondays")


@pytest.mark.parametrize(
    ("status", "words"), [(404, "That is gone, or no longer yours to decide."), (500, "That did not get through.")]
)
def test_a_decision_that_is_refused_in_any_other_way_is_said_too(tab, olivia, status, words):
    tab.start("announcer", "Open the doors")
    tab.waits()
    tab.routes("**/allow/", lambda route: route.fulfill(status=status, body="<h1>No</h1>", content_type="text/html"))
    tab.button("Allow").click()
    expect(tab.page.get_by_role("alert").filter(has_text=words)).to_be_visible()
    expect(tab.card).to_be_visible()
    tab.page.unroute("**/allow/")
    olivia.complaints[:] = [text for text in olivia.complaints if str(status) not in text]


def test_a_call_of_a_tool_that_does_not_exist_is_shown_and_told_to_the_model(tab, fake):
    fake.call("no_such_tool", {"a": 1})
    tab.start("obedient", "Use it", "autonomous")
    tab.ends()
    call = tab.transcript.locator(".call")
    expect(call).to_contain_text("no_such_tool")
    call.locator("summary").click()
    expect(call.locator(".call-result")).to_contain_text("no_such_tool")
    assert "no_such_tool" in fake.requests[-1]["messages"][-1]["content"]


def test_arguments_that_are_no_json_are_shown_as_they_came(tab, fake):
    fake.raw_arguments('{"name": "a.txt", "content')
    tab.start("obedient", "Write it", "autonomous")
    tab.ends()
    tab.transcript.locator(".call summary").click()
    expect(tab.transcript.locator(".call")).to_contain_text('{"name": "a.txt", "content')
    expect(tab.page.locator(".file")).to_have_count(0)


def test_a_file_name_that_leads_elsewhere_is_refused(tab, fake):
    fake.call("write_file", {"name": "../../x", "content": "y"})
    tab.start("obedient", "Write it", "autonomous")
    tab.ends()
    tab.transcript.locator(".call summary").click()
    expect(tab.transcript.locator(".call-result")).to_contain_text("'../../x' is not a file name")
    expect(tab.page.locator(".file")).to_have_count(0)


def test_a_model_that_sends_rubbish_fails_the_run_with_words(tab, fake):
    fake.rubbish()
    tab.start("obedient", "Do it", "autonomous")
    tab.ends("Failed")
    expect(tab.page.locator(".end-failed")).to_contain_text("A failed run never goes on; try again")


def test_what_a_model_writes_can_neither_act_nor_hide(tab, fake):
    fake.say(
        "<script>alert(1)</script> <img src=x onerror=alert(2)> [here](javascript:alert(3)) "
        "![spy](http://127.0.0.1:9/spy.png)"
    )
    tab.start("obedient", "Say it", "autonomous")
    tab.ends()
    expect(tab.answer).to_contain_text("<script>alert(1)</script>")
    assert tab.answer.locator("img, script, [onerror], a[href^=javascript]").count() == 0


def test_invisible_characters_in_a_call_are_drawn_on_its_card(tab, fake):
    fake.call("announce", {"channel": "news", "text": "pay\u200bpal \u202ecod.exe раypal"})
    tab.start("obedient", "Publish it", "approval")
    tab.waits()
    value = tab.card.get_by_role("row").filter(has_text="Text")
    assert "\u202e" not in value.inner_text() and "\u200b" not in value.inner_text()
    expect(value).to_contain_text("U+202E")


def test_stopping_a_run_that_has_just_ended_says_so(olivia):
    tab = olivia.opens()
    tab.hears_nothing()
    tab.start("announcer", "Open the doors")
    tab.reload()
    other = olivia.opens(tab.path)
    other.waits()
    other.button("Allow").click()
    other.ends()
    tab.page.get_by_text("Stop", exact=True).click()
    tab.button("Stop the run").click()
    expect(tab.page.get_by_text("The run had already ended; nothing was stopped.")).to_be_visible()


def test_an_address_that_does_not_exist_says_so_and_leads_home(olivia):
    tab = olivia.opens()
    assert tab.page.goto("/runs/999999/").status == 404
    olivia.complaints[:] = [text for text in olivia.complaints if "status of 404" not in text]
    tab.page.get_by_role("link", name="Home").click()
    expect(tab.page.get_by_label("What is to be done?")).to_be_visible()
