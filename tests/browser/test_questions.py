"""A teammate asks: on the run page, in the inbox, in every way in which one may answer."""

import pytest
from playwright.sync_api import expect

TWO = [
    {
        "question": "Which sections does it need?",
        "header": "Sections",
        "multiSelect": True,
        "options": [{"label": "Intro"}, {"label": "Numbers, with sources"}, {"label": "Outlook"}],
    },
    {
        "question": "Which tone?",
        "header": "Tone",
        "options": [
            {
                "label": "Sober",
                "description": "As in a report",
                "preview": "**The year** was fine.",
                "recommended": True,
            },
            {"label": "Warm", "description": "As in a letter", "preview": "Dear friends, *what a year*."},
        ],
    },
]


@pytest.fixture
def asked(tab):
    """A run that waits for the answer to "Who is this for?"."""
    tab.start("asker", "Write a note")
    tab.waits()
    return tab


def test_an_option_on_the_run_page_comes_back_in_the_answer(asked):
    expect(asked.card).to_contain_text("Who is this for?")
    expect(asked.card).to_contain_text("Short, with names and next steps.")
    expect(asked.card.locator(":checked")).to_have_count(0)
    expect(asked.button("Send answer")).to_be_disabled()
    asked.card.get_by_text("Customers", exact=True).click()
    expect(asked.card).to_contain_text("1 of 1 answered")
    asked.button("Send answer").click()
    asked.ends()
    expect(asked.answer).to_contain_text("written for Customers")
    expect(asked.page.locator(".gate-closed")).to_contain_text("Answered by")


def test_own_words_in_the_inbox_come_back_in_the_answer(asked):
    inbox = asked.another("/inbox/").page
    inbox.get_by_text("Something else, in your words").click()
    expect(inbox.get_by_label("Your own words")).to_be_focused()
    inbox.keyboard.type("The choir in Lübeck")
    inbox.get_by_role("button", name="Send answer").click()
    expect(inbox.get_by_text("Your decision is recorded.")).to_be_visible()
    asked.ends()
    expect(asked.answer).to_contain_text("written for The choir in Lübeck")


def test_a_question_can_be_skipped(asked):
    asked.card.get_by_text("Skip, let the teammate decide").click()
    asked.button("Send answer").click()
    asked.ends()
    expect(asked.page.locator(".gate-closed")).to_contain_text("Skipped, the teammate decides.")
    expect(asked.answer).to_contain_text("written for whoever needs it")


def test_a_reply_in_own_words_goes_instead_of_the_answers(asked):
    asked.card.get_by_text("Reply in my own words instead").click()
    asked.button("Send my reply").click()
    expect(asked.card).to_contain_text("Write your reply.")
    asked.card.get_by_label("Your reply to Asker").fill("For nobody, only try it out")
    asked.button("Send my reply").click()
    asked.ends()
    expect(asked.answer).to_contain_text("written for For nobody, only try it out")
    expect(asked.page.locator(".gate-closed")).to_contain_text("replied in own words")


def test_what_was_chosen_and_typed_survives_a_reload(asked):
    asked.card.get_by_text("Something else, in your words").click()
    asked.card.get_by_label("Your own words").fill("Half a thought")
    expect(asked.card.get_by_text("Draft kept")).to_be_visible()
    asked.reload()
    expect(asked.card.get_by_label("Your own words")).to_have_value("Half a thought")
    expect(asked.card).to_contain_text("1 of 1 answered")


def test_several_questions_are_answered_together_each_in_its_own_way(tab, fake):
    fake.call("AskUserQuestion", {"questions": TWO})
    fake.say("Thank you.")
    tab.start("obedient", "Write the report")
    tab.waits()
    sections, tone = tab.card.locator("[data-item]").all()
    expect(tab.card).to_contain_text("0 of 2 answered")
    sections.get_by_text("Intro", exact=True).click()
    sections.get_by_text("Numbers, with sources").click()
    sections.get_by_text("Something else, in your words").click()
    sections.get_by_label("Your own words").fill("Thanks, at the end")
    expect(tab.card).to_contain_text("1 of 2 answered")
    expect(tab.button("Send 2 answers")).to_be_disabled()
    expect(tone.get_by_text("Recommended")).to_be_visible()
    expect(tone.locator(".preview strong", has_text="The year")).to_be_visible()
    tone.get_by_role("radio", name="Warm").click()
    expect(tone.locator(".preview em", has_text="what a year")).to_be_visible()
    tab.button("Send 2 answers").click()
    tab.ends()
    told = fake.requests[-1]["messages"][-1]["content"]
    assert '["Intro", "Numbers, with sources", "Thanks, at the end"]' in told and '"Warm"' in told


def test_a_skip_and_an_answer_exclude_each_other_among_boxes(tab, fake):
    fake.call("AskUserQuestion", {"questions": TWO[:1]})
    tab.start("obedient", "Write the report")
    tab.waits()
    tab.card.get_by_text("Intro", exact=True).click()
    tab.card.get_by_text("Skip, let the teammate decide").click()
    expect(tab.card.get_by_role("checkbox", name="Intro")).not_to_be_checked()
    tab.card.get_by_text("Outlook", exact=True).click()
    expect(tab.card.get_by_label("Skip, let the teammate decide")).not_to_be_checked()
