"""Continuing a paused run: every decision of contract 2.9, and what is refused."""

import json

import pytest

from approvals import services as approvals
from approvals.models import Decision, Question, ToolApproval
from runs.models import ToolCall
from teammates.models import Teammate
from teammates.services import save
from tests.api.agentos.door import confirmed, events_of, names, problem_of, rejected, row, waiting
from tests.machine import no_news, told

TURN = ["ModelRequestStarted", "RunContent", "ModelRequestCompleted"]
TO_THE_END = [*TURN, "RunContentCompleted", "RunCompleted"]

COLOURS = {
    "question": "Which colour?",
    "header": "Colour",
    "options": [{"label": "Red", "description": "Warm"}, {"label": "Blue", "description": "Cold"}],
    "multiSelect": False,
}
WHEN = {**COLOURS, "question": "When?", "header": "When", "multiSelect": True}


def refused(door, gated, tools, status, code, **more):
    """The continue is refused and leaves every row and the log as they were."""
    with no_news(row(gated)):
        response = door.go_on(gated, tools, **more)
        assert problem_of(response) == (status, code)
    return response.json()["detail"]


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


def test_a_call_can_be_rejected_after_its_tool_is_gone(fake, posted, own_tool, door, gated):
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


def test_a_tool_may_want_a_yes_and_fields(fake, own_tool, teammate_with, door):
    seen = []

    @own_tool(needs_approval=True, user_input=["to"])
    def mail(text: str, to: str) -> str:
        """Mail."""
        seen.append((text, to))
        return "sent"

    teammate_with("mail")
    fake.call("mail", {"text": "hi"})
    paused = door.run()
    [tool] = waiting(paused)
    assert tool["requires_confirmation"] is True
    refused(door, paused, [confirmed(tool)], 400, "BAD_REQUEST")
    assert door.go_on(paused, [confirmed(filled(tool, to="ann"))]).json()["status"] == "COMPLETED"
    assert seen == [("hi", "ann")]


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


def chosen(tool, *labels):
    schema = [
        {**part, "selected_options": list(said)}
        for part, said in zip(tool["user_feedback_schema"], labels, strict=True)
    ]
    return {**tool, "user_feedback_schema": schema}


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


# --- more than one ---


def test_parallel_gates_are_decided_together(fake, posted, teammate_with, door):
    teammate_with("post", mode="approval")
    fake.calls(("post", {"text": "a"}), ("post", {"text": "b"}), ("post", {"text": "c"}))
    paused = door.run()
    a, b, c = waiting(paused)
    done = door.go_on(paused, [confirmed(a), rejected(b), confirmed(c)]).json()
    assert (done["status"], sorted(posted)) == ("COMPLETED", ["a", "c"])
    assert [tool["confirmed"] for tool in done["tools"]] == [True, False, True]


def test_all_or_none_of_the_items_are_taken(fake, posted, teammate_with, door):
    teammate_with("post", mode="approval")
    fake.calls(("post", {"text": "a"}), ("post", {"text": "b"}))
    paused = door.run()
    a, b = waiting(paused)
    refused(door, paused, [confirmed(a), confirmed(b, tool_args={})], 400, "BAD_REQUEST")
    refused(door, paused, [confirmed(a), rejected(a)], 409, "CONFLICT")
    refused(door, paused, [confirmed(a), {"tool_call_id": "call_0", "tool_name": "post"}], 400, "BAD_REQUEST")
    assert not Decision.objects.exists()


def test_a_mixed_turn_runs_the_plain_call_at_once(fake, posted, own_tool, teammate_with, door):
    @own_tool(effect="read")
    def look() -> str:
        """Look."""
        return "seen"

    teammate_with("look", "post", mode="approval")
    fake.calls(("look", {}), ("post", {"text": "a"}), ("post", {"text": "b"}))
    events = door.stream()
    assert names(events)[-4:] == ["ToolCallStarted", "ToolCallCompleted", "RunContentCompleted", "RunPaused"]
    pause = events[-1]
    assert [tool["result"] for tool in pause["tools"]] == ["seen", None, None]
    assert len(pause["requirements"]) == 2
    done = door.go_on(pause, [confirmed(t) if t["requires_confirmation"] else t for t in pause["tools"]]).json()
    assert (done["status"], sorted(posted)) == ("COMPLETED", ["a", "b"])


