"""A tool call waits: allow it, change it, deny it, stop; and what a second pair of hands on the same card gets."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect


@pytest.fixture
def published(serve):
    """The texts that were published and hold these words; each line on the board is one call that ran."""
    board = Path(serve.environment["SAYSO_DATA"]) / "announcements.jsonl"

    def published(words):
        lines = board.read_text().splitlines() if board.exists() else []
        return [line["text"] for line in map(json.loads, lines) if words in line["text"]]

    return published


@pytest.fixture
def asked(tab):
    """A run that waits: may it publish?"""
    tab.start("announcer", f"The library opens at nine ({tab.name})")
    tab.waits()
    return tab


def test_the_card_says_what_will_run_in_our_words_and_who_asked(asked):
    inbox = asked.another("/inbox/")
    for words in (
        "Publish an announcement",
        "Everyone who follows the channel sees it. It cannot be recalled.",
        "Medium",
        "For whoever needs it: The library opens at nine",
        "Announcer says",
        "The draft is ready. Publishing needs your say.",
        "You asked",
    ):
        expect(inbox.card).to_contain_text(words)


def test_approval_ui_runs_exactly_this_call_once(asked, published):
    asked.button("Allow").click()
    asked.ends()
    expect(asked.answer).to_contain_text("About publishing: Published in news.")
    expect(asked.page.locator(".gate-closed")).to_contain_text(f"Allowed by {asked.name}")
    assert published(asked.name) == [f"For whoever needs it: The library opens at nine ({asked.name})"]


def test_the_fields_the_json_and_the_raw_text_of_the_call_can_be_looked_at(asked):
    exact = asked.card.locator(".exact")
    expect(exact.get_by_role("rowheader", name="Channel")).to_be_visible()
    exact.get_by_text("JSON", exact=True).click()
    expect(exact.get_by_text(re.compile(r'"channel": "news",\s')).locator("visible=true")).to_be_visible()
    exact.get_by_text("Raw", exact=True).click()
    expect(exact.get_by_text('{"channel":"news","text":').locator("visible=true")).to_be_visible()


def test_changed_arguments_run_in_place_of_the_proposed_ones(asked, published):
    asked.card.get_by_role("link", name="Edit").click()
    expect(asked.card).to_contain_text("You are editing")
    asked.card.get_by_label("Text").fill(f"We open at ten ({asked.name})")
    expect(asked.card.locator(".changes ins").first).to_have_text("We open")
    asked.button("Allow with these changes").click()
    asked.ends()
    assert published(asked.name) == [f"We open at ten ({asked.name})"]
    expect(asked.page.locator(".gate-closed")).to_contain_text(f"Changed by {asked.name}")


def test_a_change_that_does_not_fit_names_its_field_and_keeps_what_was_typed(asked, published):
    asked.card.get_by_role("link", name="Edit").click()
    asked.card.get_by_label("Channel").fill("c" * 81)
    asked.card.get_by_label("Text").fill("Typed with care")
    asked.button("Allow with these changes").click()
    channel = asked.card.get_by_label("Channel")
    expect(channel).to_have_attribute("aria-invalid", "true")
    expect(channel).to_have_accessible_description(re.compile("80 characters"))
    expect(channel).to_have_value("c" * 81)
    expect(asked.card.get_by_label("Text")).to_have_value("Typed with care")
    expect(asked.page.locator(".now-state")).to_have_text("Waiting for you")
    assert published(asked.name) == []

    channel.fill("news")
    asked.card.get_by_label("Text").fill(f"Typed with care ({asked.name})")
    asked.button("Allow with these changes").click()
    asked.ends()
    assert published(asked.name) == [f"Typed with care ({asked.name})"]


def test_a_field_that_was_drawn_larger_is_refused_without_a_complaint_of_the_browser(asked):
    """A size that is drawn with the mouse is an inline style, which htmx may not copy to the field that comes."""
    asked.card.get_by_role("link", name="Edit").click()
    text, mouse = asked.card.get_by_label("Text"), asked.page.mouse
    box = text.bounding_box()
    mouse.move(box["x"] + box["width"] - 4, box["y"] + box["height"] - 4)
    mouse.down()
    mouse.move(box["x"] + box["width"] - 4, box["y"] + box["height"] + 60)
    mouse.up()
    expect(text).to_have_attribute("style", re.compile("height"))
    asked.card.get_by_label("Channel").fill("c" * 81)
    asked.button("Allow with these changes").click()
    expect(asked.card.get_by_label("Channel")).to_have_attribute("aria-invalid", "true")


def test_the_arguments_can_be_changed_as_json_and_broken_json_is_said(asked, published):
    asked.card.get_by_role("link", name="Edit").click()
    asked.page.get_by_role("group", name="Edit as").get_by_role("button", name="JSON").click()
    text = asked.card.get_by_label("All arguments as JSON")
    text.fill('{"channel": "news", ')
    asked.button("Allow with these changes").click()
    expect(asked.card.get_by_role("alert")).to_contain_text("JSON")
    expect(text).to_have_value('{"channel": "news", ')
    text.fill(json.dumps({"channel": "news", "text": f"As JSON ({asked.name})"}))
    asked.button("Allow with these changes").click()
    asked.ends()
    assert published(asked.name) == [f"As JSON ({asked.name})"]


def test_discarding_the_changes_leads_back_to_the_call_as_it_was(asked):
    asked.card.get_by_role("link", name="Edit").click()
    asked.card.get_by_label("Text").fill("Something else")
    asked.card.get_by_text("Discard changes").click()
    expect(asked.button("Allow")).to_be_visible()
    expect(asked.card).to_contain_text("The library opens at nine")
    expect(asked.card).not_to_contain_text("Something else")


def test_a_denial_takes_its_reason_to_the_teammate_who_quotes_it(asked, published):
    asked.card.get_by_role("link", name="Deny").click()
    expect(asked.card.get_by_label("Why not?")).to_be_focused()
    asked.card.get_by_label("Why not?").fill("The ferry does not run on Mondays")
    asked.button("Deny with this reason").click()
    asked.ends()
    expect(asked.answer).to_contain_text("The ferry does not run on Mondays")
    expect(asked.page.locator(".gate-closed")).to_contain_text(f"Denied by {asked.name}")
    assert published(asked.name) == []


def test_deny_and_stop_ends_the_run_with_the_reason(asked, published):
    asked.card.get_by_role("link", name="Deny").click()
    asked.card.get_by_label("Why not?").fill("Not today")
    asked.button("Deny and stop run").click()
    asked.ends("Stopped")
    expect(asked.page.locator("#run-tail")).to_contain_text("Not today")
    expect(asked.page.locator(".gate-closed")).to_contain_text(f"Denied by {asked.name}")
    assert published(asked.name) == []


@pytest.mark.parametrize(("opens", "label"), [("Edit", "Text"), ("Deny", "Why not?")])
def test_what_is_being_written_in_the_inbox_stays_when_somebody_else_decides(asked, opens, label):
    inbox = asked.another("/inbox/")
    inbox.card.get_by_role("link", name=opens).click()
    inbox.card.get_by_label(label).fill("Typed with care")
    asked.button("Allow").click()
    held = inbox.page.locator("#held")
    expect(held).to_be_visible()
    expect(inbox.card.get_by_label(label)).to_have_value("Typed with care")
    expect(inbox.card.get_by_label(label)).to_be_focused()
    held.get_by_role("button", name="Show").click()
    expect(inbox.page.locator(".gate-closed")).to_contain_text(f"Allowed by {asked.name}")
    expect(held).to_be_hidden()


def test_a_decision_elsewhere_is_told_to_a_card_whose_change_is_being_checked(asked):
    checks = []
    inbox = asked.another("/inbox/")
    inbox.card.get_by_role("link", name="Edit").click()
    inbox.routes("**/edit/", lambda check: checks.append(check))
    with inbox.page.expect_request("**/edit/"):
        inbox.card.get_by_label("Text").fill("Typed with care")
    asked.button("Allow").click()
    expect(inbox.page.locator("[data-waiting]").first).to_have_text("0")
    checks.pop().continue_()
    expect(inbox.page.locator("#held")).to_be_visible()
    expect(inbox.card.get_by_label("Text")).to_have_value("Typed with care")


def test_news_of_another_call_leaves_a_card_that_is_written_in_alone(asked):
    inbox = asked.another("/inbox/")
    inbox.card.get_by_role("link", name="Deny").click()
    inbox.card.get_by_label("Why not?").fill("Typed with care")
    other = asked.another("/")
    with inbox.page.expect_response(lambda answer: answer.status == 204):
        other.start("announcer", f"Another thing ({asked.name})")
    expect(inbox.page.locator("[data-waiting]").first).to_have_text("2")
    expect(inbox.page.locator("#held")).to_be_hidden()
    expect(inbox.card.get_by_label("Why not?")).to_have_value("Typed with care")


def test_who_sends_what_they_wrote_after_somebody_decided_is_told(asked):
    inbox = asked.another("/inbox/")
    inbox.card.get_by_role("link", name="Deny").click()
    inbox.card.get_by_label("Why not?").fill("Not today")
    asked.button("Allow").click()
    expect(inbox.page.locator("#held")).to_be_visible()
    inbox.button("Deny with this reason").click()
    expect(inbox.page.get_by_text("Your click did nothing.")).to_be_visible()
    expect(inbox.page.locator("#held")).to_be_hidden()


def test_stopping_the_run_closes_its_card_undecided(asked, published):
    inbox = asked.another("/inbox/")
    asked.page.get_by_text("Stop", exact=True).click()
    asked.button("Stop the run").click()
    asked.ends("Stopped")
    expect(asked.card).to_have_count(0)
    expect(inbox.card).to_have_count(0)
    assert published(asked.name) == []


def test_who_comes_too_late_sees_who_decided_and_that_the_click_did_nothing(asked, rafael, published):
    late = rafael.opens()
    late.hears_nothing()
    late.goto(f"/runs/{asked.run}/")
    late.card.get_by_role("link", name="Deny").click()
    expect(late.card.get_by_label("Why not?")).to_be_visible()
    asked.button("Allow").click()
    asked.ends()
    late.button("Deny with this reason").click()
    expect(late.page.locator(".gate-closed")).to_contain_text(f"Allowed by {asked.name}")
    expect(late.page.locator(".gate-closed")).to_contain_text("Your click did nothing.")
    assert len(published(asked.name)) == 1


def test_the_same_decision_again_is_no_news(asked, rafael, published):
    late = rafael.opens()
    late.hears_nothing()
    late.goto(f"/runs/{asked.run}/")
    late.waits()
    asked.button("Allow").click()
    asked.ends()
    late.button("Allow").click()
    expect(late.page.locator(".gate-closed")).to_contain_text(f"Allowed by {asked.name}")
    expect(late.page.get_by_text("Your click did nothing.")).to_have_count(0)
    assert len(published(asked.name)) == 1


def test_of_two_who_press_at_once_one_decides_and_both_see_the_same(asked, rafael, published):
    tabs = [asked, rafael.opens()]
    run, gate = asked.run, asked.card.get_attribute("data-gate").removeprefix("approval-")
    for tab in tabs:
        tab.hears_nothing()
        tab.goto(f"/inbox/approvals/{gate}/")
    tabs[1].card.get_by_role("link", name="Deny").click()
    tabs[1].card.get_by_label("Why not?").wait_for()
    presses = ["[data-allow]", "[data-send]"]
    for tab, button in zip(tabs, presses, strict=True):
        tab.page.evaluate("(button) => { setTimeout(() => document.querySelector(button).click(), 20) }", button)
    for tab in tabs:
        expect(tab.page.locator(".gate-closed")).to_be_visible()
    said = [tab.page.locator(".gate-closed .gate-kind").inner_text().split(",")[0] for tab in tabs]
    assert said[0] == said[1] and said[0] in (f"Allowed by {asked.name}", f"Denied by {rafael.name}")
    losers = [tab for tab in tabs if tab.page.get_by_text("Your click did nothing.").count()]
    winners = [tab for tab in tabs if tab.page.get_by_text("Your decision is recorded.").count()]
    assert len(losers) == len(winners) == 1
    allowed = said[0].startswith("Allowed")
    assert winners[0] is tabs[0 if allowed else 1]
    after = rafael.opens(f"/runs/{run}/")
    after.ends()
    assert len(published(asked.name)) == int(allowed)


def test_a_decision_elsewhere_closes_the_card_that_is_open_here(asked, rafael):
    other = rafael.opens("/inbox/")
    gate = asked.card.get_attribute("data-gate").removeprefix("approval-")
    other.goto(f"/inbox/approvals/{gate}/")
    expect(other.card).to_be_visible()
    asked.button("Allow").click()
    expect(other.page.locator(".gate-closed")).to_contain_text(f"Allowed by {asked.name}")


def test_what_became_of_a_decision_is_told_step_by_step(asked):
    inbox = asked.another("/inbox/").page
    inbox.get_by_role("button", name="Allow").click()
    steps = inbox.get_by_role("list", name="What became of it")
    expect(steps).to_contain_text("Recorded")
    expect(steps).to_contain_text("Run resumed")
    expect(steps.locator(".step-done")).to_have_count(3)
    expect(steps).to_contain_text("Executed")
