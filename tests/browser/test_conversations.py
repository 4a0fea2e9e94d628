"""Conversations: a thread that goes on by itself, and without JavaScript by reloads."""

from playwright.sync_api import expect

from tests.eventually import eventually


def to_its_conversation(tab):
    tab.page.get_by_role("link", name="Conversation", exact=True).first.click()
    tab.page.wait_for_url("**/conversations/*/#run-*", wait_until="domcontentloaded")


def test_a_thread_goes_on_without_a_reload(olivia):
    tab = olivia.opens()
    run = tab.start("announcer", "Open the doors")
    tab.waits()
    to_its_conversation(tab)
    page = tab.page
    expect(page.locator("#waits")).to_contain_text("Announcer waits for you")
    thread = page.locator(f"#run-{run}")
    expect(thread).to_contain_text("Publish an announcement")
    expect(page.get_by_label("Write to Announcer")).to_be_disabled()

    deciding = tab.another(f"/runs/{run}/")
    deciding.button("Allow").click()
    deciding.ends()
    expect(page.locator("#waits")).to_have_text("")
    expect(thread).not_to_contain_text("Publish an announcement")
    expect(thread.locator(".prose")).not_to_be_empty()

    page.get_by_label("Write to Announcer").fill("And close them again")
    tab.button("Send").click()
    expect(page.locator(".exchange")).to_have_count(2)
    expect(page.locator(".exchange").last).to_contain_text("And close them again")
    expect(page.locator(".exchange").last).to_contain_text("Publish an announcement")


def test_the_list_leads_to_the_thread_and_the_thread_to_its_card(olivia):
    tab = olivia.opens()
    tab.start("announcer", "Open the doors")
    tab.waits()
    tab.goto("/conversations/")
    row = tab.page.locator(".work-row").first
    expect(row).to_contain_text("Waits for a decision")
    row.get_by_role("link", name="Open the doors").click()
    tab.page.locator(".exchange-gate").get_by_role("link", name="Look at it").click()
    expect(tab.card).to_be_visible()


def test_without_javascript_it_takes_a_reload(olivia):
    tab = olivia.opens(java_script_enabled=False)
    tab.start("talker", "Say hello")
    to_its_conversation(tab)
    box = tab.page.get_by_label("Write to Talker")
    assert eventually(lambda: box.is_enabled() or (tab.reload() or box.is_enabled()), 15)
    expect(tab.page.locator(".exchange .prose")).to_have_count(1)
    box.fill("Once more")
    tab.button("Send").click()
    expect(tab.page.locator(".exchange")).to_have_count(2)
    expect(tab.page.locator(".exchange").last).to_contain_text("Once more")