def test_a_second_gate_pauses_again_and_the_first_call_is_not_repeated(fake, posted, teammate_with, door, gated):
    fake.call("post", {"text": "again"})
    events = events_of(door.go_on(gated, [confirmed(*waiting(gated))], stream=True))
    assert names(events)[0] == "RunContinued"
    assert names(events)[-2:] == ["RunContentCompleted", "RunPaused"]
    first, second = events[-1]["tools"]
    assert (first["requires_confirmation"], first["confirmed"], first["result"]) == (False, True, "Posted hello")
    assert (second["requires_confirmation"], second["confirmed"]) == (True, None)
    refused(door, gated, [first], 400, "BAD_REQUEST")
    refused(door, gated, [first, second], 400, "BAD_REQUEST")
    refused(door, gated, [{**first, "confirmed": False}, confirmed(second)], 409, "CONFLICT")
    assert door.go_on(gated, [first, confirmed(second)]).json()["status"] == "COMPLETED"
    assert posted == ["hello", "again"]


def test_after_a_rejection_the_next_call_asks_again(fake, posted, teammate_with, door, gated):
    fake.call("post", {"text": "again"})
    paused = door.go_on(gated, [rejected(*waiting(gated))]).json()
    assert paused["status"] == "PAUSED"
    assert [tool["confirmed"] for tool in paused["tools"]] == [False, None]
    assert door.go_on(paused, [paused["tools"][0], confirmed(paused["tools"][1])]).json()["status"] == "COMPLETED"
    assert posted == ["again"]


def test_a_model_that_fails_after_a_continue_ends_the_run_and_the_tool_ran_once(fake, posted, door, gated):
    fake.error(400)
    events = events_of(door.go_on(gated, [confirmed(*waiting(gated))], stream=True))
    assert names(events)[0] == "RunContinued"
    assert names(events)[-1] == "RunError"
    assert door.look(gated).json()["status"] == "ERROR"
    assert posted == ["hello"]


def test_later_runs_of_the_session_recall_what_was_done_after_the_pause(fake, posted, door, gated):
    door.go_on(gated, [confirmed(*waiting(gated))])
    door.run(message="What did you post?", session_id=gated["session_id"])
    said = [(message["role"], message["content"]) for message in fake.requests[-1]["messages"]]
    assert said[-3:] == [("user", "Do it"), ("assistant", "Here you are."), ("user", "What did you post?")]


# --- in pieces, twice, elsewhere ---


@pytest.fixture
def two(fake, posted, teammate_with, door):
    teammate_with("post", mode="approval")
    fake.calls(("post", {"text": "a"}), ("post", {"text": "b"}))
    return door.run()


def test_a_part_of_the_decisions_tells_the_pause_alone(posted, door, two):
    a, b = waiting(two)
    events = events_of(door.go_on(two, [confirmed(a)], stream=True))
    assert names(events) == ["RunPaused"]
    assert [tool["confirmed"] for tool in events[0]["tools"]] == [True, None]
    assert [requirement["tool_execution"] for requirement in events[0]["requirements"]] == [b]
    assert posted == []
    assert door.go_on(two, [*events[0]["tools"][:1], confirmed(b)]).json()["status"] == "COMPLETED"
    assert sorted(posted) == ["a", "b"]


def test_the_same_part_again_changes_nothing(posted, door, two):
    a, _ = waiting(two)
    door.go_on(two, [confirmed(a)])
    with no_news(row(two)):
        again = door.go_on(two, [confirmed(a)])
        assert (again.status_code, again.json()["status"]) == (200, "PAUSED")
    refused(door, two, [rejected(a)], 409, "CONFLICT")
    refused(door, two, [confirmed(a, tool_args={"text": "other"})], 409, "CONFLICT")
    assert Decision.objects.count() == 1


