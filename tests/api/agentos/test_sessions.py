"""Sessions: the conversations of the pages by the client's own id, and their runs (contract 6)."""

import json
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.models import ToolApproval
from runs.models import Event, Message, Run, Session, ToolCall
from runs.services import Refused, retry, start
from runs.sessions import delete
from teammates.services import current_revision
from tests.api.agentos.door import problem_of, row, sent
from tests.machine import together

pytestmark = pytest.mark.django_db(transaction=True)

GONE = (404, "NOT_FOUND")


def listed(door, **query):
    response = door.get("/sessions", **query)
    assert response.status_code == 200, response.content
    return response.json()


def ids(told):
    return [item["session_id"] for item in told["data"]]


def made(door, key="s-1", **fields):
    response = sent(door, "POST", "/sessions", {"session_id": key, **fields})
    assert response.status_code == 201, response.content
    return response.json()


@pytest.fixture
def said(fake, teammate_with, door):
    """A session with one run that has ended."""
    teammate_with()
    return door.run(message="Hello there\nand more", session_id="s-1", user_id="ann")


# --- list ---


def test_a_run_leaves_a_session_that_is_called_after_its_first_message(said, door):
    told = listed(door)
    [item] = told["data"]
    assert {name: item[name] for name in ("session_id", "session_name", "session_state", "user_id")} == {
        "session_id": "s-1",
        "session_name": "Hello there",
        "session_state": {},
        "user_id": "ann",
    }
    assert item["created_at"].endswith("Z") and item["updated_at"] >= item["created_at"]
    meta = told["meta"]
    assert (meta["page"], meta["limit"], meta["total_pages"], meta["total_count"]) == (1, 20, 1, 1)
    assert meta["search_time_ms"] >= 0


def test_sessions_come_in_pages_and_in_the_order_that_is_asked_for(door):
    for key in ("b", "c", "a"):
        made(door, key)
    assert ids(listed(door)) == ["a", "c", "b"]
    assert ids(listed(door, sort_order="asc")) == ["b", "c", "a"]
    assert ids(listed(door, sort_by="session_id", sort_order="asc")) == ["a", "b", "c"]
    sent(door, "POST", "/sessions/b/rename", {"session_name": "Anew"})
    assert ids(listed(door, sort_by="updated_at")) == ["b", "a", "c"]
    second = listed(door, limit=2, page=2)
    assert (ids(second), second["meta"]["total_pages"]) == (["b"], 2)
    assert listed(door, page=9)["data"] == []


def test_sessions_are_found_by_their_name_their_agent_and_their_user(fake, teammate_with, door):
    teammate_with(slug="first")
    teammate_with(slug="second")
    door.run("first", "Refund order 7", session_id="one", user_id="ann")
    door.run("second", "Write a poem", session_id="two")
    made(door, "three", session_name="Refunds", agent_id="second")
    assert ids(listed(door, session_name="refund")) == ["three", "one"]
    assert ids(listed(door, component_id="second")) == ["three", "two"]
    assert ids(listed(door, user_id="ann")) == ["one"]
    assert listed(door, type="team")["data"] == []


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": "x"}, {"page": -1}, {"type": "robot"}])
def test_a_query_that_does_not_fit_is_refused(db, door, query):
    assert problem_of(door.get("/sessions", **query)) == (422, "VALIDATION_ERROR")


def test_the_list_costs_the_same_for_many_as_for_one(said, door):
    with CaptureQueriesContext(
        connection,
    ) as one:
        listed(door)
    for number in range(9):
        door.run(session_id=f"more-{number}")
    with CaptureQueriesContext(connection) as many:
        assert len(listed(door)["data"]) == 10
    assert len(many) == len(one)


# --- create, look, change ---


def test_a_session_is_begun_before_its_first_run(fake, teammate_with, door):
    teammate_with()
    told = made(
        door,
        session_name="Refunds",
        session_state={"n": 1},
        metadata={"tag": "x"},
        user_id="ann",
        agent_id="helper",
        team_id=None,
        workflow_id=None,
    )
    expected = {
        "session_id": "s-1",
        "agent_session_id": "s-1",
        "session_name": "Refunds",
        "session_state": {"n": 1},
        "metadata": {"tag": "x"},
        "user_id": "ann",
        "agent_id": "helper",
        "total_tokens": 0,
        "chat_history": [],
    }
    assert {name: told[name] for name in expected} == expected
    assert door.get("/sessions/s-1").json() == told
    run = door.run(session_id="s-1")
    assert (run["session_state"], run["user_id"]) == ({"n": 1}, "ann")
    after = door.get("/sessions/s-1").json()
    assert after["session_name"] == "Refunds"
    assert [message["role"] for message in after["chat_history"]] == ["user", "assistant"]
    assert after["total_tokens"] == run["metrics"]["total_tokens"] > 0


