"""Continuing a paused run: every decision of contract 2.9."""

import json

import pytest

from approvals.models import Decision, ToolApproval
from tests.api.agentos.door import (
    COLOURS,
    TO_THE_END,
    WHEN,
    chosen,
    confirmed,
    events_of,
    names,
    refused,
    rejected,
    sent,
    waiting,
)
from tests.machine import told

# --- the pause ---


def test_a_gated_call_pauses_the_stream(fake, posted, teammate_with, door):
    teammate_with("post", mode="approval")
    fake.call("post", {"text": "hello"})
    events = door.stream()
    assert names(events) == [
        "RunStarted", "ModelRequestStarted", "ModelRequestCompleted", "RunContentCompleted", "RunPaused",
    ]  # fmt: skip
    pause = events[-1]
    [tool] = pause["tools"]
    assert len(tool) == 20
    assert (tool["tool_name"], tool["tool_args"]) == ("post", {"text": "hello"})
    assert (tool["requires_confirmation"], tool["confirmed"], tool["result"]) == (True, None, None)
    [requirement] = pause["requirements"]
    assert requirement["tool_execution"] == tool
    assert requirement["id"]
    assert "T" in requirement["created_at"]
    assert pause["content"]
    looked = door.look(pause).json()
    assert (looked["status"], looked["content"]) == ("PAUSED", pause["content"])
    assert (looked["tools"], looked["requirements"]) == (pause["tools"], pause["requirements"])
    assert posted == []


# --- approvals ---


def test_a_confirmed_call_runs_and_the_run_goes_on(fake, posted, door, gated):
    events = events_of(door.go_on(gated, [confirmed(*waiting(gated))], stream=True))
    assert names(events) == ["RunContinued", "ToolCallStarted", "ToolCallCompleted", *TO_THE_END]
    assert posted == ["hello"]
    done = door.look(gated).json()
    assert (done["run_id"], done["session_id"], done["status"]) == (gated["run_id"], gated["session_id"], "COMPLETED")
    assert done["tools"][0]["confirmed"] is True
    assert done["tools"][0]["result"] == "Posted hello"
    assert "requirements" not in done
    assert "RunContinued" in names(done["events"])
    assert Decision.objects.get().via == "agentos"


def test_a_continue_without_a_stream_answers_the_result(fake, posted, door, gated):
    done = door.go_on(gated, [confirmed(*waiting(gated))])
    assert (done.status_code, done.json()["status"], done.json()["content"]) == (200, "COMPLETED", "Here you are.")


def test_a_rejected_call_never_runs_and_the_note_reaches_the_model(fake, posted, door, gated):
    events = events_of(door.go_on(gated, [rejected(*waiting(gated), "not on my watch")], stream=True))
    assert names(events) == ["RunContinued", *TO_THE_END]
    assert "not on my watch" in told(fake)[0]
    assert posted == []
    [tool] = door.look(gated).json()["tools"]
    assert (tool["confirmed"], tool["tool_call_error"], tool["confirmation_note"]) == (False, True, "not on my watch")


def test_edited_arguments_are_what_runs_and_are_kept_as_an_edit(fake, posted, door, gated):
    assert door.go_on(gated, [confirmed(*waiting(gated), tool_args={"text": "hi"})]).json()["status"] == "COMPLETED"
    assert posted == ["hi"]
    gate = ToolApproval.objects.get()
    assert (gate.arguments, gate.edited_arguments) == ({"text": "hello"}, {"text": "hi"})


def test_an_edit_that_does_not_fit_the_tool_is_refused(posted, door, gated):
    for args in ({"text": 1}, {}, {"text": "a", "more": 1}, [], "", "text", 7, {"text": "\x00"}):
        detail = refused(door, gated, [confirmed(*waiting(gated), tool_args=args)], 400, "BAD_REQUEST")
        assert detail
    assert posted == []


