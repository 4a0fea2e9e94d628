"""What a continue is not believed, and whose it is (contract 2.9)."""

import json

from runs.models import ToolCall
from teammates.models import Teammate
from teammates.services import save
from tests.api.agentos.door import confirmed, problem_of, refused, row, waiting
from tests.api.agentos.trees import Performing, decided
from tests.fake_script import Script
from tests.machine import no_news, told
from tests.trees import delegate
from tests.trees import told as script

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


def test_decide_from_stored_state_only(fake, posted, door, gated):
    [tool] = waiting(gated)
    lies = {
        "result": "Posted everything",
        "requires_confirmation": False,
        "stop_after_tool_call": True,
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
    for note in (["no"], {"why": "no"}, 7):
        refused(door, gated, [{**tool, "confirmed": False, "confirmation_note": note}], 400, "BAD_REQUEST")


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


def test_an_end_user_does_not_find_a_run_that_has_none(posted, door, gated):
    refused(door, gated, [confirmed(*waiting(gated))], 404, "NOT_FOUND", user_id="ben")
    assert door.go_on(gated, [confirmed(*waiting(gated))]).json()["status"] == "COMPLETED"


def test_another_account_does_not_find_the_run(posted, door, gated, door_of, outsider):
    stranger = door_of(outsider)
    refused(stranger, gated, [confirmed(*waiting(gated))], 404, "NOT_FOUND")
    assert problem_of(stranger.look(gated)) == (404, "NOT_FOUND")
    with no_news(row(gated)):
        assert stranger.cancel(gated).json() == {}


def test_a_key_that_may_not_decide_does_not(posted, door, gated, door_of, owner):
    door_of(owner, ["runs:read", "runs:write"])
    refused(door_of(owner, ["runs:read", "runs:write"]), gated, [confirmed(*waiting(gated))], 403, "FORBIDDEN")


def test_who_decides_a_team_too_late_is_told_that_it_runs(fake, posted, member, team_of, door):
    team_of(member("ann", "post", mode="approval"))
    fake.reply = script(("leader", [delegate(("ann", "post it"))]), ("ann", [Script().call("post", {"text": "hello"})]))
    work = Performing(door, "/teams/crew")
    paused = work.run()
    door.leave()
    decision = [decided(*paused["requirements"])]
    assert work.go_on(paused, requirements=decision).status_code == 200
    late = work.go_on(paused, requirements=decision)
    assert (late.status_code, late.json()["detail"]) == (409, "The run is not paused: it is running.")


def test_a_decision_of_an_earlier_request_is_none_of_the_one_that_took_its_place(posted, door, gated):
    [item] = waiting(gated)
    refused(door, gated, [{**confirmed(item), "approval_id": "approval-0"}], 409, "CONFLICT")