def test_a_session_without_an_id_gets_one(db, door):
    told = sent(door, "POST", "/sessions", {}).json()
    assert uuid.UUID(told["session_id"])
    assert told["session_name"] == ""


def test_an_id_is_given_once(db, door):
    made(door, session_name="First")
    assert problem_of(sent(door, "POST", "/sessions", {"session_id": "s-1", "session_name": "Second"})) == (
        409,
        "CONFLICT",
    )
    assert Session.objects.get().name == "First"


def test_of_two_at_once_one_begins_the_session(door, outsider, door_of):
    made_by = together(4, lambda place: sent(door, "POST", "/sessions", {"session_id": "same"}).status_code)
    assert sorted(made_by) == [201, 409, 409, 409]
    assert sent(door_of(outsider), "POST", "/sessions", {"session_id": "same"}).status_code == 201
    assert Session.objects.count() == 2


@pytest.mark.parametrize(
    "body",
    [
        {"session_id": "x" * 201},
        {"session_id": "a\x00"},
        {"session_name": "x" * 201},
        {"session_state": "text"},
        {"metadata": [1]},
        {"user_id": "x" * 201},
        {"session_state": {"a": "\x00"}},
    ],
)
def test_a_session_that_cannot_be_kept_is_refused(db, door, body):
    assert problem_of(sent(door, "POST", "/sessions", body)) == (422, "VALIDATION_ERROR")
    assert not Session.objects.exists()


def test_a_session_of_an_agent_that_is_not_there_is_refused(db, door):
    assert problem_of(sent(door, "POST", "/sessions", {"agent_id": "nobody"})) == GONE
    assert problem_of(sent(door, "POST", "/sessions?type=team", {})) == (422, "VALIDATION_ERROR")
    assert not Session.objects.exists()


def test_a_body_that_is_no_json_is_a_bad_request(db, door):
    assert problem_of(sent(door, "POST", "/sessions", "{not json")) == (400, "BAD_REQUEST")
    assert problem_of(sent(door, "POST", "/sessions", "[]")) == (422, "VALIDATION_ERROR")


def test_a_session_is_renamed_and_changed(said, door):
    assert sent(door, "POST", "/sessions/s-1/rename", {"session_name": "Greeting"}).json()["session_name"] == "Greeting"
    changed = sent(
        door, "PATCH", "/sessions/s-1", {"session_state": {"a": 1}, "metadata": {"b": 2}, "summary": {"summary": "Hi"}}
    ).json()
    assert (changed["session_state"], changed["metadata"]) == ({"a": 1}, {"b": 2})
    assert (changed["session_summary"], changed["session_name"]) == ({"summary": "Hi"}, "Greeting")
    assert sent(door, "PATCH", "/sessions/s-1", {}).json()["metadata"] == {"b": 2}
    assert problem_of(sent(door, "POST", "/sessions/s-1/rename", {"session_name": ""})) == (422, "VALIDATION_ERROR")


# --- whose ---


WAYS = [
    ("GET", "/sessions/s-1", None),
    ("GET", "/sessions/s-1/runs", None),
    ("GET", "/sessions/s-1/runs/{run}", None),
    ("POST", "/sessions/s-1/rename", {"session_name": "Mine"}),
    ("PATCH", "/sessions/s-1", {"session_name": "Mine"}),
]


@pytest.mark.parametrize(("method", "path", "body"), WAYS)
def test_a_session_of_somebody_else_is_not_there(said, door, door_of, outsider, method, path, body):
    path = path.format(run=said["run_id"])
    theirs = Session.objects.values().get()
    assert problem_of(sent(door_of(outsider), method, path, body)) == GONE
    assert problem_of(sent(door, method, path + "?user_id=ben", body)) == GONE
    assert problem_of(sent(door, method, path + "?type=team", body)) == GONE
    assert Session.objects.values().get() == theirs
    assert sent(door, method, path + "?user_id=ann", body).status_code == 200
    assert listed(door_of(outsider))["data"] == []


@pytest.mark.parametrize(
    ("method", "path", "body"), [*WAYS, ("POST", "/sessions", {}), ("DELETE", "/sessions/s-1", None)]
)
def test_without_a_key_nobody_is_told_anything(said, client, method, path, body):
    raw = json.dumps(body) if body is not None else ""
    response = client.generic(method, path.format(run=said["run_id"]), raw, content_type="application/json")
    assert problem_of(response) == (401, "UNAUTHENTICATED")
    assert Session.objects.filter(hidden=False, name="").count() == 1


# --- runs ---


def test_the_runs_of_a_session_are_flat_and_oldest_first(fake, posted, teammate_with, door):
    teammate_with("post", mode="approval")
    fake.say("Hi")
    first = door.run(message="Hello", session_id="s-1")
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


