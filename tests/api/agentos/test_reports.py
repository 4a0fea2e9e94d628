"""What users of such doors report of others (contract 9): each is a test by the name that it has here."""

from collections import Counter
from itertools import count

import pytest

from runs.engine import driver
from teammates.tools import ToolContext
from tests.api.agentos.door import confirmed, events_of, frames_of, names, rejected, row, waiting
from tests.fake_script import Answer
from tests.machine import eventually, gap_free
from tests.source import functions, modules

SCENARIOS = {
    "agno#9448": "double_continue_runs_the_tool_once",
    "agno#9869": "partial_decision_keeps_the_rest_open",
    "agno#9447": "decide_from_stored_state_only",
    "agno#8029": "team_pause_can_be_continued",
    "agno#7864": "two_member_pauses_in_one_team_run",
    "agno#5850": "second_gate_pauses_again",
    "agno#5644": "reject_then_a_new_gate_must_pause",
    "agno#5510": "continue_is_independent_of_provider_ids",
    "agno#9928": "gate_inside_a_workflow_step_is_not_skipped",
    "agno#10086": "every_tool_call_has_exactly_one_result",
    "agno#8949": "same_call_id_in_two_runs_of_a_session",
    "agno#9197": "reject_after_tool_removal",
    "agno#10366": "model_500_after_a_tool_runs_the_tool_once",
    "agno#10193": "model_failure_after_a_continue_ends_in_error",
    "agno#7161": "recall_after_pause_and_continue",
    "agno#7479": "concurrent_runs_in_one_session_all_kept",
    "agno#5816": "cancel_keeps_partial_text",
    "agno#5923": "cancel_never_500",
    "agno#6849": "client_disconnect_does_not_lose_the_run",
    "agno#7006": "multi_tool_run_without_a_stream",
    "agno#8154": "started_and_completed_come_in_pairs",
    "agno#6443": "every_block_has_an_event",
    "agno#6069": "custom_events_of_a_confirmed_tool_are_told_in_the_continue",
    "agno#5047": "team_gates_are_decided_as_tools_or_requirements",
    "agno#9761": "state_table_of_pause_and_continue_is_published",
    "agent-ui#148": "approval_ui_runs_exactly_this_call_once",
    "agno#10051": "closed_without_a_key_unless_told",
}
# Reports about what is not here.
ELSEWHERE = {"agno#9205": "no tool ends its run: `stop_after_tool_call` is always false"}


def test_every_report_is_a_test():
    tests = Counter(function.name for path in modules("tests") for function in functions(path))
    assert [name for name in SCENARIOS.values() if not tests[f"test_{name}"]] == []
    assert len(SCENARIOS) + len(ELSEWHERE) == 28


def test_cancel_keeps_partial_text(fake, teammate_with, door, aside):
    teammate_with()
    gate = fake.say("one two three").gate(after=2)
    told = door.leave().create(background="true").json()
    working = aside(driver.carry_forward, row(told).pk)
    gate.wait()
    assert eventually(lambda: door.look(told).json().get("content", "").startswith("one two"))
    assert door.cancel(told).json() == {}
    gate.release()
    working.result(10)
    seen = door.look(told).json()
    assert (seen["status"], seen["content"]) == ("CANCELLED", "one two ")
    session = door.get(f"/sessions/{seen['session_id']}").json()
    for messages in (seen["messages"], session["chat_history"]):
        assert (messages[-1]["role"], messages[-1]["content"]) == ("assistant", "one two ")
    assert names(seen["events"])[-1] == "RunCancelled"
    assert gap_free(row(told))


def test_same_call_id_in_two_runs_of_a_session(fake, posted, teammate_with, door):
    teammate_with("post")
    fake.call("post", {"text": "a"})
    first = door.run(session_id="s-1")
    fake.numbers = count(1)  # the model says its ids again
    fake.call("post", {"text": "b"})
    second = door.run(session_id="s-1")
    assert [run["tools"][0]["result"] for run in (first, second)] == ["Posted a", "Posted b"]
    assert first["tools"][0]["tool_call_id"] != second["tools"][0]["tool_call_id"]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("failures", "status"), [(1, "COMPLETED"), (9, "ERROR")])
