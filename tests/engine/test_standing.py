"""A standing permission lifts what a mode or a teammate's setting asks, and nothing else."""

import pytest

from approvals.models import ToolApproval
from runs.options import Options
from teammates import standing
from tests.machine import results

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def allowed(owner):
    def allowed(tool="post", user_id=""):
        return standing.grant(owner, user_id, tool)

    return allowed


def test_the_call_runs_without_a_gate_and_says_why(posted, allowed, use):
    allowed()
    run = use(("post", {"text": "hello"}), mode="approval")
    assert (run.status, posted) == ("completed", ["hello"])
    assert run.calls.get().permitted_by == "by a standing permission"
    assert not ToolApproval.objects.exists()


def test_it_lifts_what_is_set_to_ask_for_a_teammate(posted, allowed, fake, teammate_with, start, carry):
    allowed()
    fake.call("post", {"text": "hello"})
    assert carry(start(teammate_with(("post", "ask")))).status == "completed"
    assert posted == ["hello"]


def test_it_holds_for_its_own_scope_only(posted, allowed, use):
    allowed(user_id="ada")
    call = ("post", {"text": "hello"})
    assert use(call, mode="approval").status == "paused"
    assert use(call, mode="approval", options=Options(user_id="bob")).status == "paused"
    assert use(call, mode="approval", options=Options(user_id="ada")).status == "completed"
    assert posted == ["hello"]


def test_it_holds_for_its_own_account_only(posted, outsider, use):
    standing.grant(outsider, "", "post")
    assert use(("post", {"text": "hello"}), mode="approval").status == "paused"
    assert posted == []


def test_a_tool_that_always_asks_goes_on_asking(own_tool, allowed, use):
    sent = []

    @own_tool(needs_approval=True)
    def fire(text: str) -> str:
        """Fire."""
        sent.append(text)
        return "Fired"

    allowed("fire")
    for mode in ("autonomous", "approval"):
        assert use(("fire", {"text": "x"}), mode=mode).status == "paused"
    assert sent == []


def test_what_is_denied_stays_denied(posted, allowed, fake, teammate_with, start, carry):
    allowed()
    fake.call("post", {"text": "hello"})
    run = carry(start(teammate_with(("post", "deny"), mode="approval")))
    assert (posted, results(run)) == ([], [("denied", "Post is denied for this teammate.")])


def test_before_a_plan_is_approved_nothing_but_reading_runs(posted, allowed, use):
    allowed()
    run = use(("post", {"text": "hello"}), mode="plan")
    assert posted == [] and run.calls.get().state == "denied"


@pytest.mark.parametrize("tool", ["AskUserQuestion", "submit_plan"])
def test_questions_and_plans_are_still_asked(allowed, fake, teammate_with, start, carry, tool):
    allowed(tool)
    options = [{"label": "Yes"}, {"label": "No"}]
    questions = {"questions": [{"question": "Really?", "header": "Really", "options": options}]}
    fake.call(tool, questions if tool == "AskUserQuestion" else {"plan": "1. Write"})
    assert carry(start(teammate_with(mode="plan"))).status == "paused"


def test_taking_it_back_brings_the_gate_back(posted, allowed, use):
    rule = allowed()
    call = ("post", {"text": "hello"})
    assert use(call, mode="approval").status == "completed"
    standing.revoke(rule)
    assert use(call, mode="approval").status == "paused"
    assert posted == ["hello"]


def test_it_may_be_taken_back_while_a_run_goes_on(own_tool, allowed, fake, teammate_with, start, carry):
    sent = []

    @own_tool()
    def tell(text: str) -> str:
        """Tell."""
        sent.append(text)
        standing.revoke(rule)
        return "Told"

    rule = allowed("tell")
    fake.call("tell", {"text": "one"})
    fake.call("tell", {"text": "two"})
    assert carry(start(teammate_with("tell", mode="approval"))).status == "paused"
    assert sent == ["one"]
