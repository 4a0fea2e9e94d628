"""API keys: shown once, made once."""

from playwright.sync_api import expect

SIGNED_OUT = 4401


def make_a_key(tab):
    tab.goto("/settings/keys/")
    tab.page.get_by_label("What it is for").fill("nightly job")
    tab.button("Create key").click()
    expect(tab.page.locator(".key-text")).to_be_visible()


def test_a_page_that_is_loaded_anew_by_itself_makes_no_second_key(tab):
    sockets = []
    tab.routes_sockets(lambda socket: sockets.append(socket))
    make_a_key(tab)
    sockets[-1].close(code=SIGNED_OUT)
    expect(tab.page.locator(".key-text")).to_have_count(0)
    expect(tab.button("Revoke")).to_have_count(1)


def test_a_reload_makes_no_second_key_and_shows_the_first_no_more(tab):
    make_a_key(tab)
    tab.reload()
    expect(tab.page.locator(".key-text")).to_have_count(0)
    expect(tab.button("Revoke")).to_have_count(1)
