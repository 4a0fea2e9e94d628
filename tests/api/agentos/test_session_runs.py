"""The runs of a session: flat, in pages, in a fixed number of queries (contract 6)."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api.agentos import flat
from runs.models import Event, Message, Run, Session, ToolCall
from teammates.services import current_revision
from tests.api.agentos.door import problem_of, row
from tests.rows import approval_of, called, event

pytestmark = pytest.mark.django_db(transaction=True)

GONE = (404, "NOT_FOUND")


def test_the_runs_of_a_session_are_flat_and_oldest_first(fake, posted, teammate_with, door):
    teammate_with("post", mode="approval")
    fake.say("Hi")
    first = door.run(message="Hello", session_id="s-1", user_id="ann")
    fake.call("post", {"text": "hello"})
    second = door.run(message="Post it", session_id="s-1", user_id="ann")
    one, two = door.get("/sessions/s-1/runs").json()
    expected = {
        "run_id": first["run_id"],
        "agent_id": "helper",
        "status": "COMPLETED",
        "run_input": "Hello",
        "content": "Hi",
        "run_response_format": "text",
    }
    assert {name: one[name] for name in expected} == expected
    assert one["created_at"].endswith("Z")
    assert [message["role"] for message in one["messages"]] == ["user", "assistant"]
    assert one["events"] == door.look(first).json()["events"]
    assert (two["status"], two["content"], two["user_id"]) == ("PAUSED", second["content"], "ann")
    assert two["tools"] == second["tools"]
    assert two["events"] == door.look(second).json()["events"]
    assert door.get(f"/sessions/s-1/runs/{two['run_id']}").json() == two
    assert door.get("/agents/helper/runs", session_id="s-1").json() == [one, two]
    assert door.get("/agents/helper/runs", session_id="s-1", status="PAUSED").json() == [two]


def test_a_call_that_begins_while_the_runs_are_read_is_told_the_next_time(posted, gated, door, monkeypatch):
    read = flat.rows_of

    def slowly(session, runs):
        found = read(session, runs)
        call = called(row(gated), 2, "post", {"text": "later"}, state="waiting")
        event(row(gated), "call.proposed", call=call.pk)
        approval_of(call)
        return found

    monkeypatch.setattr(flat, "rows_of", slowly)
    [run] = door.get(f"/sessions/{gated['session_id']}/runs").json()
    assert len(run["tools"]) == 1


def test_a_run_that_was_stopped_shows_what_it_had_said(fake, teammate_with, door, start):
    run = start(teammate_with())
    for seq, kind, data in [(2, "turn.started", {"turn": 1}), (3, "text", {"turn": 1, "delta": "Half a "})]:
        Event.objects.create(run=run, seq=seq, kind=kind, data=data)
    Event.objects.create(run=run, seq=4, kind="text", data={"turn": 1, "delta": "word"})
    Run.objects.filter(pk=run.pk).update(status="cancelled", last_seq=4)
    [told] = door.get(f"/sessions/{run.session.key}/runs").json()
    assert (told["status"], told["content"]) == ("CANCELLED", "Half a word")
    assert said_by_the_model(told["messages"]) == ["Half a word"]


def said_by_the_model(messages):
    return [message["content"] for message in messages if message["role"] == "assistant"]


def test_a_turn_that_came_to_its_end_is_not_told_twice_when_its_run_was_stopped(fake, posted, teammate_with, door):
    teammate_with("post", mode="approval")
    fake.new().say("I post it.").call("post", {"text": "hello"})
    paused = door.run(session_id="s-1")
    door.cancel(paused)
    [told] = door.get("/sessions/s-1/runs").json()
    assert (told["status"], said_by_the_model(told["messages"])) == ("CANCELLED", ["I post it."])
    assert said_by_the_model(door.look(paused).json()["messages"]) == ["I post it."]
    assert said_by_the_model(door.get("/sessions/s-1").json()["chat_history"]) == ["I post it."]


def test_runs_are_found_by_agent_and_session_or_not_at_all(said, door, door_of, outsider, teammate_with):
    teammate_with(slug="other")
    assert door.get("/agents/helper/runs", session_id="nowhere").json() == []
    assert door.get("/agents/other/runs", session_id="s-1").json() == []
    assert door_of(outsider).get("/agents/helper/runs", session_id="s-1").json() == []
    assert problem_of(door.get("/agents/helper/runs")) == (422, "VALIDATION_ERROR")
    assert problem_of(door.get("/agents/nobody/runs", session_id="s-1")) == GONE
    assert problem_of(door.get("/agents/helper/runs", session_id="s-1", status="DONE")) == (422, "VALIDATION_ERROR")
    for odd in ("nothing", str(uuid.uuid4())):
        assert problem_of(door.get(f"/sessions/s-1/runs/{odd}")) == GONE


def test_runs_are_found_by_the_time_they_began(said, door):
    began = int(row(said).created_at.timestamp())
    assert len(door.get("/sessions/s-1/runs", created_after=began, created_before=began + 1).json()) == 1
    assert door.get("/sessions/s-1/runs", created_after=began + 1).json() == []
    assert door.get("/sessions/s-1/runs", created_before=began - 1).json() == []
    assert problem_of(door.get("/sessions/s-1/runs", created_after=10**12)) == (422, "VALIDATION_ERROR")


@pytest.fixture
def long(owner, teammate_with):
    """A session of 1,000 runs, each with a turn, a call and its events."""
    teammate = teammate_with("write_file")
    session = Session.objects.create(owner=owner, key="long")
    fields = {
        "owner": owner, "session": session, "teammate": teammate, "requested_by": owner,
        "performer_revision": current_revision(teammate), "permission_mode": "autonomous", "human_in_the_loop": True,
        "status": "completed", "output": "Done", "usage": {"prompt_tokens": 10, "completion_tokens": 5},
    }  # fmt: skip
    runs = Run.objects.bulk_create([Run(message=f"Message {number}", **fields) for number in range(1000)])
    Message.objects.bulk_create([Message(run=run, turn=1, role="assistant", text="Done") for run in runs])
    calls = ToolCall.objects.bulk_create(
        [ToolCall(run=run, turn=1, ordinal=0, tool="write_file", arguments={}, state="succeeded") for run in runs]
    )
    lines = [
        "run.started",
        "turn.started",
        "call.started",
        "call.finished",
        *["text"] * 20,
        "turn.finished",
        "run.completed",
    ]
    Event.objects.bulk_create(
        Event(run=run, seq=seq, kind=kind, data={"turn": 1, "delta": "word ", "call": call.pk})
        for run, call in zip(runs, calls, strict=True)
        for seq, kind in enumerate(lines, start=1)
    )
    return session


def test_a_session_of_a_thousand_runs_is_read_in_pages(long, door):
    newest = door.get("/sessions/long/runs").json()
    assert [run["run_input"] for run in newest] == [f"Message {number}" for number in range(980, 1000)]
    before = door.get("/sessions/long/runs", page=2, limit=10).json()
    assert [run["run_input"] for run in before] == [f"Message {number}" for number in range(980, 990)]
    assert door.get("/sessions/long/runs", page=51).json() == []
    with CaptureQueriesContext(connection) as ten:
        door.get("/sessions/long/runs", limit=10)
    with CaptureQueriesContext(connection) as hundred:
        door.get("/sessions/long/runs", limit=100)
    assert len(ten) == len(hundred)
    told = door.get("/sessions/long").json()
    assert told["total_tokens"] == 15_000
    assert len(told["chat_history"]) == 20 * 3
