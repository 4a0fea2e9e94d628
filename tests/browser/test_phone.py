"""On a phone: first the list, then the card with its buttons at the thumb."""

from itertools import pairwise

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import PHONE


@pytest.fixture
def inbox(olivia):
    for message in ("Open the doors", "Close the doors"):
        olivia.has_waiting("announcer", message)
    return olivia.opens("/inbox/", viewport=PHONE, has_touch=True, is_mobile=True)


def test_the_list_leads_to_the_card_and_the_card_leads_back(inbox):
    page = inbox.page
    expect(page.locator(".inbox-row")).to_have_count(2)
    expect(inbox.card).to_be_hidden()
    page.locator(".inbox-link").nth(1).tap()
    expect(inbox.card).to_be_visible()
    expect(inbox.card).to_contain_text("Close the doors")
    expect(page.locator("#inbox-list")).to_be_hidden()
    page.get_by_role("link", name="Inbox", exact=True).locator("visible=true").first.tap()
    expect(page.locator("#inbox-list")).to_be_visible()


def test_allow_and_deny_stand_at_the_bottom_at_some_distance(inbox):
    page = inbox.page
    page.locator(".inbox-link").first.tap()
    allow, deny = inbox.button("Allow"), inbox.card.get_by_role("link", name="Deny")
    for _ in range(2):
        expect(allow).to_be_in_viewport(ratio=1)
        expect(deny).to_be_in_viewport(ratio=1)
        a, d = allow.bounding_box(), deny.bounding_box()
        assert a["height"] >= 44 and d["height"] >= 44
        assert a["x"] < d["x"], "Allow stands at the left end of every foot"
        assert a["y"] > PHONE["height"] * 0.8
        page.mouse.wheel(0, 3000)
    edit = inbox.card.get_by_role("link", name="Edit").bounding_box()
    boxes = sorted([a, d, edit], key=lambda box: box["x"])
    gaps = [right["x"] - left["x"] - left["width"] for left, right in pairwise(boxes)]
    assert gaps[0] >= 8 and gaps[1] >= 12, gaps


def test_a_decision_by_thumb(inbox):
    inbox.page.locator(".inbox-link").first.tap()
    inbox.button("Allow").tap()
    expect(inbox.page.get_by_text("Your decision is recorded.")).to_be_visible()
    inbox.page.locator("[data-next]").tap()
    expect(inbox.card).to_contain_text("Close the doors")


def test_all_of_a_text_is_in_sight_while_it_is_changed(inbox):
    inbox.page.locator(".inbox-link").first.tap()
    inbox.card.get_by_role("link", name="Edit").tap()
    text = inbox.card.get_by_label("Text")
    text.fill("We open at ten, and the bakery next door opens at eight. " * 3)
    assert text.evaluate("box => box.scrollHeight - box.clientHeight") == 0


def test_the_views_of_the_runs_stand_in_one_line(olivia):
    views = olivia.opens("/runs/", viewport=PHONE, has_touch=True, is_mobile=True).page.locator(".runs-views a")
    expect(views).to_have_count(6)
    assert len({view.bounding_box()["y"] for view in views.all()}) == 1


def test_the_run_page_has_its_details_one_tab_away(olivia):
    tab = olivia.opens(viewport=PHONE, has_touch=True, is_mobile=True)
    tab.start("announcer", "Open the doors")
    tab.waits()
    expect(tab.page.locator("#run-panel")).to_be_hidden()
    tab.page.locator(".run-views").get_by_text("Details").tap()
    expect(tab.page.locator("#run-panel")).to_be_visible()
    expect(tab.card).to_be_hidden()
    tab.page.locator("#run-panel").get_by_role("link", name="Publish an announcement").first.tap()
    expect(tab.card).to_be_in_viewport()


def test_the_row_of_a_team_gives_its_description_the_whole_line(olivia):
    page = olivia.opens("/roster/", viewport=PHONE).page
    row = page.locator(".roster-row").filter(has_text="Newsroom")
    assert row.locator(".grow").bounding_box()["width"] > PHONE["width"] / 2
    links = [page.get_by_role("link", name=f"New {what}", exact=True) for what in ("team", "workflow", "teammate")]
    team, workflow, teammate = (link.bounding_box() for link in links)
    assert team["y"] == workflow["y"] < teammate["y"]
    assert team["width"] == workflow["width"] and team["x"] == teammate["x"]


def test_the_bar_at_the_bottom_shows_the_count_and_leads_everywhere(inbox):
    bar = inbox.page.get_by_role("navigation", name="Main, at the bottom")
    expect(bar.locator(".count")).to_have_text("2")
    bar.get_by_text("More").tap()
    bar.get_by_role("link", name="Roster").tap()
    expect(inbox.page.get_by_role("heading", name="Roster")).to_be_attached()