def test_model_500_after_a_tool_runs_the_tool_once(fake, posted, teammate_with, door, failures, status):
    teammate_with("post")
    fake.call("post", {"text": "once"})
    for _ in range(failures):
        fake.error(500, retry_after=0)
    told = door.run()
    assert (told["status"], posted) == (status, ["once"])
    assert [tool["result"] for tool in told["tools"]] == ["Posted once"]


def test_continue_is_independent_of_provider_ids(fake, posted, teammate_with, door, monkeypatch):
    """A model that gives all its calls one id, or none."""
    monkeypatch.setattr(Answer, "call_id", lambda answer, place: "" if answer.number % 2 else "same")
    teammate_with("post", mode="approval")
    for text in ("a", "b"):
        fake.calls(("post", {"text": text}), ("post", {"text": text * 2}))
        paused = door.run(session_id="s-1")
        first, second = waiting(paused)
        assert door.go_on(paused, [confirmed(second), rejected(first)]).json()["status"] == "COMPLETED"
    assert posted == ["aa", "bb"]


def test_every_tool_call_has_exactly_one_result(fake, own_tool, teammate_with, door):
    """A run in the background that is continued in a stream; and the next run of its session."""

    @own_tool(external=True)
    def measure(place: str) -> str:
        """Measure."""
        raise AssertionError

    @own_tool(needs_approval=True)
    def post(text: str) -> str:
        """Post."""
        return f"Posted {text}"

    teammate_with("measure", "post")
    fake.calls(("measure", {"place": "lab"}), ("post", {"text": "a"}))
    told = door.create(background="true", session_id="s-1").json()
    outside, gated = waiting(door.look(told).json())
    events = events_of(door.go_on(told, [{**outside, "result": "21 degrees"}, confirmed(gated)], stream=True))
    assert names(events).count("RunCompleted") == 1
    said = fake.requests[-1]["messages"]
    assert [len(message.get("tool_calls", [])) for message in said if message["role"] == "assistant"] == [2]
    assert paired(said) == ["21 degrees", "Posted a"]
    door.run(message="And now?", session_id="s-1")
    assert paired(fake.requests[-1]["messages"]) == []
    assert len([message for message in door.look(told).json()["messages"] if message["role"] == "tool"]) == 2


def paired(messages):
    """The results, each behind the message that has asked for it."""
    asked = [call["id"] for message in messages for call in message.get("tool_calls", [])]
    results = [message for message in messages if message["role"] == "tool"]
    assert [result["tool_call_id"] for result in results] == asked
    assert len(set(asked)) == len(asked)
    return [result["content"] for result in results]


def test_custom_events_of_a_confirmed_tool_are_told_in_the_continue(fake, own_tool, teammate_with, door):
    @own_tool(effect="effect")
    def publish(context: ToolContext, text: str) -> str:
        """Publish."""
        context.note("call.progress", {"done": 1, "of": 2, "tool": "mine"})
        return "published"

    teammate_with("publish", mode="approval")
    fake.call("publish", {"text": "a"})
    paused = door.run()
    events = events_of(door.go_on(paused, [confirmed(*waiting(paused))], stream=True))
    assert names(events)[:4] == ["RunContinued", "ToolCallStarted", "CustomEvent", "ToolCallCompleted"]
    progress = {"kind": "call.progress", "data": {"done": 1, "of": 2, "tool": "mine"}}
    assert progress.items() <= events[2].items()
    assert "CustomEvent" in names(door.look(paused).json()["events"])


def test_a_new_run_may_start_while_one_of_its_session_waits(fake, posted, door, gated):
    other = door.run(message="And this", session_id=gated["session_id"])
    assert other["status"] == "COMPLETED"
    assert "Do it" not in [message["content"] for message in fake.requests[-1]["messages"]]
    assert door.go_on(gated, [confirmed(*waiting(gated))]).json()["status"] == "COMPLETED"


def test_every_block_has_an_event(posted, door, gated):
    raw = frames_of(door.go_on(gated, [confirmed(*waiting(gated))], stream=True)).decode()
    for block in raw.split("\n\n")[:-1]:
        assert block.startswith("event: "), block
    assert events_of(door.go_on(gated, "", stream=True))[-1]["event"] == "RunCompleted"
