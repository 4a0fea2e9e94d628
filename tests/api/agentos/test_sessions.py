"""Sessions: the conversations of the pages by the client's own id, and their runs (contract 6)."""

import json
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from runs.models import Session
from tests.api.agentos.door import problem_of, sent
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
    assert problem_of(door.get("/sessions", sort_order="up")) == (422, "VALIDATION_ERROR")
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
    assert problem_of(sent(door, "POST", "/sessions?type=crowd", {})) == (422, "VALIDATION_ERROR")
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
