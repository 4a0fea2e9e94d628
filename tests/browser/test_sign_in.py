"""Coming in and going out."""

import pytest
from playwright.sync_api import expect

from tests.browser.cast import PASSWORD
from tests.browser.visitor import sign_in
from tests.browser.windows import REST

OWN = "blue lamps over water"


def test_the_printed_link_lets_in_once_and_leads_to_a_password_that_works_from_then_on(stranger, serve):
    link = serve.link
    here, elsewhere = stranger.opens(link).page, stranger.opens(link).page
    here.get_by_role("button", name="Sign in").click()
    expect(here.get_by_role("heading", name="Set a password")).to_be_visible()
    here.get_by_label("New password").fill(OWN)
    here.get_by_label("The same again").fill(OWN)
    here.get_by_role("button", name="Set password").click()
    expect(here.get_by_text("The password is set.")).to_be_visible()

    elsewhere.get_by_role("button", name="Sign in").click()
    expect(elsewhere.get_by_role("heading", name="This link works no more")).to_be_visible()

    here.goto("/settings/")
    here.get_by_role("main").get_by_role("button", name="Sign out").click()
    expect(here.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(here, "owner", OWN)
    here.goto("/settings/")
    expect(here.get_by_text("A password is set.")).to_be_visible()


def test_a_wrong_password_says_so_and_keeps_the_name(stranger, olivia):
    page = stranger.opens("/sign-in/").page
    sign_in(page, olivia.name, "not the password")
    expect(page.get_by_role("alert")).to_contain_text("This name and password do not belong together")
    expect(page.get_by_label("Name")).to_have_value(olivia.name)
    expect(page.get_by_label("Password")).to_have_value("")
    sign_in(page, olivia.name, PASSWORD)
    expect(page.get_by_label("What is to be done?")).to_be_visible()


def test_who_opened_a_page_without_being_signed_in_comes_to_it_afterwards(stranger, olivia):
    page = stranger.opens("/roster/talker/").page
    expect(page.get_by_text("Then you go on to the page that you opened.")).to_be_visible()
    sign_in(page, olivia.name, PASSWORD)
    expect(page.get_by_role("heading", name="Talker")).to_be_visible()


def test_signing_out_in_one_tab_closes_what_the_others_show(olivia):
    here = olivia.opens("/settings/")
    other = here.another("/inbox/")
    expect(other.page.get_by_text("Nothing waits for you.")).to_be_visible()
    here.page.get_by_role("main").get_by_role("button", name="Sign out").click()
    expect(other.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_signing_out_in_one_browser_leaves_what_is_typed_in_another(olivia, stranger):
    here, elsewhere = olivia.opens("/settings/"), stranger.opens("/")
    sign_in(elsewhere.page, olivia.name, PASSWORD)
    box = elsewhere.page.get_by_label("What is to be done?")
    box.fill("Half a thought")
    other = elsewhere.another("/")
    here.page.get_by_role("main").get_by_role("button", name="Sign out").click()
    expect(here.page.get_by_role("heading", name="Sign in")).to_be_visible()
    other.launch("announcer", "Open the doors")
    expect(elsewhere.page).to_have_title("(1) Home · Sayso")
    expect(box).to_have_value("Half a thought")


def lose_the_session(tab):
    """Whereupon the page goes to the sign-in page by itself; then sign in again."""
    tab.visitor.aside.post("/sign-out/")
    sign_in(tab.page, tab.name, PASSWORD)


def test_what_is_being_typed_comes_back_when_the_page_had_to_go_by_itself(home):
    home.page.get_by_label("What is to be done?").fill("Half a thought")
    lose_the_session(home)
    expect(home.page.get_by_label("What is to be done?")).to_have_value("Half a thought")


def test_changed_arguments_come_back_when_the_page_had_to_go_by_itself(tab):
    tab.start("announcer", "Open the doors")
    tab.waits()
    tab.card.get_by_role("link", name="Edit").click()
    tab.card.get_by_label("Text").fill("We open at ten")
    lose_the_session(tab)
    tab.card.get_by_role("link", name="Edit").click()
    expect(tab.card.get_by_label("Text")).to_have_value("We open at ten")
    expect(tab.card.locator(".changes ins").first).to_have_text("We open at ten")
    tab.card.get_by_role("link", name="Discard changes").click()
    tab.card.get_by_role("link", name="Edit").click()
    expect(tab.card.get_by_label("Text")).to_have_value("For whoever needs it: Open the doors")


def begin_to_deny(tab, reason):
    tab.start("announcer", "Open the doors")
    tab.waits()
    tab.card.get_by_role("link", name="Deny").click()
    tab.card.get_by_label("Why not?").fill(reason)


def test_a_press_on_a_page_from_before_the_sign_in_keeps_the_card_and_what_was_typed(tab, olivia, stranger):
    begin_to_deny(tab, "Not on Mondays")
    elsewhere = stranger.opens("/sign-in/").page
    sign_in(elsewhere, tab.name, PASSWORD)
    expect(elsewhere.get_by_label("What is to be done?")).to_be_visible()
    tab.page.context.add_cookies(elsewhere.context.cookies())
    tab.button("Deny with this reason").click()
    expect(tab.page.get_by_role("alert").filter(has_text="This page is out of date")).to_be_visible()
    expect(tab.card.get_by_label("Why not?")).to_have_value("Not on Mondays")
    tab.reload()
    tab.card.get_by_role("link", name="Deny").click()
    expect(tab.card.get_by_label("Why not?")).to_have_value("Not on Mondays")
    tab.button("Deny with this reason").click()
    tab.ends()
    olivia.complaints[:] = [text for text in olivia.complaints if "Error Code 403" not in text]


@pytest.mark.parametrize("path", ["/", "/inbox/", "/runs/1/", "/roster/", "/settings/keys/"])
def test_nothing_is_shown_to_a_stranger(stranger, path):
    expect(stranger.opens(path).page.get_by_role("heading", name="Sign in")).to_be_visible()


def opens_live(visitor, path):
    tab = visitor.opens()
    tab.goto_live(path)
    return tab.page


def start_without_session(page, message):
    page.get_by_label("What is to be done?").fill(message)
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Start").click()


def test_a_message_outlives_a_session_that_has_run_out_and_so_does_whom_it_is_for(olivia):
    page = opens_live(olivia, "/")
    page.get_by_label("Teammate, team or workflow").select_option("obedient")
    page.get_by_text("Plan first", exact=True).click()
    start_without_session(page, "Write what nobody wants to type twice.")
    sign_in(page, olivia.name, PASSWORD)
    expect(page.get_by_label("What is to be done?")).to_have_value("Write what nobody wants to type twice.")
    expect(page.get_by_label("Teammate, team or workflow")).to_have_value("obedient")
    expect(page.get_by_label("Plan first", exact=True)).to_be_checked()
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#run")).to_be_visible()
    page.goto("/")
    expect(page.get_by_label("What is to be done?")).to_have_value("")


def test_nobody_else_finds_the_message_of_a_session_that_has_run_out(olivia, rafael):
    page = opens_live(olivia, "/")
    start_without_session(page, "Only mine")
    sign_in(page, rafael.name, PASSWORD)
    expect(page.get_by_label("What is to be done?")).to_have_value("")
    assert "Only mine" not in page.evaluate("JSON.stringify(sessionStorage)")


def test_nobody_else_finds_the_draft_of_a_decision(tab, rafael):
    begin_to_deny(tab, "Only mine")
    path = tab.path
    tab.page.goto(tab.window.url + REST)  # the page itself would go to sign in, in the middle of our going there
    assert "Only mine" in tab.page.evaluate("JSON.stringify(sessionStorage)")
    tab.page.context.clear_cookies(name="sessionid")
    tab.goto(path)
    sign_in(tab.page, rafael.name, PASSWORD)
    tab.card.get_by_role("link", name="Deny").click()
    expect(tab.card.get_by_label("Why not?")).to_have_value("")
    assert "Only mine" not in tab.page.evaluate("JSON.stringify(sessionStorage)")


def test_a_teammate_that_was_being_written_outlives_it_too(olivia):
    page = opens_live(olivia, "/roster/new/")
    page.get_by_label("Name").fill("Harbour master")
    page.get_by_label("Instructions").fill("Know the tides.")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Create teammate").click()
    sign_in(page, olivia.name, PASSWORD)
    expect(page.get_by_label("Name")).to_have_value("Harbour master")
    expect(page.get_by_label("Instructions")).to_have_value("Know the tides.")
