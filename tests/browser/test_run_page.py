"""The run page, while the run goes on."""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import PHONE, Line

STORY = " ".join(f"word-{n}" for n in range(1, 601))  # two seconds long
GROWTH = """() => {
  window.grown = [];
  new MutationObserver(() => {
    const said = document.querySelector("#turns .entry-words");
    const text = said ? said.innerText : "";
    if (text !== window.grown.at(-1)) window.grown.push(text);
  }).observe(document.getElementById("turns"), { childList: true, subtree: true, characterData: true });
}"""


def in_one_line(text):
    return " ".join(text.split())


def plain(markdown_text):
    """What is left to read of the demo model's own markdown."""
    return in_one_line(markdown_text.replace("**", ""))


def begins(tab):
    expect(tab.page.locator("#turns [data-live]")).to_have_text(re.compile("Done"))


def test_the_words_appear_as_they_are_spoken(tab):
    tab.start("talker", STORY)
    tab.page.evaluate(GROWTH)
    tab.ends()
    grown = tab.page.evaluate("window.grown")
    final = in_one_line(tab.answer.inner_text())
    assert STORY in final
    assert len(grown) > 5
    for earlier, later in pairwise(grown):
        assert plain(later).startswith(plain(earlier))
    assert plain(grown[-1]) == final


def test_a_reload_in_the_middle_gives_the_same_words_without_gap_or_doubling(tab):
    tab.start("talker", STORY)
    begins(tab)
    seen = []
    for _ in range(3):
        tab.reload()
        seen.append(plain(tab.answer.inner_text()))
    assert tab.page.locator("#run").get_attribute("data-seq") != "0"
    tab.ends()
    expect(tab.answer.locator("strong")).to_be_visible()  # the words of an ended turn are drawn as what they mean
    final = in_one_line(tab.answer.inner_text())
    assert final.count("word-1 ") == 1 and STORY in final
    for earlier, later in zip(seen, [*seen[1:], final], strict=True):
        assert later.startswith(earlier)
    tab.reload()
    assert in_one_line(tab.answer.inner_text()) == final


def test_every_browser_sees_the_same_also_in_the_middle_of_a_word(olivia, rafael, fake):
    script = fake.new()
    script.pieces = [{"content": piece} for piece in ("The Donau", "dampf", "schiff", "fahrt is long.")]
    held = script.gate(after=2)
    tab = olivia.opens()
    run = tab.start("obedient", "Name a long word", "autonomous")
    held.wait()
    others = [
        olivia.opens(f"/runs/{run}/"),
        rafael.opens(f"/runs/{run}/"),
        olivia.opens(f"/runs/{run}/", viewport=PHONE),
    ]
    tab.reload()
    tabs = [tab, *others]
    for each in tabs:
        expect(each.answer).to_have_text("The Donaudampf")
    held.release()
    for each in tabs:
        expect(each.page.locator("#run-tail")).to_contain_text("Done")
        expect(each.answer).to_have_text("The Donaudampfschifffahrt is long.")


WATCH = """() => {
    const turns = document.getElementById("turns");
    window.shown = [];
    new MutationObserver(() => window.shown.push(turns.textContent))
        .observe(turns, { subtree: true, childList: true, characterData: true });
}"""


def test_what_would_turn_the_words_is_named_while_they_come_and_afterwards(olivia, fake):
    script = fake.new()
    script.pieces = [{"content": piece} for piece in ("Pay ", "\u202eAnn", "\u2066 now.")]
    held = script.gate(after=1)
    tab = olivia.opens()
    tab.start("obedient", "Whom to pay?", "autonomous")
    expect(tab.answer).to_have_text("Pay")
    tab.page.evaluate(WATCH)
    held.release()
    expect(tab.page.locator("#run-tail")).to_contain_text("Done")
    expect(tab.answer).to_have_text("Pay U+202EAnnU+2066 now.")
    assert "\u202e" not in "".join(tab.page.evaluate("window.shown"))


def test_a_lost_connection_is_said_and_nothing_is_missed_once_it_is_back(olivia):
    tab = olivia.opens()
    line = Line(tab)
    tab.start("talker", STORY)
    begins(tab)
    line.cut()
    expect(tab.page.get_by_role("alert").filter(has_text="Connection lost")).to_be_visible()
    retry = tab.page.get_by_role("button", name="Try now")
    expect(retry).to_be_visible()
    line.mend()
    retry.dispatch_event("click")  # the page tries by itself too, and then the button is gone
    tab.ends()
    expect(tab.page.locator("#offline")).to_be_hidden()
    assert in_one_line(tab.answer.inner_text()).count("word-600") == 1
    assert STORY in in_one_line(tab.answer.inner_text())


@pytest.mark.parametrize("path", ["/", "/inbox/", "/runs/"])
def test_a_page_says_that_live_updates_are_late_until_they_are_not(olivia, path):
    sockets = []

    def connect(socket):
        socket.connect_to_server()
        sockets.append(socket)

    tab = olivia.opens("/settings/")
    tab.routes_sockets(connect)
    tab.page.goto(f"{tab.window.url}{path}")
    notice = tab.page.get_by_role("status").filter(has_text="Live updates are late.")
    expect(notice).to_be_hidden()
    sockets[-1].send('{"late": true}')
    expect(notice).to_be_visible()
    sockets[-1].send('{"late": false}')
    expect(notice).to_be_hidden()