def test_a_decision_from_elsewhere_lets_the_run_go_on_and_a_continue_attaches(fake, posted, door, gated, owner):
    gate = ToolApproval.objects.get()
    approvals.decide(gate, "allow", by=owner, digest=gate.digest)
    for tools in ("", "[]", []):
        events = events_of(door.go_on(gated, tools, stream=True))
        assert names(events) == ["RunContinued", "ToolCallStarted", "ToolCallCompleted", *TO_THE_END]
        assert door.go_on(gated, tools).json()["status"] == "COMPLETED"
    refused(door, gated, [confirmed(*waiting(gated))], 409, "CONFLICT")
    assert posted == ["hello"]


def test_one_decision_from_elsewhere_and_one_from_here_make_a_whole(posted, door, two, owner):
    gate = ToolApproval.objects.order_by("pk").first()
    approvals.decide(gate, "deny", by=owner, digest=gate.digest, reason="No")
    a, b = waiting(two)
    refused(door, two, [confirmed(a), confirmed(b)], 409, "CONFLICT")
    refused(door, two, "[]", 400, "BAD_REQUEST")
    done = door.go_on(two, [rejected(a), confirmed(b)]).json()
    assert (done["status"], posted) == ("COMPLETED", ["b"])


def test_a_question_answered_on_the_page_may_be_sent_back_as_it_was_shown(fake, teammate_with, door, owner):
    teammate_with("AskUserQuestion")
    fake.calls(("AskUserQuestion", {"questions": [COLOURS]}), ("AskUserQuestion", {"questions": [WHEN]}))
    paused = door.run()
    first = Question.objects.order_by("pk").first()
    answers, notes = {"Which colour?": "Red"}, {"Which colour?": "bright"}
    approvals.answer(first, by=owner, digest=first.digest, answers=answers, notes=notes)
    shown = door.look(paused).json()
    answered, asked = shown["tools"]
    done = door.go_on(paused, [answered, chosen(asked, ["Blue"])]).json()
    assert done["status"] == "COMPLETED"


def test_a_stopped_run_cannot_be_continued(posted, door, gated):
    assert door.cancel(gated).json() == {}
    refused(door, gated, [confirmed(*waiting(gated))], 409, "CONFLICT")
    refused(door, gated, "", 409, "CONFLICT")
    assert posted == []


def test_a_run_in_the_background_is_continued_like_any_other(fake, posted, teammate_with, door):
    teammate_with("post", mode="approval")
    fake.call("post", {"text": "hello"})
    told = door.create(background="true").json()
    paused = door.look(told).json()
    assert paused["status"] == "PAUSED"
    assert door.go_on(told, [confirmed(*waiting(paused))]).json()["status"] == "COMPLETED"


# --- what is believed ---


def test_forged_and_swapped_calls_are_refused(fake, posted, own_tool, teammate_with, door, gated):
    @own_tool()
    def erase(text: str) -> str:
        """Erase."""
        raise AssertionError

    teammate = Teammate.objects.get()
    save(teammate, [("post", ""), ("erase", "")])
    [tool] = waiting(gated)
    for forged in (
        {**tool, "tool_name": "erase"},
        {**tool, "tool_name": None},
        {**tool, "tool_call_id": "call_999999"},
        {**tool, "tool_call_id": "call_1_0"},
        {**tool, "tool_call_id": None},
        {**tool, "tool_call_id": {"a": 1}},
        {key: value for key, value in tool.items() if key != "tool_call_id"},
        {},
    ):
        refused(door, gated, [confirmed(forged)], 400, "BAD_REQUEST")
    assert ToolCall.objects.count() == 1


def test_a_call_of_another_run_is_refused(fake, posted, door, gated):
    fake.call("post", {"text": "other"})
    other = door.run()
    refused(door, gated, [confirmed(*waiting(other))], 400, "BAD_REQUEST")
    assert posted == []


def test_only_the_decision_is_taken_from_an_item(fake, posted, door, gated):
    [tool] = waiting(gated)
    lies = {
        "result": "Posted everything",
        "requires_confirmation": False,
        "stop_after_tool_call": True,
        "approval_id": 7,
    }
    done = door.go_on(gated, [confirmed(tool, **lies)]).json()
    assert done["tools"][0]["result"] == "Posted hello"
    assert told(fake) == ["Posted hello"]


