"""Which frames each line of a run's log becomes: text in blocks, and none of it twice when an attempt begins again."""

import pytest
from asgiref.sync import async_to_sync
from django.utils.timezone import now

from api.m8tes.stream import Telling
from api.speech import without_abandoned
from runs.journal import Line
from runs.models import Run


def told(*lines):
    """The frames of these lines, as if they came in one batch each."""
    telling = Telling(Run(pk=7))

    async def tell():
        frames = []
        for seq, (kind, data) in enumerate(lines, start=1):
            frames += await telling.frames(Line(7, seq, kind, data, now()))
        return frames

    return async_to_sync(tell)()


def text(delta, turn=1):
    return ("text", {"turn": turn, "delta": delta})


def thought(delta, turn=1):
    return ("thinking", {"turn": turn, "delta": delta})


def began(turn=1):
    return ("turn.started", {"turn": turn})


def again(turn=1):
    return ("turn.restarted", {"turn": turn})


FAILED = ("run.failed", {"error": "The model is away.", "code": "model"})


def short(frames):
    """`+text` begins a block, `-text` ends it, anything else is what was said."""
    words = {"start": "+{}", "end": "-{}"}
    return [
        frame["delta"]
        if "delta" in frame
        else words[frame["type"].rpartition("-")[2]].format(frame["type"].split("-")[0])
        for frame in frames
    ]


def test_text_is_one_block_until_something_else_comes():
    frames = told(began(), text("Hello "), text("world"), began(2), text("Bye", 2))
    assert short(frames) == ["+text", "Hello ", "world", "-text", "+text", "Bye"]
    assert [frame["id"] for frame in frames] == ["block_1"] * 4 + ["block_2"] * 2


def test_thoughts_are_blocks_of_their_own():
    frames = told(began(), thought("Hm"), text("Hello"), thought("Ah"))
    assert short(frames) == ["+reasoning", "Hm", "-reasoning", "+text", "Hello", "-text", "+reasoning", "Ah"]


def test_a_failure_closes_the_block_and_ends_the_run():
    frames = told(began(), text("Hel"), FAILED)
    assert [frame["type"] for frame in frames] == ["text-start", "text-delta", "text-end", "error", "done"]
    assert frames[3]["error"] == "The model is away."
    assert (frames[4]["completion_state"], frames[4]["stop_reason"]) == ("error", "error")


@pytest.mark.parametrize(
    "kind", ["run.queued", "run.started", "note", "call.started", "mode.changed", "from the future"]
)
def test_a_line_that_means_nothing_to_clients_is_not_told(kind):
    assert told((kind, {})) == []


# --- begun again ---


def test_an_attempt_that_repeats_the_one_before_is_told_from_where_it_goes_on():
    frames = told(began(), text("one two"), again(), text("one "), text("two "), text("three"))
    assert short(frames) == ["+text", "one two", " ", "three"]


def test_an_attempt_that_says_something_else_is_told_whole_in_a_block_of_its_own():
    frames = told(began(), text("one two"), again(), text("one "), text("too many"))
    assert short(frames) == ["+text", "one two", "-text", "+text", "one too many"]


def test_an_attempt_that_died_while_it_repeated_has_taken_nothing_back():
    frames = told(began(), text("one two"), again(), text("one "), again(), text("one two three"))
    assert short(frames) == ["+text", "one two", " three"]


def test_after_another_text_that_one_is_what_can_be_repeated():
    frames = told(began(), text("one"), again(), text("two"), again(), text("two three"))
    assert short(frames) == ["+text", "one", "-text", "+text", "two", " three"]


def test_thoughts_and_text_are_each_told_from_where_they_go_on():
    frames = told(began(), thought("Hm"), text("one"), again(), thought("Hm"), thought("!"), text("one two"))
    said = [frame["delta"] for frame in frames if "delta" in frame]
    assert said == ["Hm", "one", "!", " two"]


def test_the_next_turn_may_say_the_same_again():
    frames = told(began(), text("one"), began(2), text("one", 2))
    assert short(frames) == ["+text", "one", "-text", "+text", "one"]


def test_an_attempt_that_had_said_nothing_leaves_nothing_to_repeat():
    assert short(told(began(), again(), text("one"))) == ["+text", "one"]


# --- what is known to be void is left out ---


def kept(*lines, void=None):
    numbered = [Line(7, seq, kind, data, now()) for seq, (kind, data) in enumerate(lines, start=1)]
    return [
        line.data["delta"] for line in without_abandoned(numbered, {} if void is None else void) if "delta" in line.data
    ]


def test_of_a_batch_only_the_last_attempt_is_kept():
    assert kept(began(), text("a"), again(), thought("b"), text("c"), again(), text("d")) == ["d"]


def test_other_turns_are_kept():
    assert kept(began(), text("a"), began(2), text("b", 2), again(2), text("c", 2)) == ["a", "c"]


def test_a_later_attempt_that_is_known_already_makes_this_one_void():
    assert kept(began(), text("a"), began(2), text("b", 2), void={1: 900}) == ["b"]


def test_what_is_learnt_from_one_batch_is_known_in_the_next():
    void = {}
    kept(began(), text("a"), again(), void=void)
    assert void == {1: 3}
