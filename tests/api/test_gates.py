"""Tool calls that wait (contract 1.8): how they are listed, and what each decision comes to, to the letter."""

import pytest

from approvals.models import Decision, ToolApproval
from runs.models import Run
from runs.states import GateStatus, RunStatus
from teammates.models import PermissionRule
from tests.api.door import frames_of, problem_of
from tests.machine import kinds, no_news, together


@pytest.fixture
def decide(api, asked):
    """Decide the one call that waits."""

    def decide(decision="allow", **more):
        gate = ToolApproval.objects.get(run=asked)
        return api.post(
            f"/runs/{asked.pk}/approve", {"request_id": f"approval-{gate.pk}", "decision": decision, **more}
        )

    return decide


# --- listed ---


def test_a_waiting_call_has_every_key_that_clients_read(asked, api):
    [gate] = api.gates(asked)
    assert gate["request_id"] == f"approval-{ToolApproval.objects.get().pk}"
    assert (gate["tool_name"], gate["tool_input"], gate["status"]) == ("post", {"text": "hello"}, "pending")
    assert (gate["remembered"], gate["can_remember"], gate["resolved_at"]) == (False, True, None)
    assert gate["tool_use_id"].startswith("call_")
    assert gate["created_at"].endswith("Z")


def test_gates_are_listed_oldest_first_and_stay_when_they_are_decided(two, api):
    run, (first, second) = two
    api.post(f"/runs/{run.pk}/approve", {"request_id": first, "decision": "deny"})
    assert [(gate["request_id"], gate["status"]) for gate in api.gates(run)] == [(first, "denied"), (second, "pending")]


def test_a_run_that_asked_nothing_has_an_empty_list(api):
    assert api.gates(api.run()) == []


# --- decided ---


def test_an_allowed_call_runs_once_and_the_run_goes_on(asked, api, decide, posted, carry):
    response = decide()
    assert response.status_code == 200
    assert (response.json()["status"], response.json()["resumed"]) == ("allowed", True)
    assert api.get(f"/runs/{asked.pk}").json()["status"] == "running"
    assert carry(asked).status == RunStatus.COMPLETED
    assert posted == ["hello"]


def test_a_denied_call_does_not_run_and_the_model_reads_why(asked, fake, decide, posted, carry):
    assert decide("deny", reason="Not today.").json()["status"] == "denied"
    assert carry(asked).status == RunStatus.COMPLETED
    assert posted == []
    assert "Not today." in fake.requests[-1]["messages"][-1]["content"]


def test_who_decided_by_which_way_is_kept(asked, decide, owner):
    decide()
    kept = Decision.objects.get()
    assert (kept.by, kept.via, kept.verdict) == (owner, "m8tes", "allow")


@pytest.mark.parametrize("end", ["going on", "ended", "stopped"])
@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_the_same_decision_again_is_the_same_answer(asked, api, decide, carry, decision, end):
    first = decide(decision).json()
    if end == "ended":
        carry(asked)
    if end == "stopped":
        api.post(f"/runs/{asked.pk}/cancel")
    with no_news(asked):
        again = decide(decision)
    assert again.status_code == 200
    assert again.json() == first


@pytest.mark.parametrize("end", ["going on", "ended", "stopped"])
@pytest.mark.parametrize(("first", "then"), [("allow", "deny"), ("deny", "allow")])
def test_the_opposite_decision_comes_too_late(asked, api, decide, carry, first, then, end):
    decide(first)
    if end == "ended":
        carry(asked)
    if end == "stopped":
        api.post(f"/runs/{asked.pk}/cancel")
    with no_news(asked):
        assert problem_of(decide(then)) == (404, "gate_resolved_otherwise")


@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_a_gate_that_was_closed_by_a_stop_is_cancelled(asked, api, decide, posted, decision):
    api.post(f"/runs/{asked.pk}/cancel")
    with no_news(asked):
        assert problem_of(decide(decision)) == (404, "gate_cancelled")
    assert posted == []


def test_a_gate_that_was_replaced_by_a_newer_one_is_cancelled(asked, decide):
    ToolApproval.objects.update(status=GateStatus.SUPERSEDED)
    with no_news(asked):
        assert problem_of(decide()) == (404, "gate_cancelled")


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.COMPLETED, RunStatus.CANCELLED])
def test_an_open_gate_of_a_run_that_is_over_is_not_active(asked, decide, status):
    Run.objects.filter(pk=asked.pk).update(status=status, open_gates=0)
    with no_news(asked):
        assert problem_of(decide()) == (409, "run_not_active")


UNKNOWN = ["approval-99999", "approval-", "approval", "", "question-1", "x", "approval-x", "approval-²", "-1", "call_1"]


@pytest.mark.parametrize("name", [*UNKNOWN, f"approval-{10**30}", "approval-1 ", "approval--1"])
def test_a_gate_that_the_run_has_not_is_not_found(asked, api, name):
    with no_news(asked):
        response = api.post(f"/runs/{asked.pk}/approve", {"request_id": name, "decision": "allow"})
    assert problem_of(response) == (404, "gate_not_found")