def test_a_run_that_was_stopped_shows_what_it_had_said(fake, teammate_with, door, start):
    run = start(teammate_with())
    for seq, kind, data in [(2, "turn.started", {"turn": 1}), (3, "text", {"turn": 1, "delta": "Half a "})]:
        Event.objects.create(run=run, seq=seq, kind=kind, data=data)
    Event.objects.create(run=run, seq=4, kind="text", data={"turn": 1, "delta": "word"})
    Run.objects.filter(pk=run.pk).update(status="cancelled", last_seq=4)
    [told] = door.get(f"/sessions/{run.session.key}/runs").json()
    assert (told["status"], told["content"]) == ("CANCELLED", "Half a word")


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


# --- delete ---


def test_a_deleted_session_is_gone_with_its_runs_and_what_lived_was_stopped(gated, door, posted, staff, client_of):
    run, key = row(gated), gated["session_id"]
    assert sent(door, "DELETE", f"/sessions/{key}").status_code == 204
    run.refresh_from_db()
    assert (run.status, run.session.hidden, posted) == ("cancelled", True, [])
    assert ToolApproval.objects.get().status == "cancelled"
    assert Event.objects.filter(run=run, kind="run.cancelled").count() == 1
    for path in (f"/sessions/{key}", f"/sessions/{key}/runs", f"/sessions/{key}/runs/{gated['run_id']}"):
        assert problem_of(door.get(path)) == GONE
    assert problem_of(door.look(gated)) == GONE
    assert problem_of(door.go_on(gated, [])) == GONE
    assert (listed(door)["data"], door.get("/approvals").json()["data"]) == ([], [])
    assert client_of(staff).get(f"/runs/{run.pk}/").status_code == 200


def test_outside_the_staff_a_deleted_run_is_nowhere(gated, door, owner, reviewer, client_of):
    run, gate = row(gated), ToolApproval.objects.get()
    sent(door, "DELETE", f"/sessions/{gated['session_id']}")
    for user in (owner, reviewer):
        browser = client_of(user)
        for page in (f"/runs/{run.pk}/", f"/inbox/approvals/{gate.pk}/", f"/conversations/{run.session_id}/"):
            assert browser.get(page).status_code == 404, page
        assert f"/runs/{run.pk}/" not in browser.get("/runs/").content.decode()


def test_deleting_again_changes_nothing_and_the_id_is_free(said, door):
    for _ in range(2):
        assert sent(door, "DELETE", "/sessions/s-1").status_code == 204
    assert Session.objects.count() == 1
    again = door.run(session_id="s-1", user_id="ben")
    assert [run["run_id"] for run in door.get("/sessions/s-1/runs").json()] == [again["run_id"]]
    assert problem_of(door.look(said)) == GONE


def test_nobody_deletes_what_is_not_theirs(said, door, door_of, outsider):
    assert sent(door_of(outsider), "DELETE", "/sessions/s-1").status_code == 204
    assert sent(door, "DELETE", "/sessions/s-1?user_id=ben").status_code == 204
    many = {"session_ids": ["s-1"], "session_types": ["agent"]}
    assert sent(door_of(outsider), "DELETE", "/sessions", many).status_code == 204
    assert not Session.objects.get().hidden


def test_several_are_deleted_together(db, door):
    for key in ("a", "b", "c"):
        made(door, key)
    body = {"session_ids": ["a", "b", "nowhere"], "session_types": ["agent"] * 3}
    assert sent(door, "DELETE", "/sessions", body).status_code == 204
    assert ids(listed(door)) == ["c"]
    for wrong in ({"session_ids": [], "session_types": []}, {"session_ids": ["c"]}):
        assert problem_of(sent(door, "DELETE", "/sessions", wrong)) == (422, "VALIDATION_ERROR")
    unequal = {"session_ids": ["c"], "session_types": ["agent", "agent"]}
    assert problem_of(sent(door, "DELETE", "/sessions", unequal)) == (400, "BAD_REQUEST")
    assert ids(listed(door)) == ["c"]


def test_no_run_begins_in_a_session_that_was_deleted_at_that_moment(said, owner, door):
    run, session = row(said), Session.objects.get()
    delete(session, by=owner)
    with pytest.raises(Refused, match="deleted"):
        retry(run, by=owner)
    assert Run.objects.count() == 1


def test_of_many_runs_and_a_deletion_at_once_nothing_lives_on_unseen(said, owner, door):
    run, session = row(said), Session.objects.get()

    def do(place):
        if place == 2:
            return delete(session, by=owner)
        return start(owner=owner, teammate=run.teammate, message="Go on", session=session)

    results = together(6, do)
    session.refresh_from_db()
    assert session.hidden
    assert not Run.objects.filter(session=session).live().exists()
    begun = Run.objects.filter(session=session, status="cancelled").count()
    assert begun + sum(isinstance(result, Refused) for result in results) == 5
