"""What waits for a person, with the SDK: questions, approvals, plans, and a change of mode."""

import uuid

import pytest

from tests.api.sdk.conftest import SdkError

PEOPLE = {"name": "Bot", "instructions": "Be short.", "human_in_the_loop": True}
CAREFUL = {**PEOPLE, "permission_mode": "approval"}
SOON = {"interval": 0.02}
SOON_AFTER = {"poll_interval": 0.02}

COLOURS = {
    "questions": [
        {
            "question": "Which colour?",
            "header": "Colour",
            "options": [{"label": "Red", "description": "Warm"}, {"label": "Blue", "description": "Cold"}],
            "multiSelect": False,
        }
    ]
}


def types(stream):
    return [frame.type for frame in stream.frames]


def told_the_model(model):
    return [message["content"] for message in model.requests[-1]["messages"] if message["role"] == "tool"]


def pending(sdk, run_id):
    return [request for request in sdk.runs.permissions(run_id) if request.status == "pending"]


# --- questions ---


def test_a_question_ends_the_stream_and_its_answer_lets_the_run_go_on(sdk, model):
    model.call("AskUserQuestion", COLOURS)
    model.say("Red it is.")
    stream = sdk.runs.create(message="Paint", **PEOPLE)
    assert types(stream)[-1] == "awaiting_approval"
    assert sdk.runs.get(stream.run_id).status == "awaiting_approval"
    [asked] = pending(sdk, stream.run_id)
    assert asked.tool_name == "AskUserQuestion"
    assert asked.tool_input.questions[0].question == "Which colour?"
    assert not asked.is_plan_approval
    said = sdk.runs.answer(stream.run_id, answers={"Which colour?": "Red"})
    assert (said.status, said.resumed) == ("ok", True)
    assert sdk.runs.poll(stream.run_id, **SOON).output == "Red it is."
    assert "Red" in told_the_model(model)[0]
    [answered] = sdk.runs.permissions(stream.run_id)
    assert vars(answered.tool_input.answers) == {"Which colour?": "Red"}


def test_wait_answers_with_a_callback(sdk, model):
    model.call("AskUserQuestion", COLOURS)
    model.say("Green it is.")
    run = sdk.runs.create_and_wait(message="Paint", on_question={"Which colour?": "Green"}, **PEOPLE, **SOON_AFTER)
    assert (run.status, run.output) == ("completed", "Green it is.")


def test_without_people_nobody_is_asked(sdk, model):
    model.call("AskUserQuestion", COLOURS)
    model.say("I chose.")
    run = sdk.runs.create_and_wait(message="Paint", name="Bot", **SOON_AFTER)
    assert run.output == "I chose."
    assert "AskUserQuestion" not in [tool["function"]["name"] for tool in model.requests[0].get("tools", [])]


# --- approvals ---


def test_an_allowed_call_runs_and_the_run_goes_on(sdk, model):
    model.call("write_file", {"name": "a.txt", "content": "hello"})
    model.say("Written.")
    stream = sdk.runs.create(message="Write", **CAREFUL)
    assert types(stream)[-1] == "awaiting_approval"
    [asked] = pending(sdk, stream.run_id)
    assert asked.tool_name == "write_file"
    assert vars(asked.tool_input) == {"name": "a.txt", "content": "hello"}
    assert sdk.runs.list_files(stream.run_id) == []
    assert sdk.runs.approve(stream.run_id, request_id=asked.request_id).status == "allowed"
    assert sdk.runs.poll(stream.run_id, **SOON).output == "Written."
    assert sdk.runs.download_file(stream.run_id, "a.txt") == "hello"
    assert sdk.runs.approve(stream.run_id, request_id=asked.request_id).status == "allowed"


def test_a_denied_call_does_not_run_and_the_run_goes_on(sdk, model):
    model.call("write_file", {"name": "a.txt", "content": "hello"})
    model.say("Very well.")
    stream = sdk.runs.create(message="Write", **CAREFUL)
    [asked] = pending(sdk, stream.run_id)
    denied = sdk.runs.approve(stream.run_id, request_id=asked.request_id, decision="deny")
    assert denied.status == "denied"
    assert sdk.runs.poll(stream.run_id, **SOON).output == "Very well."
    assert "Denied" in told_the_model(model)[0]
    assert sdk.runs.list_files(stream.run_id) == []
    with pytest.raises(SdkError) as told:
        sdk.runs.approve(stream.run_id, request_id=asked.request_id, decision="allow")
    assert (told.value.name, told.value.status) == ("NotFoundError", 404)


def test_the_reason_of_a_denial_reaches_the_model(newest, model):
    model.call("write_file", {"name": "a.txt", "content": "hello"})
    stream = newest.runs.create(message="Write", **CAREFUL)
    [asked] = pending(newest, stream.run_id)
    newest.runs.approve(stream.run_id, request_id=asked.request_id, decision="deny", reason="Wrong folder.")
    newest.runs.poll(stream.run_id, **SOON)
    assert "Wrong folder." in told_the_model(model)[0]


