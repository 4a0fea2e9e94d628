"""Plan mode: nothing but reading before a person has approved a revision."""

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import PHONE


@pytest.fixture
def planned(tab):
    """A run whose first plan waits."""
    tab.start("planner-only", "Move the archive")
    tab.waits()
    return tab


def ask_for_changes(tab, words):
    tab.card.get_by_label("Your words to Plans only").fill(words)
    tab.button("Request changes").click()


def test_the_page_of_a_plan_fits_a_phone_whatever_stands_in_its_tables(olivia, fake):
    fake.call("submit_plan", {"plan": f"| Path |\n|---|\n| {'deep/' * 60} |"})
    tab = olivia.opens(viewport=PHONE)
    tab.start("obedient", "Plan it", "plan")
    tab.waits()
    tab.card.get_by_role("link", name="Open the review").click()
    expect(tab.page.locator("table")).to_be_visible()
    assert tab.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_a_plan_goes_through_a_second_revision_to_its_approval(planned):
    expect(planned.card).to_contain_text("Approve revision 1")
    expect(planned.card.locator(".plan-text")).to_contain_text("For: “Move the archive”")
    ask_for_changes(planned, "Count the boxes first")
    approve = planned.button("Approve revision 2")
    expect(approve).to_be_visible()
    expect(planned.card.locator(".plan-text")).to_contain_text("Count the boxes first")
    approve.click()
    expect(planned.page.locator(".run-tags")).to_contain_text("Plan approved")
    expect(planned.card).to_contain_text("Who is this for?")
    planned.card.get_by_text("The team", exact=True).click()
    planned.button("Send answer").click()
    planned.ends()


def test_the_plan_has_a_page_of_its_own_with_revisions_and_what_changed(planned):
    review = planned.another()
    review.card.get_by_role("link", name="Open the review").click()
    expect(review.page.get_by_role("heading", name="Your say on revision 1")).to_be_visible()
    ask_for_changes(review, "Count the boxes first")
    planned.button("Approve revision 2").wait_for()
    planned.card.get_by_role("link", name="Open the review").click()
    page = planned.page
    expect(page.get_by_role("navigation", name="Revisions")).to_contain_text("Revision 1")
    page.get_by_role("link", name="Changes against revision 1").click()
    expect(page.locator(".plan-diff ins").filter(has_text="Count the boxes first")).to_be_visible()
    expect(page.get_by_role("button", name="Approve revision 2")).to_be_visible()


def test_approving_a_revision_that_is_no_longer_open_is_refused_with_the_new_one_shown(planned, olivia):
    socketless = olivia.opens()
    socketless.hears_nothing()
    socketless.goto(planned.path)
    stale = socketless.button("Approve revision 1")
    expect(stale).to_be_visible()
    ask_for_changes(planned, "Count the boxes first")
    expect(planned.button("Approve revision 2")).to_be_visible()
    stale.click()
    expect(socketless.page.get_by_text("Your click did nothing.")).to_be_visible()
    expect(planned.page.locator(".run-tags")).to_contain_text("Plan first")
    expect(planned.button("Approve revision 2")).to_be_visible()


def test_changes_are_asked_for_in_words_only(planned):
    expect(planned.button("Request changes")).to_be_disabled()
    planned.card.get_by_label("Your words to Plans only").fill("Count the boxes first")
    expect(planned.button("Request changes")).to_be_enabled()
    expect(planned.button("Approve revision 1 with this note")).to_be_visible()


def test_rejecting_the_plan_stops_the_run(planned):
    planned.card.get_by_label("Your words to Plans only").fill("We keep the archive")
    planned.button("Reject and stop").click()
    planned.ends("Stopped")
    expect(planned.page.locator(".gate-closed")).to_contain_text("We keep the archive")
