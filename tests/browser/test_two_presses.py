"""A press whose answer is still under way is pressed again."""

import pytest
from playwright.sync_api import expect

from tests.eventually import eventually


@pytest.fixture
def slow(tab):
    """Olivia's browser in a network that is slow with whatever a form sends, and what it holds up."""
    held = []

    def hold(route):
        if route.request.method == "POST":
            held.append(route)
        else:
            route.continue_()

    tab.routes("**/*", hold)
    yield tab, held
    tab.page.unroute("**/*")


def places(tab, *names):
    """Where the buttons are: a locator would wait until the answer to a press has come, the mouse does not."""
    tab.button(names[0]).scroll_into_view_if_needed()
    boxes = [tab.button(name).bounding_box() for name in names]
    return [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes]


def press_both(slow, first, second, posts=1):
    """And let the last thing that was sent through."""
    tab, held = slow
    one, other = places(tab, first, second)
    tab.page.mouse.click(*one)
    assert eventually(lambda: tab.page.title() and held)
    tab.page.mouse.click(*other)
    assert eventually(lambda: tab.page.title() and len(held) == posts)
    held.pop().continue_()


def test_trying_again_twice_starts_one_run(slow):
    tab, held = slow
    first = tab.start("talker", "Say hello")
    tab.ends()
    tab.reload()
    press_both(slow, "Try again", "Try again")
    tab.page.wait_for_url(lambda url: not url.endswith(f"/runs/{first}/"), wait_until="domcontentloaded")
    tab.ends()
    assert held == []
    tab.goto("/runs/")
    expect(tab.page.get_by_role("link", name="Say hello")).to_have_count(2)


def test_creating_a_teammate_twice_makes_one(slow):
    tab, held = slow
    tab.goto("/roster/new/")
    tab.page.get_by_label("Name").fill("Harbour master")
    press_both(slow, "Create teammate", "Create teammate")
    expect(tab.page.get_by_role("heading", name="Harbour master")).to_be_visible()
    assert held == []
    tab.goto("/roster/")
    expect(tab.page.get_by_role("link", name="Harbour master")).to_have_count(1)


def test_creating_a_key_twice_makes_one(slow):
    tab, held = slow
    tab.goto("/settings/keys/")
    tab.page.get_by_label("What it is for").fill("nightly job")
    press_both(slow, "Create key", "Create key")
    expect(tab.page.get_by_role("heading", name="The key “nightly job” is made")).to_be_visible()
    assert held == []
    expect(tab.button("Revoke")).to_have_count(1)


def test_another_button_of_a_form_that_was_sent_can_still_be_pressed(slow):
    tab, _ = slow
    run = tab.start("planner-only", "Move the archive")
    tab.waits()
    tab.card.get_by_role("link", name="Open the review").click()
    press_both(slow, "Approve revision 1", "Reject and stop", posts=2)
    expect(tab.page.locator(".gate-closed")).to_be_visible()
    tab.goto(f"/runs/{run}/")
    tab.ends("Stopped")
