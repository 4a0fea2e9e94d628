"""What can be sent along with a run, and whose sessions are (contract 2.2, 2.5)."""

import uuid

import pytest

from runs import sessions
from runs.errors import Refused
from runs.models import Run, Session
from teammates.models import Teammate
from teammates.services import save
from teammates.tools import ToolContext
from tests.api.agentos.door import events_of, names, problem_of, row, sent
from tests.api.agentos.test_uploads import send

# --- what can be sent along ---


def test_yes_and_no_are_written_in_many_ways(fake, teammate_with, door):
    teammate_with()
    for yes in ("true", "True", "1", "on", "yes", "t", "y"):
        assert names(events_of(door.create(stream=yes)))[-1] == "RunCompleted", yes
    for no in ("false", "False", "0", "off", "no", "f", "n"):
        assert door.create(stream=no).json()["status"] == "COMPLETED", no


@pytest.mark.parametrize("name", [".", "..", "notes/.."])
def test_a_file_whose_name_says_nothing_is_not_lost_silently(fake, teammate_with, door, name):
    teammate_with()
    response = send(door, ("a.txt", "text/plain", b"x"), (name, "text/plain", b"x"))
    assert problem_of(response) == (400, "BAD_REQUEST")
    assert f"{name!r} is not a file name" in response.json()["detail"]
    assert fake.requests == [] and not Run.objects.exists()


def test_forms_of_both_kinds_are_read(fake, teammate_with, door):
    teammate_with()
    response = door.client.post("/agents/helper/runs", {"message": "Hello", "session_id": "s-1"})
    assert (response.status_code, response.json()["session_id"]) == (200, "s-1")


def test_a_session_is_made_where_none_is_named(fake, teammate_with, door):
    teammate_with()
    told = door.run(session_id="")
    assert uuid.UUID(told["session_id"])
    assert door.run()["session_id"] != told["session_id"]


def test_the_session_remembers_what_was_said(fake, teammate_with, door):
    teammate_with()
    door.run(message="My name is Ann", session_id="s-1")
    door.run(message="Who am I?", session_id="s-1")
    said = [message["content"] for message in fake.requests[-1]["messages"]]
    assert said[-3:] == ["My name is Ann", "Here you are.", "Who am I?"]
    door.run(message="Who am I?", session_id="s-2")
    assert len(fake.requests[-1]["messages"]) == 1


def test_state_is_merged_and_kept_in_the_session(fake, teammate_with, door):
    teammate_with()
    assert door.run(session_id="s-1", session_state={"n": 1, "a": "ä"})["session_state"] == {"n": 1, "a": "ä"}
    assert door.run(session_id="s-1", session_state={"n": 2})["session_state"] == {"n": 2, "a": "ä"}
    events = door.stream(session_id="s-1")
    assert events[-1]["session_state"] == {"n": 2, "a": "ä"}
    assert door.run(session_id="s-2").get("session_state") == {}


def test_dependencies_fill_the_instructions_and_reach_tools(fake, own_tool, teammate_with, door):
    seen = []

    @own_tool(effect="read")
    def look(context: ToolContext) -> str:
        """Look."""
        seen.append(context.dependencies)
        return "seen"

    teammate = teammate_with("look")
    Teammate.objects.filter(pk=teammate.pk).update(instructions="You are {robot_name}, not {other}.")
    teammate.refresh_from_db()
    save(teammate, [("look", "")])
    fake.call("look", {})
    told = door.run(dependencies={"robot_name": "Anna"})
    system = fake.requests[-1]["messages"][0]["content"]
    assert "You are Anna, not {other}." in system
    assert told["messages"][0]["content"] == system
    assert seen == [{"robot_name": "Anna"}]


def test_metadata_stays_with_the_run(fake, teammate_with, door):
    teammate_with()
    assert door.run(metadata={"ticket": 7})["metadata"] == {"ticket": 7}


def test_an_answer_can_be_asked_for_in_a_form(fake, teammate_with, door):
    teammate_with()
    fake.say('{"colour": "red"}')
    schema = {"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"]}
    assert door.run(output_schema=schema)["content"] == {"colour": "red"}


JUNK = ["{not json", "[1]", "7", '{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}', '{"a": "\\u0000"}', "{" * 5000]


def test_what_is_no_json_object_is_dropped_and_the_run_goes_on(fake, teammate_with, door):
    teammate_with()
    for junk in [*JUNK, '{"a":' * 200 + "1" + "}" * 200]:
        told = door.run(session_state=junk, dependencies=junk, metadata=junk, output_schema=junk)
        assert told["status"] == "COMPLETED", junk
        assert told["session_state"] == told.get("metadata", {}) == {}, junk
        assert (row(told).dependencies, row(told).output_schema) == ({}, None), junk


def test_fields_that_nobody_knows_are_ignored(fake, teammate_with, door):
    teammate_with()
    assert door.run(knowledge_filters="x", monitor="true", images="[]", temperature="0.5")["status"] == "COMPLETED"


def test_an_older_version_of_the_agent_can_be_asked(fake, teammate_with, door):
    teammate = teammate_with()
    door.run()
    teammate.instructions = "Be brief."
    save(teammate, [])
    door.run()
    assert fake.requests[-1]["messages"][0]["content"] == "Be brief."
    door.run(version="1")
    assert [message["role"] for message in fake.requests[-1]["messages"]] == ["user"]
    assert problem_of(door.create(version="99")) == (404, "NOT_FOUND")


# --- end users ---


def test_a_session_belongs_to_its_first_user(fake, teammate_with, door):
    teammate_with()
    told = door.run(session_id="s-1", user_id="ann")
    assert problem_of(door.create(session_id="s-1", user_id="ben")) == (409, "CONFLICT")
    assert Run.objects.count() == 1
    assert door.run(session_id="s-1")["user_id"] == "ann"
    assert door.run(session_id="s-1", user_id="ann")["user_id"] == "ann"
    assert door.look(told).status_code == 200
    assert Session.objects.get().user_id == "ann"


def test_what_was_said_without_a_user_is_shown_to_none(fake, teammate_with, door):
    teammate_with()
    told = door.run(session_id="s-1")
    assert problem_of(door.create(session_id="s-1", user_id="ann")) == (409, "CONFLICT")
    assert problem_of(door.get("/sessions/s-1", user_id="ann")) == (404, "NOT_FOUND")
    assert (len(fake.requests), Run.objects.count(), Session.objects.get().user_id) == (1, 1, "")
    assert door.look(told).status_code == 200


def test_a_session_that_was_begun_for_nobody_is_its_first_users(fake, teammate_with, door):
    teammate_with()
    assert sent(door, "POST", "/sessions", {"session_id": "s-1"}).status_code == 201
    assert door.run(session_id="s-1", user_id="ann")["user_id"] == "ann"
    assert Session.objects.get().user_id == "ann"


def test_of_two_first_users_at_once_one_has_the_session(owner, monkeypatch, db):
    """The other has read it before the first one took it."""
    stale = sessions.begin(owner, "s-1")
    Session.objects.update(user_id="ann")
    monkeypatch.setattr(sessions, "found_or_begun", lambda *args: stale)
    with pytest.raises(Refused) as refused:
        sessions.open_session(owner, "s-1", user_id="ben", state={"n": 1})
    assert refused.value.code == "wrong_user"
    kept = Session.objects.get()
    assert (kept.user_id, kept.session_state) == ("ann", {})
