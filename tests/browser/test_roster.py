"""The roster: what is saved there holds for the next run."""

import pytest
from playwright.sync_api import expect

from tests.browser.cast import PASSWORD
from tests.browser.visitor import sign_in


@pytest.fixture
def own(olivia):
    """A teammate of olivia's own, on its page."""
    tab = olivia.opens("/roster/new/")
    page = tab.page
    page.get_by_label("Name").fill(f"Aide of {olivia.name}")
    page.get_by_label("Model").fill("fake")
    page.get_by_label("Instructions").fill("Speak in rhymes.")
    page.get_by_role("radio", name="Autonomous").check()
    page.get_by_role("button", name="Create teammate").click()
    expect(page.get_by_text("Now choose what it may do.")).to_be_visible()
    return tab


def slug(tab):
    return tab.path.split("/")[2]


def offered(fake):
    return {tool["function"]["name"] for tool in fake.requests[-1].get("tools", [])}


def test_new_instructions_are_what_the_next_run_says_to_the_model(own, fake):
    name = slug(own)
    own.page.get_by_role("link", name="Profile").click()
    own.page.get_by_label("Instructions").fill("Speak in prose.")
    own.button("Save revision 2").click()
    expect(own.page.get_by_text("Saved as revision 2.")).to_be_visible()
    own.start(name, "Say hello")
    own.ends()
    assert "Speak in prose." in fake.requests[-1]["messages"][0]["content"]


def test_tools_are_given_and_taken_away_and_the_page_says_what_that_does(own, fake):
    name = slug(own)
    rows = own.page.locator(".matrix tbody tr")
    rows.filter(has_text="Publish an announcement").get_by_role("radio", name="Ask").check()
    rows.filter(has_text="write_file").get_by_role("radio", name="Off").check()
    expect(own.page.locator("#save-bar")).to_contain_text("Write a file")
    own.button("Save revision").click()
    expect(own.page.get_by_text("Saved as revision 2.")).to_be_visible()
    fake.call("announce", {"channel": "news", "text": "It is here"})
    own.start(name, "Publish it")
    own.waits()
    expect(own.card).to_contain_text("Publish an announcement")
    assert "announce" in offered(fake) and "write_file" not in offered(fake)


def test_each_choice_says_where_it_comes_from(own):
    rows, said = own.page.locator(".matrix tbody tr"), []
    for tool in ("announce", "write_file"):
        row = rows.filter(has_text=tool)
        for pick in row.get_by_role("radio").all():
            pick.check()
            said.append((tool, pick.get_attribute("value"), row.locator(".matrix-from").inner_text().strip()))
    assert said == [
        ("announce", "off", "not given"),
        ("announce", "ask", "asks in every mode"),
        ("announce", "deny", "set here"),
        ("write_file", "off", "not given"),
        ("write_file", "mode", "mode: runs at once"),
        ("write_file", "allow", "set here"),
        ("write_file", "ask", "set here"),
        ("write_file", "deny", "set here"),
    ]


def test_a_denied_tool_is_refused_without_asking(own, fake):
    name = slug(own)
    own.page.locator(".matrix tbody tr").filter(has_text="write_file").get_by_role("radio", name="Deny").check()
    own.button("Save revision").click()
    expect(own.page.get_by_text("Saved as revision 2.")).to_be_visible()
    fake.call("write_file", {"name": "a.txt", "content": "x"})
    own.start(name, "Write it")
    own.ends()
    expect(own.page.locator(".call")).to_contain_text("Write a file")
    expect(own.page.locator(".file")).to_have_count(0)


def test_the_mode_of_the_teammate_is_the_mode_of_the_next_run(own, fake):
    name = slug(own)
    own.page.get_by_role("link", name="Mode", exact=True).first.click()
    own.page.get_by_role("radio", name="Approval Reading").check()
    own.button("Save revision").click()
    expect(own.page.get_by_text("Saved as revision 2.")).to_be_visible()
    fake.call("write_file", {"name": "a.txt", "content": "x"})
    own.start(name, "Write it")
    expect(own.page.locator(".run-tags")).to_contain_text("Approval mode")
    own.waits()
    expect(own.card).to_contain_text("Write a file")


