"""Several decisions: together, in pieces, twice, one after the other, and taken elsewhere (contract 2.9)."""

import pytest

from approvals import services as approvals
from approvals.models import Decision, Question, ToolApproval
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
    row,
    waiting,
)
from tests.machine import no_news

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
    """F31."""

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


def test_second_gate_pauses_again(fake, posted, teammate_with, door, gated):
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


def test_reject_then_a_new_gate_must_pause(fake, posted, teammate_with, door, gated):
    fake.call("post", {"text": "again"})
    paused = door.go_on(gated, [rejected(*waiting(gated))]).json()
    assert paused["status"] == "PAUSED"
    assert [tool["confirmed"] for tool in paused["tools"]] == [False, None]
    assert door.go_on(paused, [paused["tools"][0], confirmed(paused["tools"][1])]).json()["status"] == "COMPLETED"
    assert posted == ["again"]


def test_model_failure_after_a_continue_ends_in_error(fake, posted, door, gated):
    fake.error(400)
    events = events_of(door.go_on(gated, [confirmed(*waiting(gated))], stream=True))
    assert names(events)[0] == "RunContinued"
    assert names(events)[-1] == "RunError"
    assert door.look(gated).json()["status"] == "ERROR"
    assert posted == ["hello"]


def test_recall_after_pause_and_continue(fake, posted, door, gated):
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