def test_reject_after_tool_removal(fake, posted, own_tool, door, gated):
    from teammates.tools.registry import registry

    registry.remove("post")
    refused(door, gated, [confirmed(*waiting(gated))], 400, "BAD_REQUEST")
    assert door.go_on(gated, [rejected(*waiting(gated))]).json()["status"] == "COMPLETED"


# --- what a person fills in, answers, does outside ---


@pytest.fixture
def fill(own_tool):
    seen = []

    @own_tool(effect="effect", user_input=["to", "copies", "loud", "tags"])
    def send(text: str, to: str, copies: int, loud: bool, tags: list[str]) -> str:
        """Send."""
        seen.append((text, to, copies, loud, tags))
        return "sent"

    return seen


def filled(tool, **values):
    return {**tool, "user_input_schema": [{**f, "value": values.get(f["name"])} for f in tool["user_input_schema"]]}


def test_what_a_person_fills_in_completes_the_call(fake, fill, teammate_with, door):
    teammate_with("send")
    fake.call("send", {"text": "hi"})
    paused = door.run()
    [tool] = waiting(paused)
    assert tool["requires_user_input"] is True
    assert [(part["name"], part["field_type"]) for part in tool["user_input_schema"]] == [
        ("to", "str"), ("copies", "int"), ("loud", "bool"), ("tags", "list"),
    ]  # fmt: skip
    assert all(sorted(part) == ["description", "field_type", "name", "value"] for part in tool["user_input_schema"])
    values = {"to": "ann", "copies": 2, "loud": True, "tags": ["a", "b"]}
    refused(door, paused, [filled(tool)], 400, "BAD_REQUEST")
    refused(door, paused, [filled(tool, **{**values, "copies": "many"})], 400, "BAD_REQUEST")
    refused(door, paused, [{**tool, "user_input_schema": [{"name": "to", "value": "x"}]}], 400, "BAD_REQUEST")
    refused(door, paused, [{**tool, "user_input_schema": "x"}], 400, "BAD_REQUEST")
    events = events_of(door.go_on(paused, [filled(tool, **values)], stream=True))
    assert names(events) == ["RunContinued", "ToolCallStarted", "ToolCallCompleted", *TO_THE_END]
    assert fill == [("hi", "ann", 2, True, ["a", "b"])]
    [done] = door.look(paused).json()["tools"]
    assert (done["requires_user_input"], done["answered"], done["tool_args"]["to"]) == (False, True, "ann")


@pytest.fixture
def mailing(fake, own_tool, teammate_with, door):
    """A run that waits for a yes and for two fields; what it has mailed."""
    seen = []

    @own_tool(needs_approval=True, user_input=["to", "copies"])
    def mail(text: str, to: str, copies: int) -> str:
        """Mail."""
        seen.append((text, to, copies))
        return "sent"

    teammate_with("mail")
    fake.call("mail", {"text": "hi"})
    return door.run(), seen


@pytest.mark.parametrize("copies", [2, "2"])
def test_a_tool_may_want_a_yes_and_fields(mailing, door, copies):
    paused, seen = mailing
    [tool] = waiting(paused)
    assert (tool["requires_confirmation"], tool["requires_user_input"]) == (True, True)
    refused(door, paused, [confirmed(tool)], 400, "BAD_REQUEST")
    refused(door, paused, [confirmed(filled(tool, to="ann", copies="many"))], 400, "BAD_REQUEST")
    done = door.go_on(paused, [confirmed(filled(tool, to="ann", copies=copies))]).json()
    assert (done["status"], seen) == ("COMPLETED", [("hi", "ann", 2)])


def test_of_a_yes_and_fields_only_these_have_to_be_sent(mailing, door):
    paused, seen = mailing
    whole = confirmed(filled(*waiting(paused), to="ann", copies="2"))
    bare = {name: whole[name] for name in ("tool_call_id", "tool_name", "confirmed", "user_input_schema")}
    assert (door.go_on(paused, [bare]).json()["status"], seen) == ("COMPLETED", [("hi", "ann", 2)])