def test_approval_without_a_human_in_the_loop_is_refused_at_its_field(own):
    own.page.get_by_role("link", name="Mode", exact=True).first.click()
    own.page.get_by_role("radio", name="Approval Reading").check()
    loop = own.page.get_by_role("checkbox", name="Human in the loop")
    loop.uncheck()
    own.button("Save revision").click()
    expect(loop).to_have_attribute("aria-invalid", "true")
    expect(loop).to_have_accessible_description("Approval needs somebody to decide. Tick this, or choose Autonomous.")
    expect(loop).not_to_be_checked()
    expect(own.page.get_by_role("radio", name="Approval Reading")).to_be_checked()
    own.goto(own.path)
    expect(own.page.get_by_role("radio", name="Autonomous")).to_be_checked()


def test_a_click_that_is_under_way_while_the_effect_arrives_saves(own):
    own.page.get_by_role("link", name="Mode", exact=True).first.click()
    save, effect = own.button("Save revision"), own.page.locator("#save-bar")
    save.hover()
    own.page.mouse.down()
    own.page.get_by_role("radio", name="Approval Reading").evaluate("pick => pick.click()")
    expect(effect).to_contain_text("will now ask")
    save.hover()
    own.page.mouse.up()
    expect(own.page.get_by_text("Saved as revision 2.")).to_be_visible()


def test_a_disabled_teammate_cannot_be_chosen_and_a_page_that_still_shows_it_says_so(own, fake):
    name = slug(own)
    open_page = own.another("/").page
    own.page.get_by_role("link", name="Profile").click()
    own.page.get_by_role("checkbox", name="Enabled").uncheck()
    own.button("Save revision").click()
    expect(own.page.get_by_text("disabled", exact=True).first).to_be_visible()

    open_page.get_by_label("What is to be done?").fill("A long message that took a while")
    open_page.get_by_label("Teammate").select_option(name)
    open_page.get_by_role("button", name="Start").click()
    expect(open_page.get_by_text("This teammate is gone or disabled. Choose another.")).to_be_visible()
    expect(open_page.get_by_label("What is to be done?")).to_have_value("A long message that took a while")
    assert name not in open_page.get_by_label("Teammate").inner_html()


def test_what_somebody_else_saved_meanwhile_is_not_overwritten(own):
    own.page.get_by_role("link", name="Profile").click()
    other = own.another()
    other.page.get_by_label("What it is for").fill("The first to save")
    other.button("Save revision 2").click()
    expect(other.page.get_by_text("Saved as revision 2.")).to_be_visible()
    own.page.get_by_label("What it is for").fill("The second to save")
    own.button("Save revision 2").click()
    expect(own.page.get_by_role("alert")).to_contain_text("Revision 2 was saved while this page was open")
    expect(own.page.get_by_label("What it is for")).to_have_value("The second to save")


def test_members_look_at_the_teammates_of_the_house_and_staff_change_them(olivia, stella):
    page = olivia.opens("/roster/talker/").page
    expect(page.get_by_text("This teammate is of the house.")).to_be_visible()
    expect(page.get_by_label("Instructions")).to_be_disabled()
    page = stella.opens("/roster/talker/").page
    expect(page.get_by_label("Instructions")).to_be_enabled()


def test_a_tool_that_is_gone_is_shown_as_such_and_the_teammate_works_on_without_it(stella):
    tab = stella.opens("/roster/left-behind/tools/")
    row = tab.page.locator(".matrix tbody tr").filter(has_text="a_tool_that_is_gone")
    expect(row).to_contain_text("This tool does not exist here any more. Off takes it away.")
    tab.start("left-behind", "Tell of the sea")
    tab.ends()
    expect(tab.page.locator("#transcript")).to_contain_text("draft.md")


def test_a_choice_outlives_a_session_that_has_run_out(own, olivia):
    own.goto_live(own.path)
    deny = own.page.locator("#tool-announce").get_by_role("radio", name="Deny")
    own.page.context.clear_cookies(name="sessionid")
    deny.click()  # not check(), which looks at it afterwards: the page may have gone to the sign-in by then
    sign_in(own.page, olivia.name, PASSWORD)
    expect(deny).to_be_checked()
    expect(own.page.locator("#save-bar")).to_contain_text("Publish an announcement")
