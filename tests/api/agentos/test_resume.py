"""`/resume`: a client that lost its connection misses nothing (contract 6, of version 3)."""

import pytest
from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async

from api.agentos.events import PLACES
from api.agentos.resuming import frames
from api.agentos.streams import RELATED
from runs import journal
from runs.locks import write
from runs.models import Event, Run
from tests.api.agentos.door import confirmed, events_of, names, problem_of, row, waiting

pytestmark = pytest.mark.django_db(transaction=True)

META = {"replay", "catch_up", "subscribed"}


def resume(door, told, **fields):
    path = f"/agents/helper/runs/{told['run_id']}/resume"
    return door.post(path, {"session_id": told["session_id"], **fields})


def own(events):
    return [event for event in events if event["event"] not in META]


@pytest.fixture
def ended(fake, posted, teammate_with, door):
    """All events of a run with a call."""
    teammate_with("post")
    fake.call("post", {"text": "hello"})
    fake.say("Two words")
    return door.stream()


def test_everything_comes_again_from_the_beginning(ended, door):
    replayed = events_of(resume(door, ended[0]))
    assert replayed[0]["event"] == "replay"
    assert replayed[0]["total_events"] == len(ended)
    assert replayed[0]["status"] == "completed"
    assert "".join(event.get("content", "") for event in own(replayed) if event["event"] == "RunContent") == "Two words"
    assert names(own(replayed)) == names(ended)


def test_only_what_was_missed_comes_after_any_event(ended, door):
    everything = own(events_of(resume(door, ended[0])))
    for place, event in enumerate(everything):
        rest = own(events_of(resume(door, ended[0], last_event_index=event["event_index"])))
        assert [each["event_index"] for each in rest] == [each["event_index"] for each in everything[place + 1 :]]


def test_a_pause_that_lasts_ends_it_and_nothing_is_decided(gated, door, posted):
    told = events_of(resume(door, gated))
    assert (told[0]["status"], told[-1]["event"]) == ("paused", "RunPaused")
    again = events_of(resume(door, gated, last_event_index=told[-1]["event_index"]))
    assert names(again) == ["replay"]
    assert (posted, row(gated).status) == ([], "paused")


def test_a_pause_that_was_left_is_passed_over(gated, door, posted):
    door.go_on(gated, [confirmed(waiting(gated)[0])])
    told = names(events_of(resume(door, gated)))
    assert told.index("RunPaused") < told.index("RunContinued")
    assert told[-1] == "RunCompleted"


def test_what_happens_later_is_told_live(fake, teammate_with, start, door):
    """Here the log grows while somebody follows it."""
    run = start(teammate_with())

    def say(status, *lines):
        with write():
            for kind, data in lines:
                journal.append(run.pk, kind, data)
            Run.objects.filter(pk=run.pk).update(status=status)

    say("running", ("run.started", {}), ("turn.started", {"turn": 1}), ("text", {"turn": 1, "delta": "One "}))
    seen = Event.objects.get(run=run, kind="text").seq * PLACES
    say("running", ("text", {"turn": 1, "delta": "two "}))

    tell = database_sync_to_async(say)
    followed = Run.objects.select_related(*RELATED).get(pk=run.pk)

    async def follow():
        got = ""
        async for part in frames(followed, seen):
            got += part.decode()
            if b"subscribed" in part:
                await tell("running", ("turn.restarted", {"turn": 1}), ("text", {"turn": 1, "delta": "One two three"}))
            elif b"three" in part:
                await tell("cancelled", ("run.cancelled", {"by": "olivia", "reason": ""}))
        return got

    text = async_to_sync(follow)()
    assert [line for line in text.splitlines() if line.startswith("event: ")] == [
        "event: catch_up", "event: RunContent", "event: subscribed", "event: RunContent", "event: RunCancelled",
    ]  # fmt: skip
    assert '"content": "two "' in text
    assert '"content": "three"' in text


@pytest.mark.parametrize("index", ["x", "-2", "1.5", str(2**60)])
def test_an_index_that_is_none_is_refused(ended, door, index):
    assert problem_of(resume(door, ended[0], last_event_index=index)) == (422, "VALIDATION_ERROR")


def test_runs_of_others_are_not_there(ended, door, door_of, outsider, teammate_with):
    assert problem_of(resume(door_of(outsider), ended[0])) == (404, "NOT_FOUND")
    assert problem_of(resume(door, {**ended[0], "session_id": "another"})) == (404, "NOT_FOUND")
    teammate_with(slug="other")
    path = f"/agents/other/runs/{ended[0]['run_id']}/resume"
    assert problem_of(door.post(path)) == (404, "NOT_FOUND")
    assert problem_of(door.get(path)) == (405, "METHOD_NOT_ALLOWED")