def test_a_call_shows_its_arguments_and_its_result_and_its_file_can_be_taken_home(tab, tmp_path):
    tab.start("writer", "Tell of the sea")
    tab.ends()
    call = tab.page.locator(".call").first
    call.locator("summary").click()
    expect(call).to_contain_text("draft.md")
    expect(call).to_contain_text("You asked: Tell of the sea")
    expect(call.locator(".call-result")).to_contain_text("Wrote draft.md")
    with tab.page.expect_download() as coming:
        tab.page.locator("#transcript").get_by_role("link", name="Download").click()
    assert coming.value.suggested_filename == "draft.md"
    assert "You asked: Tell of the sea" in coming.value.path().read_text()
    with tab.page.expect_download() as coming:
        tab.page.locator("#run-panel").get_by_role("link", name="draft.md").click()
    assert coming.value.suggested_filename == "draft.md"


def test_the_panel_tells_how_long_it_took_and_what_was_used(tab):
    tab.start("writer", "Tell of the sea")
    panel = tab.page.locator("#run-panel")
    tab.ends()
    expect(panel.locator(".now")).to_contain_text(re.compile(r"after \d"))
    figures = panel.locator(".figures")
    expect(figures).to_contain_text(re.compile(r"In\s*\d+"))
    expect(figures).to_contain_text(re.compile(r"Out\s*\d\d"))
    expect(figures).to_contain_text(re.compile(r"Model calls\s*2"))
    expect(figures).to_contain_text(re.compile(r"Tool calls\s*1"))
    expect(panel.locator(".timeline")).to_contain_text("draft.md written")


def test_stop_asks_once_and_ends_the_run_at_once_everywhere(olivia, fake):
    held = fake.say("Once upon a time there was a king.").gate(after=4)
    tab = olivia.opens()
    run = tab.start("obedient", "Tell a story", "autonomous")
    held.wait()
    other = olivia.opens(f"/runs/{run}/")
    expect(other.page.locator(".now-state")).to_have_text("Running")
    tab.page.get_by_text("Stop", exact=True).click()
    tab.page.get_by_label("Reason").fill("That is enough")
    tab.button("Stop the run").click()
    for each in (tab, other):
        each.ends("Stopped")
        expect(each.page.locator("#run-tail")).to_contain_text(f"Stopped by {olivia.name}")
        expect(each.page.locator("#run-tail")).to_contain_text("That is enough")
        expect(each.page.locator("#turns")).to_contain_text("It was cut off here.")
        expect(each.answer).to_have_text("Once upon a time")
        expect(each.page.get_by_label("Write to Obedient")).to_be_enabled()
    held.release()


def test_a_reply_goes_on_in_the_same_conversation_and_the_box_is_off_until_then(tab):
    first = tab.start("talker", STORY)
    box = tab.page.get_by_label("Write to Talker")
    expect(box).to_be_disabled()
    tab.ends()
    box.fill("And now in short")
    box.press("Control+Enter")
    expect(tab.page.locator("#message")).to_contain_text("And now in short")
    assert tab.run != first
    tab.ends()
    expect(tab.answer).to_contain_text("And now in short")


def test_trying_again_says_what_would_happen_twice_and_starts_a_new_run(tab):
    first = tab.start("writer", "Tell of the sea")
    tab.ends()
    tab.page.get_by_text("Try again", exact=True).click()
    expect(tab.page.get_by_text("This would happen again")).to_be_visible()
    expect(tab.page.locator("#retry")).to_contain_text("Write a file")
    tab.button("Try again all the same").click()
    expect(tab.page.get_by_role("link", name=f"again, after run {first}")).to_be_visible()
    tab.ends()


def test_a_run_that_failed_says_why_and_can_be_tried_again(tab, fake):
    fake.error(400)
    tab.start("obedient", "Do it", "autonomous")
    tab.ends("Failed")
    expect(tab.page.locator(".end-failed")).to_contain_text("Failed")
    expect(tab.page.locator(".end-failed")).to_contain_text("400")
    fake.say("Better now.")
    tab.button("Try again").click()
    tab.ends()
    expect(tab.answer).to_have_text("Better now.")


def test_a_reviewer_may_look_but_neither_stop_nor_reply(olivia, rafael):
    tab = olivia.opens()
    run = tab.start("announcer", "Open the doors")
    page = rafael.opens(f"/runs/{run}/").page
    expect(page.get_by_role("heading", name="Open the doors", level=1)).to_be_visible()
    expect(page.locator("#stop")).to_have_count(0)
    expect(page.locator("#reply")).to_be_disabled()
    expect(page.get_by_role("button", name="Allow")).to_be_visible()


def test_another_persons_run_is_not_there(olivia, visitor):
    run = olivia.begins("talker", "Say hello")
    other = visitor("olivia")
    expect(other.opens("/").page.get_by_text("No run has ended yet.")).to_be_visible()
    page = other.opens("/inbox/").page
    assert page.goto(f"/runs/{run}/").status == 404
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    other.complaints[:] = [text for text in other.complaints if "404" not in text]