def test_the_same_yes_with_other_fields_comes_too_late(mailing, fake, door):
    paused, seen = mailing
    fake.calls(("mail", {"text": "one"}), ("mail", {"text": "two"}))
    again = door.go_on(paused, [confirmed(filled(*waiting(paused), to="ann", copies=1))]).json()
    one, two = waiting(again)
    assert door.go_on(again, [confirmed(filled(one, to="ann", copies=1))]).json()["status"] == "PAUSED"
    refused(door, again, [confirmed(filled(one, to="ben", copies=1))], 409, "CONFLICT")
    same = [confirmed(filled(one, to="ann", copies="1")), confirmed(filled(two, to="ben", copies=1))]
    assert door.go_on(again, same).json()["status"] == "COMPLETED"
    assert seen[1:] == [("one", "ann", 1), ("two", "ben", 1)]


@pytest.mark.parametrize("copies", [2, "2"])
def test_fields_beside_a_yes_are_filled_as_an_approval_too(mailing, door, copies):
    paused, seen = mailing
    path = f"/approvals/{waiting(paused)[0]['approval_id']}/resolve"
    data = {"values": {"to": "ann", "copies": copies}}
    assert sent(door, "POST", path, {"status": "approved", "resolution_data": data}).status_code == 200
    assert seen == [("hi", "ann", 2)]


def test_a_result_from_outside_takes_the_place_of_the_call(fake, own_tool, teammate_with, door):
    @own_tool(external=True)
    def measure(place: str) -> str:
        """Measure."""
        raise AssertionError

    teammate_with("measure")
    fake.call("measure", {"place": "lab"})
    paused = door.run()
    [tool] = waiting(paused)
    assert tool["external_execution_required"] is True
    refused(door, paused, [tool], 400, "BAD_REQUEST")
    refused(door, paused, [{**tool, "result": ""}], 400, "BAD_REQUEST")
    events = events_of(door.go_on(paused, [{**tool, "result": "21 degrees"}], stream=True))
    assert names(events) == ["RunContinued", *TO_THE_END]
    assert told(fake) == ["21 degrees"]


def test_a_question_is_answered_with_labels(fake, teammate_with, door):
    teammate_with("AskUserQuestion")
    fake.call("AskUserQuestion", {"questions": [COLOURS, WHEN]})
    paused = door.run()
    [tool] = waiting(paused)
    assert (tool["tool_name"], tool["requires_user_input"]) == ("ask_user", True)
    first = tool["user_feedback_schema"][0]
    assert sorted(first) == ["header", "multi_select", "options", "question", "selected_options"]
    assert first["options"][0] == {"label": "Red", "description": "Warm", "selected": False}
    refused(door, paused, [tool], 400, "BAD_REQUEST")
    refused(door, paused, [chosen(tool, ["Red", "Blue"], [])], 400, "BAD_REQUEST")
    done = door.go_on(paused, [chosen(tool, ["Red"], ["Red", "Blue"])]).json()
    assert done["status"] == "COMPLETED"
    assert json.loads(told(fake)[0]) == {"answers": {"Which colour?": "Red", "When?": ["Red", "Blue"]}}
    assert done["tools"][0]["user_feedback_schema"][0]["selected_options"] == ["Red"]


def test_a_plan_is_approved_or_sent_back_as_a_question(fake, posted, teammate_with, door):
    teammate_with("post", "submit_plan", mode="plan")
    fake.call("submit_plan", {"plan": "1. Post it."})
    paused = door.run()
    [tool] = waiting(paused)
    assert tool["user_feedback_schema"][0]["question"] == "1. Post it."
    fake.call("submit_plan", {"plan": "1. Post it gently."})
    again = door.go_on(paused, [chosen(tool, ["Gently, please"])]).json()
    assert again["status"] == "PAUSED"
    assert "Gently, please" in told(fake)[0]
    done = door.go_on(again, [chosen(waiting(again)[0], ["Approve"])]).json()
    assert done["status"] == "COMPLETED"