def test_the_gate_of_another_run_is_not_found(asked, api):
    other = api.run()
    name = api.gates(asked)[0]["request_id"]
    with no_news(asked):
        response = api.post(f"/runs/{other.pk}/approve", {"request_id": name, "decision": "allow"})
    assert problem_of(response) == (404, "gate_not_found")


@pytest.mark.parametrize("more", [{"decision": "maybe"}, {"decision": ""}, {"decision": None}, {"remember": "perhaps"}])
def test_other_words_are_refused(asked, api, more):
    name = api.gates(asked)[0]["request_id"]
    with no_news(asked):
        response = api.post(f"/runs/{asked.pk}/approve", {"request_id": name, **more})
    assert problem_of(response) == (422, "invalid")


def test_without_a_decision_it_is_allowed_as_the_sdk_says(asked, api, posted, carry):
    api.post(f"/runs/{asked.pk}/approve", {"request_id": api.gates(asked)[0]["request_id"]})
    carry(asked)
    assert posted == ["hello"]


def test_a_reason_has_a_limit(asked, decide):
    with no_news(asked):
        assert problem_of(decide("deny", reason="x" * 20_001))[0] == 422


# --- several at once ---


def test_the_run_waits_until_every_gate_of_the_pause_is_decided(two, api, carry, posted):
    run, (first, second) = two
    assert api.post(f"/runs/{run.pk}/approve", {"request_id": first}).json()["resumed"] is False
    assert api.get(f"/runs/{run.pk}").json()["status"] == "awaiting_approval"
    assert api.post(f"/runs/{run.pk}/approve", {"request_id": second, "decision": "deny"}).json()["resumed"] is True
    carry(run)
    assert posted == ["one"]
    assert kinds(run).count("run.resumed") == 1


def test_two_last_decisions_at_once_resume_the_run_once(two, api, carry, posted):
    run, names = two
    answers = together(2, lambda place: api.post(f"/runs/{run.pk}/approve", {"request_id": names[place]}))
    assert sorted(answer.json()["resumed"] for answer in answers)[-1] is True
    carry(run)
    assert sorted(posted) == ["one", "two"]
    assert kinds(run).count("run.resumed") == 1


def test_of_opposite_decisions_at_once_one_holds_and_the_others_are_told(asked, api, carry, posted):
    name = api.gates(asked)[0]["request_id"]
    words = ["allow", "deny", "allow", "deny"]
    answers = together(
        4, lambda place: api.post(f"/runs/{asked.pk}/approve", {"request_id": name, "decision": words[place]})
    )
    [status] = {answer.json()["status"] for answer in answers if answer.status_code == 200}
    late = [problem_of(answer) for answer in answers if answer.status_code != 200]
    assert late == [(404, "gate_resolved_otherwise")] * 2
    carry(asked)
    assert posted == (["hello"] if status == "allowed" else [])
    assert Decision.objects.count() == 1


# --- remembered ---


def test_a_remembered_decision_holds_for_the_rest_of_the_run_and_for_later_ones(
    asked, fake, api, decide, carry, posted
):
    fake.call("post", {"text": "again"})
    assert decide(remember=True).json()["remembered"] is True
    assert carry(asked).status == RunStatus.COMPLETED
    fake.call("post", {"text": "later"})
    later = api.run(asked.teammate, human_in_the_loop=True, permission_mode="approval")
    assert carry(later).status == RunStatus.COMPLETED
    assert posted == ["hello", "again", "later"]


def test_what_is_remembered_is_remembered_for_that_end_user_only(asked, fake, api, decide, carry):
    decide(remember=True)
    carry(asked)
    fake.call("post", {"text": "again"})
    other = api.run(asked.teammate, human_in_the_loop=True, permission_mode="approval", user_id="ann")
    assert carry(other).status == RunStatus.PAUSED


def test_a_decision_may_be_remembered_later_and_is_never_forgotten_by_repeating_it(asked, api, decide):
    assert decide().json()["remembered"] is False
    assert decide(remember=True).json()["remembered"] is True
    assert decide(remember=False).json()["remembered"] is True
    assert PermissionRule.objects.count() == 1
    assert api.gates(asked)[0]["remembered"] is True


def test_a_denial_is_not_remembered(asked, decide):
    assert decide("deny", remember=True).json()["remembered"] is False
    assert not PermissionRule.objects.exists()


def test_a_tool_that_always_asks_goes_on_asking(fake, teammate_with, api, carry):
    fake.call("announce", {"channel": "a", "text": "b"})
    run = carry(api.run(teammate_with("announce"), human_in_the_loop=True, permission_mode="approval"))
    [gate] = api.gates(run)
    assert gate["can_remember"] is False
    body = {"request_id": gate["request_id"], "remember": True}
    assert api.post(f"/runs/{run.pk}/approve", body).json()["remembered"] is False


def test_whoever_sees_the_frame_may_decide_at_once(fake, posted, teammate_with, api, carry):
    fake.call("post", {"text": "hello"})
    body = {"message": "Do it", "human_in_the_loop": True, "permission_mode": "approval"}
    response = api.post("/runs", {**body, "teammate_id": teammate_with("post").pk})
    run = carry(Run.objects.get())
    asked = frames_of(response)[-1]
    assert asked["type"] == "awaiting_approval"
    assert api.post(f"/runs/{run.pk}/approve", {"request_id": asked["request_id"]}).status_code == 200
