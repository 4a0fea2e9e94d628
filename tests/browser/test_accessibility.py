"""Every page, bright and dark, wide and narrow: WCAG 2.2 AA as far as axe can see, and nothing to scroll sideways."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.test_questions import TWO
from tests.browser.visitor import Visitor

ORDER = {"heading-order": {"enabled": True}}  # of no standard
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDTHS = (1440, 1024, 390, 320)


@pytest.fixture(scope="module")
def seen(windows, cast, endpoint):
    """The address of every page that there is to look at, and a person who may see them all."""
    complaints = []
    someone = Visitor(windows, *cast["stella"].pop(), complaints)
    empty = Visitor(windows, *cast["olivia"].pop(), complaints)
    tab = someone.opens()
    endpoint.scripts.clear()
    endpoint.requests.clear()
    pages = {"ended run": tab.start("writer", "Tell of the sea")}
    tab.ends()
    endpoint.call("AskUserQuestion", {"questions": TWO})
    pages["run that asks"] = tab.start("obedient", "Write the report")
    tab.waits()
    pages["question"] = tab.card.get_attribute("id")
    pages["run with a plan"] = tab.start("planner-only", "Move the archive")
    tab.waits()
    pages["plan"] = tab.card.get_attribute("id")
    pages["run that waits"] = tab.start("announcer", "Open the doors")
    tab.waits()
    pages["approval"] = tab.card.get_attribute("id")
    thread = tab.page.get_by_role("link", name="Conversation", exact=True).first.get_attribute("href")
    pages["conversation"] = thread.split("/")[2]
    pages["run of a workflow"] = tab.start("workflow:announcement", "Announce the new export")
    tab.waits()
    endpoint.error(400)
    pages["failed run"] = tab.start("obedient", "Do it", "autonomous")
    tab.ends("Failed")
    someone.leaves()
    yield someone, empty, pages
    assert not complaints


PAGES = {
    "home": "/",
    "runs": "/runs/",
    "ended run": "/runs/{}/",
    "failed run": "/runs/{}/",
    "run that waits": "/runs/{}/",
    "run of a workflow": "/runs/{}/",
    "run that asks": "/runs/{}/",
    "run with a plan": "/runs/{}/",
    "team": "/roster/teams/newsroom/",
    "workflow": "/roster/workflows/announcement/",
    "conversations": "/conversations/",
    "conversation": "/conversations/{}/",
    "inbox": "/inbox/",
    "approval": "/inbox/approvals/{}/",
    "approval, editing": "/inbox/approvals/{}/edit/",
    "approval, denying": "/inbox/approvals/{}/deny/",
    "question": "/inbox/questions/{}/",
    "plan": "/inbox/questions/{}/",
    "roster": "/roster/",
    "new teammate": "/roster/new/",
    "teammate": "/roster/release-writer/",
    "tools": "/roster/release-writer/tools/",
    "mode": "/roster/release-writer/mode/",
    "settings": "/settings/",
    "keys": "/settings/keys/",
    "permissions": "/settings/permissions/",
    "password": "/settings/password/",
    "empty home": "/",
    "empty inbox": "/inbox/",
    "empty conversations": "/conversations/",
    "sign-in": "/sign-in/",
}


@pytest.fixture(params=PAGES)
def page(request, seen, windows, complaints):
    name = request.param
    someone, empty, numbers = seen
    visitor = empty if name.startswith("empty") else someone
    if name == "sign-in":
        visitor = Visitor(windows, "", "", complaints)
    visitor.complaints = complaints
    number = str(numbers.get(name.partition(",")[0], "")).rpartition("-")[2]
    tab = visitor.opens(PAGES[name].format(number), reduced_motion="reduce")
    expect(tab.page.locator("main")).to_be_visible()
    yield tab.page
    visitor.leaves()


def violations(page, **options):
    found = page.evaluate("options => axe.run(options)", {"resultTypes": ["violations"], **options})["violations"]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


def test_the_page_is_accessible_and_fits_the_screen(page):
    wrong = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        scroll = page.evaluate("document.documentElement.scrollWidth")
        if scroll > width:
            wrong.append(f"{width}: {scroll} px wide")
    page.evaluate(Axe().axe_script)
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="light")
        wrong += [f"{width}: {each}" for each in violations(page, runOnly=TAGS, rules=ORDER)]
        page.emulate_media(color_scheme="dark")
        wrong += [f"{width}, dark: {each}" for each in violations(page, runOnly=["color-contrast"])]
    assert not wrong, "\n".join(wrong)
