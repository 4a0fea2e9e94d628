"""Home: start a run, see what needs you, what runs and what ended."""

from playwright.sync_api import expect

MODES = {"Autonomous": "Autonomous", "Approval": "Approval mode", "Plan first": "Plan first"}


def test_a_click_starts_a_run_with_message_teammate_and_mode(home):
    for mode, words in MODES.items():
        home.launch("release-writer", f"Say hello, {mode}", mode)
        expect(home.page.locator("#message")).to_contain_text(f"Say hello, {mode}")
        expect(home.page.locator(".run-tags")).to_contain_text(words)
        expect(home.page.locator("#run-panel")).to_contain_text("Release writer")


def test_control_and_enter_in_the_box_start_a_run_too(home):
    home.page.get_by_label("What is to be done?").fill("Say hello")
    home.page.get_by_label("Teammate").select_option("talker")
    home.page.get_by_label("What is to be done?").press("Control+Enter")
    expect(home.page.locator("#message")).to_contain_text("Say hello")


def test_the_box_takes_over_the_mode_of_the_teammate_and_offers_only_what_it_can(home):
    modes = home.page.get_by_role("group", name="How far it may go alone")
    home.page.get_by_label("Teammate").select_option("planner")
    expect(modes.get_by_label("Plan first")).to_be_checked()
    home.page.get_by_label("Teammate").select_option("talker")
    expect(modes.get_by_label("Autonomous")).to_be_checked()
    expect(modes.get_by_label("Approval")).to_be_disabled()


def test_home_shows_without_a_reload_what_needs_me_what_runs_and_what_ended(olivia):
    watching, working = olivia.opens("/").page, olivia.opens()
    needs, work = watching.locator("#needs"), watching.locator("#work")
    expect(needs).to_contain_text("Nothing waits for you")

    working.start("announcer", "Open the doors")
    expect(needs).to_contain_text("1 thing needs you")
    expect(needs).to_contain_text("Publish an announcement")
    expect(watching).to_have_title("(1) Home · Sayso")
    expect(work.get_by_role("link", name="Open the doors")).to_be_visible()
    expect(work).to_contain_text("No run has ended yet.")

    needs.get_by_role("link", name="Publish an announcement").click()
    watching.get_by_role("button", name="Allow").click()
    expect(watching.get_by_text("Your decision is recorded.")).to_be_visible()
    working.ends()
    watching.goto("/")
    expect(needs).to_contain_text("Nothing waits for you")
    expect(work).to_contain_text("Nothing runs.")
    expect(work.get_by_role("link", name="Open the doors")).to_be_visible()


def test_what_ended_elsewhere_comes_to_the_open_page(olivia):
    watching, working = olivia.opens("/").page, olivia.opens()
    working.start("announcer", "Open the doors")
    expect(watching.locator("#needs")).to_contain_text("1 thing needs you")
    working.waits()
    working.button("Allow").click()
    expect(watching.locator("#needs")).to_contain_text("Nothing waits for you")
    expect(watching).to_have_title("Home · Sayso")


def test_the_filters_of_the_runs_can_be_hit_by_everybody(olivia):
    for link in olivia.opens("/runs/").page.locator(".runs-views a").all():
        assert min(link.bounding_box()[side] for side in ("width", "height")) >= 24