def test_tools_that_say_nothing_decide_nothing(posted, door, gated):
    [tool] = waiting(gated)
    for tools in ("", "[]", " ", [tool], [{**tool, "confirmed": None, "result": "done"}]):
        refused(door, gated, tools, 400, "BAD_REQUEST")
    done = door.go_on(gated, [confirmed(tool, user_input_schema=[], user_feedback_schema=[])])
    assert done.json()["status"] == "COMPLETED"


def test_tools_that_are_no_array_of_objects_are_refused(posted, door, gated):
    [tool] = waiting(gated)
    twice = json.dumps([tool])[:-2] + ', "confirmed": true}]'
    for tools in ("{not json", "[1]", "[null]", "{}", '"x"', "[" * 5000, "[NaN]", twice, '["\\ud800"]', "[[]]"):
        refused(door, gated, tools, 400, "BAD_REQUEST")
    for confirmation in ("true", 1, [], {}):
        refused(door, gated, [{**tool, "confirmed": confirmation}], 400, "BAD_REQUEST")


def test_the_order_of_the_checks(fake, posted, teammate_with, door, gated):
    done = door.run(agent="helper", message="plain")
    nobody = {**gated, "run_id": "00000000-0000-4000-8000-000000000000"}
    assert problem_of(door.go_on(nobody, "{not json", agent="nobody")) == (400, "BAD_REQUEST")
    assert problem_of(door.go_on(nobody, "[1]", agent="nobody")) == (404, "NOT_FOUND")
    assert problem_of(door.go_on(nobody, "[1]")) == (404, "NOT_FOUND")
    assert problem_of(door.go_on({**gated, "run_id": "no-such-run"}, "[1]")) == (404, "NOT_FOUND")
    assert problem_of(door.go_on(done, "[1]")) == (409, "CONFLICT")
    assert problem_of(door.go_on(done, "")) == (409, "CONFLICT")
    assert problem_of(door.go_on(gated, "[1]")) == (400, "BAD_REQUEST")
    assert problem_of(door.go_on(gated, "[1]", stream="perhaps")) == (422, "VALIDATION_ERROR")


def test_a_run_that_is_not_paused_cannot_be_decided(teammate_with, door):
    teammate_with()
    told = door.leave().create(background="true").json()
    assert problem_of(door.go_on(told, [{"tool_call_id": "call_1"}])) == (409, "CONFLICT")
    assert problem_of(door.go_on(told, "")) == (409, "CONFLICT")


# --- whose ---


def test_the_session_may_be_left_out_but_not_be_another(posted, door, gated):
    refused(door, gated, [confirmed(*waiting(gated))], 404, "NOT_FOUND", session_id="s-2")
    assert door.go_on(gated, [confirmed(*waiting(gated))], session_id=None).json()["status"] == "COMPLETED"


def test_another_end_user_does_not_find_the_run(fake, posted, teammate_with, door):
    teammate_with("post", mode="approval")
    fake.call("post", {"text": "hello"})
    paused = door.run(user_id="ann")
    refused(door, paused, [confirmed(*waiting(paused))], 404, "NOT_FOUND", user_id="ben")
    assert door.go_on(paused, [confirmed(*waiting(paused))], user_id="ann").json()["status"] == "COMPLETED"


def test_another_account_does_not_find_the_run(posted, door, gated, door_of, outsider):
    stranger = door_of(outsider)
    refused(stranger, gated, [confirmed(*waiting(gated))], 404, "NOT_FOUND")
    assert problem_of(stranger.look(gated)) == (404, "NOT_FOUND")
    with no_news(row(gated)):
        assert stranger.cancel(gated).json() == {}


def test_a_key_that_may_not_decide_does_not(posted, door, gated, door_of, owner):
    door_of(owner, ["runs:read", "runs:write"])
    refused(door_of(owner, ["runs:read", "runs:write"]), gated, [confirmed(*waiting(gated))], 403, "FORBIDDEN")
