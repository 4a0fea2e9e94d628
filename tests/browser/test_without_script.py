"""Everything works without JavaScript; only what is live needs a reload."""

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Tab
from tests.eventually import eventually


@pytest.fixture
def tab(olivia) -> Tab:
    return olivia.opens(java_script_enabled=False)


def until(tab, fact):
    """Reload until it is so."""
    assert eventually(lambda: fact() or (tab.reload() or fact()), 15), tab.page.inner_text("main")


def waits(tab):
    until(tab, lambda: tab.card.count() == 1)


def ends(tab, how="Done"):
    until(tab, lambda: tab.page.inner_text(".now-state").strip() == how)


def test_start_answer_and_reply(tab):
    tab.launch("asker", "Write a note")
    waits(tab)
    tab.button("Send answer").click()
    expect(tab.card.get_by_role("alert")).to_contain_text("Not sent. Audience still needs an answer.")
    expect(tab.card.get_by_role("group", name="Who is this for?")).to_have_accessible_description(
        "Choose an answer, write your own, or skip the question."
    )
    tab.card.get_by_text("Customers", exact=True).click()
    tab.button("Send answer").click()
    ends(tab)
    expect(tab.answer).to_contain_text("written for Customers")
    tab.page.get_by_label("Write to Asker").fill("Once more")
    tab.button("Send").click()
    expect(tab.page.locator("#message")).to_contain_text("Once more")
    waits(tab)
    tab.card.get_by_text("Something else, in your words").click()
    tab.card.get_by_label("Your own words").fill("The choir")
    tab.button("Send answer").click()
    ends(tab)
    expect(tab.answer).to_contain_text("written for The choir")


def test_allow(tab):
    tab.start("announcer", "Open the doors")
    waits(tab)
    tab.button("Allow").click()
    ends(tab)
    expect(tab.answer).to_contain_text("Published in news.")


def test_change_and_allow(tab):
    tab.start("announcer", "Open the doors")
    waits(tab)
    run = tab.path
    tab.card.get_by_role("link", name="Edit").click()
    tab.card.get_by_label("Channel").fill("c" * 81)
    tab.button("Allow with these changes").click()
    expect(tab.card.get_by_label("Channel")).to_have_attribute("aria-invalid", "true")
    tab.card.get_by_label("Channel").fill("doors")
    tab.button("Allow with these changes").click()
    tab.goto(run)
    ends(tab)
    expect(tab.answer).to_contain_text("Published in doors.")


def test_deny_with_a_reason(tab):
    tab.start("announcer", "Open the doors")
    waits(tab)
    run = tab.path
    tab.card.get_by_role("link", name="Deny").click()
    tab.card.get_by_label("Why not?").fill("It is night")
    tab.button("Deny with this reason").click()
    tab.goto(run)
    ends(tab)
    expect(tab.answer).to_contain_text("It is night")


def test_a_plan_and_its_second_revision(tab):
    tab.launch("planner-only", "Move the archive", "Plan first")
    waits(tab)
    tab.button("Request changes").click()
    expect(tab.card).to_contain_text("Write what should change.")
    tab.card.get_by_label("Your words to Plans only").fill("Count the boxes first")
    tab.button("Request changes").click()
    tab.goto("/inbox/")
    until(tab, lambda: tab.page.get_by_role("button", name="Approve revision 2").count() == 1)
    tab.button("Approve revision 2").click()


def test_stop_and_try_again(tab):
    tab.start("announcer", "Open the doors")
    waits(tab)
    tab.page.get_by_text("Stop", exact=True).click()
    tab.button("Stop the run").click()
    expect(tab.page.locator(".now-state")).to_have_text("Stopped")
    tab.button("Try again").click()
    waits(tab)


def test_the_inbox_leads_from_card_to_card(tab):
    tab.start("announcer", "Open the doors")
    waits(tab)
    tab.start("announcer", "Close the doors")
    waits(tab)
    tab.goto("/inbox/")
    expect(tab.page.locator(".inbox-row")).to_have_count(2)
    tab.page.locator(".inbox-link").nth(1).click()
    expect(tab.card).to_contain_text("Close the doors")
    tab.button("Allow").click()
    expect(tab.page.get_by_text("Recorded.")).to_be_visible()


def test_tools_and_mode_of_a_teammate(olivia):
    tab = olivia.opens("/roster/new/", java_script_enabled=False)
    tab.page.get_by_label("Name").fill(f"Plain aide of {olivia.name}")
    tab.button("Create teammate").click()
    row = tab.page.locator(".matrix tbody tr").filter(has_text="write_file")
    row.get_by_role("radio", name="Deny").check()
    tab.button("See the effect").click()
    expect(tab.page.locator("#save-bar")).to_contain_text("Write a file")
    tab.button("Save revision 2").click()
    expect(tab.page.get_by_text("Saved as revision 2.")).to_be_visible()