def test_wait_decides_every_call_of_a_pause(sdk, model):
    model.calls(("write_file", {"name": "a", "content": "1"}), ("write_file", {"name": "b", "content": "2"}))
    run = sdk.runs.create_and_wait(message="Write", on_approval="allow", **CAREFUL, **SOON_AFTER)
    assert run.status == "completed"
    assert [file.name for file in sdk.runs.list_files(run.id)] == ["a", "b"]
    assert [request.status for request in sdk.runs.permissions(run.id)] == ["allowed", "allowed"]


def test_questions_and_approvals_of_one_pause_are_both_waited_for(sdk, model):
    model.calls(("AskUserQuestion", COLOURS), ("write_file", {"name": "a", "content": "1"}))
    said = {"on_approval": "allow", "on_question": {"Which colour?": "Blue"}}
    run = sdk.runs.create_and_wait(message="Both", **said, **CAREFUL, **SOON_AFTER)
    assert run.status == "completed"


def test_a_remembered_decision_is_not_asked_for_again(sdk, model):
    model.call("remember", {"text": "Red"})
    model.call("remember", {"text": "Blue"})
    stream = sdk.runs.create(message="Note", user_id=f"user {uuid.uuid4()}", **CAREFUL)
    [asked] = pending(sdk, stream.run_id)
    sdk.runs.approve(stream.run_id, request_id=asked.request_id, remember=True)
    assert sdk.runs.poll(stream.run_id, **SOON).status == "completed"
    assert len(sdk.runs.permissions(stream.run_id)) == 1


def test_who_comes_back_after_a_decision_sees_it_and_what_came_of_it(newest, model):
    model.call("write_file", {"name": "a.txt", "content": "hello"})
    held = model.say("Written now.").gate(after=1)
    stream = newest.runs.create(message="Write", **CAREFUL)
    [asked] = pending(newest, stream.run_id)
    newest.runs.approve(stream.run_id, request_id=asked.request_id)
    held.wait()
    again = newest.runs.stream(stream.run_id, leave=True)
    seen = [kind for kind in types(again) if kind in ("awaiting_approval", "permission_resolved", "tool-result-end")]
    assert seen == ["awaiting_approval", "permission_resolved", "tool-result-end"]
    held.release()
    newest.runs.poll(stream.run_id, **SOON)


def test_stopping_a_run_that_waits_closes_what_it_asked(sdk, model):
    model.call("write_file", {"name": "a.txt", "content": "hello"})
    stream = sdk.runs.create(message="Write", **CAREFUL)
    [asked] = pending(sdk, stream.run_id)
    assert sdk.runs.cancel(stream.run_id).status == "cancelled"
    assert [request.status for request in sdk.runs.permissions(stream.run_id)] == ["cancelled"]
    with pytest.raises(SdkError) as told:
        sdk.runs.approve(stream.run_id, request_id=asked.request_id)
    assert told.value.name == "NotFoundError"
    assert sdk.runs.list_files(stream.run_id) == []


# --- plans ---


def test_a_plan_is_revised_and_then_approved(sdk, model):
    model.call("submit_plan", {"plan": "Write a.txt"})
    model.call("submit_plan", {"plan": "Write b.txt"})
    model.call("write_file", {"name": "b.txt", "content": "hello"})
    model.say("Carried out.")
    stream = sdk.runs.create(message="Plan", **PEOPLE, permission_mode="plan")
    [first] = pending(sdk, stream.run_id)
    assert first.is_plan_approval
    assert "Write a.txt" in first.plan_text
    sdk.runs.answer(stream.run_id, answers={"Plan Approval": "Call it b.txt."})
    second = paused(sdk, stream.run_id)
    assert "Write b.txt" in second.plan_text
    assert "Call it b.txt." in told_the_model(model)[-1]
    run = sdk.runs.wait(stream.run_id, on_question={"Plan Approval": "Approve"}, on_approval="allow", **SOON)
    assert run.output == "Carried out."
    assert [file.name for file in sdk.runs.list_files(run.id)] == ["b.txt"]


def paused(sdk, run_id):
    """What the run waits for next. Every look is a request of its own, so this needs no sleep."""
    for _ in range(1000):
        if waiting := pending(sdk, run_id):
            return waiting[0]
    raise AssertionError(f"run {run_id} does not wait")


# --- the mode ---


def test_switching_to_autonomous_lets_the_waiting_call_run(sdk, model):
    model.call("write_file", {"name": "a.txt", "content": "hello"})
    stream = sdk.runs.create(message="Write", **CAREFUL)
    mode = sdk.runs.update_permission_mode(stream.run_id, permission_mode="autonomous")
    assert mode.permission_mode == "autonomous"
    assert sdk.runs.poll(stream.run_id, **SOON).status == "completed"
    assert [request.status for request in sdk.runs.permissions(stream.run_id)] == ["allowed"]


def test_a_mode_without_people_is_refused(sdk):
    with pytest.raises(SdkError) as told:
        sdk.runs.create(message="Write", name="Bot", permission_mode="approval")
    assert (told.value.name, told.value.status) == ("ValidationError", 422)
