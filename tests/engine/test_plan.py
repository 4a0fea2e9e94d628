"""Plan mode: nothing but reading runs before a person has approved one revision of a plan."""

import pytest

from approvals.models import Question
from approvals.services import AlreadyDecided, Invalid, NotAllowed, Stale, answer, switch_mode
from runs import services
from runs.engine import driver
from tests.machine import gap_free, kinds, no_news, refused, together, told

pytestmark = pytest.mark.django_db(transaction=True)

APPROVE = {"answers": {"plan": "Approve"}}


@pytest.fixture
def planner(posted, teammate_with):
    return teammate_with("post", "current_time", mode="plan")


@pytest.fixture
def run(fake, planner, start, carry):
    """A run whose first plan waits."""
    fake.call("submit_plan", {"plan": "1. Post it"})
    return carry(start(planner))


@pytest.fixture
def plan(run):
    return run.questions.get()


def offered(fake, request=-1):
    return {each["function"]["name"] for each in fake.requests[request]["tools"]}


def test_the_model_is_told_to_plan_and_offered_the_means(fake, run):
    assert "submit_plan" in offered(fake)
    assert "propose it with submit_plan" in fake.requests[0]["messages"][0]["content"]


def test_the_plan_waits_as_it_was_written(run, plan):
    assert (run.status, plan.kind, plan.plan, plan.revision) == ("paused", "plan", "1. Post it", 1)
    assert kinds(run)[-2:] == ["gate.opened", "run.paused"]


def test_an_approved_plan_is_carried_out_and_still_asks_before_writing(fake, run, plan, tell, carry, allow, posted):
    tell(plan, **APPROVE)
    fake.call("post", {"text": "hello"})
    assert (carry(run).status, run.plan_approved, posted) == ("paused", True, [])
    assert told(fake) == ["Revision 1 of the plan is approved. Carry it out now."]
    assert "submit_plan" not in offered(fake)
    allow(run.approvals.get())
    assert (carry(run).status, posted) == ("completed", ["hello"])
    assert gap_free(run)


def test_a_note_goes_along_with_the_approval(fake, run, plan, tell, carry):
    tell(plan, response="Be quick", **APPROVE)
    carry(run)
    assert told(fake) == ["Revision 1 of the plan is approved. Note: Be quick Carry it out now."]


def test_feedback_makes_a_second_revision_and_the_first_is_history(fake, run, plan, tell, carry):
    fake.call("submit_plan", {"plan": "1. Ask. 2. Post it"})
    tell(plan, response="Ask first")
    assert (carry(run).status, run.plan_approved) == ("paused", False)
    assert told(fake) == ["Changes are asked for: Ask first"]
    first, second = run.questions.all()
    assert (first.status, second.status) == ("superseded", "pending")
    assert (second.revision, second.plan) == (2, "1. Ask. 2. Post it")
    assert second.digest != first.digest


def test_the_same_plan_again_is_another_revision_and_needs_its_own_approval(fake, run, plan, tell, carry, owner):
    fake.call("submit_plan", {"plan": "1. Post it"})
    tell(plan, response="No")
    carry(run)
    second = run.questions.last()
    with refused(run, Stale):
        answer(second, by=owner, digest=plan.digest, **APPROVE)
    with refused(run, AlreadyDecided):
        answer(run.questions.first(), by=owner, digest=plan.digest, **APPROVE)


def test_feedback_again_and_again_numbers_the_revisions(fake, run, tell, carry):
    for number in (2, 3, 4):
        fake.call("submit_plan", {"plan": f"plan {number}"})
        tell(run.questions.last(), response="Not yet")
        carry(run)
    assert list(run.questions.values_list("revision", flat=True)) == [1, 2, 3, 4]
    assert list(run.questions.values_list("status", flat=True)) == ["superseded"] * 3 + ["pending"]


@pytest.mark.parametrize("nothing", [{}, {"response": "  "}, {"answers": {"plan": "approve"}}, {"answers": {"x": "y"}}])
def test_silence_and_other_words_approve_nothing(run, plan, tell, nothing):
    with refused(run, Invalid):
        tell(plan, **nothing)


def test_an_outsider_approves_nothing(run, plan, tell, outsider):
    with refused(run, NotAllowed):
        tell(plan, by=outsider, **APPROVE)


def test_to_reject_and_stop_ends_the_run(fake, run, plan, tell, carry):
    tell(plan, response="Wrong idea", stop=True)
    assert (carry(run).status, len(fake.requests), run.plan_approved) == ("cancelled", 1, False)


def test_approved_twice_is_no_news_and_feedback_then_is_too_late(run, plan, tell):
    tell(plan, **APPROVE)
    with no_news(run):
        tell(plan, **APPROVE)
    with refused(run, AlreadyDecided):
        tell(plan, response="But")


def test_of_approval_and_feedback_at_once_one_wins(run, plan, owner):
    given = [APPROVE, {"response": "But"}]
    ends = together(2, lambda place: answer(run.questions.get(), by=owner, digest=plan.digest, **given[place]))
    run.refresh_from_db()
    assert sum(isinstance(end, AlreadyDecided) for end in ends) == 1
    assert run.plan_approved == isinstance(ends[1], AlreadyDecided)
    assert (run.decisions.count(), run.status) == (1, "queued")


# --- before the approval ---


def test_before_the_approval_only_reading_runs(fake, planner, start, carry, posted):
    fake.calls(("post", {"text": "hello"}), ("current_time", {}))
    fake.call("submit_plan", {"plan": "1. Post it"})
    run = carry(start(planner))
    assert (posted, run.approvals.count(), run.status) == ([], 0, "paused")
    assert list(run.calls.values_list("tool", "state")) == [
        ("post", "denied"),
        ("current_time", "succeeded"),
        ("submit_plan", "waiting"),
    ]
    assert told(fake)[0].startswith("Plan first: only reading runs")


@pytest.mark.parametrize("permission", ["allow", "ask"])
def test_plan_first_comes_before_what_is_set_for_the_tool(fake, posted, teammate_with, start, carry, permission):
    fake.call("post", {"text": "hello"})
    fake.call("submit_plan", {"plan": "1. Post it"})
    run = carry(start(teammate_with(("post", permission), mode="plan")))
    assert (posted, run.approvals.count(), run.calls.first().state) == ([], 0, "denied")


def test_a_tool_that_is_called_beside_the_plan_does_not_profit_from_it(fake, planner, start, carry, tell, posted):
    fake.calls(("submit_plan", {"plan": "1. Post it"}), ("post", {"text": "hello"}))
    run = carry(start(planner))
    tell(run.questions.get(), **APPROVE)
    carry(run)
    assert (posted, run.approvals.count()) == ([], 0)
    assert told(fake)[1].startswith("Plan first")


def test_of_two_plans_in_one_turn_the_first_is_looked_at(fake, planner, start, carry):
    fake.calls(("submit_plan", {"plan": "one"}), ("submit_plan", {"plan": "two"}))
    run = carry(start(planner))
    assert (run.status, run.questions.get().plan) == ("paused", "one")
    assert list(run.calls.values_list("state", flat=True)) == ["waiting", "failed"]


@pytest.mark.parametrize("plan", [{"plan": ""}, {"plan": "  "}, {}, {"plan": "x" * 50_001}, {"plan": "x", "ok": True}])
def test_a_plan_out_of_shape_is_refused_to_the_model(fake, planner, start, carry, plan):
    fake.call("submit_plan", plan)
    run = carry(start(planner))
    assert run.calls.get().state == "failed"
    # Words alone, in this mode, are a plan.
    assert (run.status, run.questions.get().plan) == ("paused", "Here you are.")


def test_a_plan_out_of_season_is_refused_to_the_model(fake, teammate_with, start, carry):
    fake.call("submit_plan", {"plan": "1. Post it"})
    run = carry(start(teammate_with(mode="approval")))
    assert (run.status, run.questions.count()) == ("completed", 0)
    assert told(fake) == ["No plan is wanted now. Go on with the work."]


def test_a_question_may_be_asked_before_the_plan(fake, planner, start, carry, tell):
    options = [{"label": "a"}, {"label": "b"}]
    fake.call("AskUserQuestion", {"questions": [{"question": "Which?", "header": "Which", "options": options}]})
    fake.call("submit_plan", {"plan": "1. Post a"})
    run = carry(start(planner))
    tell(run.questions.get(), answers={"Which?": "a"})
    assert carry(run).status == "paused"
    assert list(run.questions.values_list("kind", "revision")) == [("ask", 1), ("plan", 1)]


# --- a plan in words alone ---


@pytest.fixture
def worded(fake, planner, start, carry):
    fake.say("I would post it.")
    return carry(start(planner))


def test_words_alone_before_any_plan_are_a_plan(worded):
    plan = worded.questions.get()
    assert (worded.status, plan.plan, plan.call) == ("paused", "I would post it.", None)


def test_its_approval_is_a_message_to_the_model(fake, worded, tell, carry):
    fake.say("Posted.")
    tell(worded.questions.get(), **APPROVE)
    assert (carry(worded).status, worded.output) == ("completed", "Posted.")
    assert fake.requests[-1]["messages"][-2:] == [
        {"role": "assistant", "content": "I would post it."},
        {"role": "user", "content": "Revision 1 of the plan is approved. Carry it out now."},
    ]


def test_its_feedback_is_a_message_and_the_next_words_are_revision_two(fake, worded, tell, carry):
    fake.say("I would ask, then post it.")
    tell(worded.questions.get(), response="Ask first")
    carry(worded)
    assert fake.requests[-1]["messages"][-1] == {"role": "user", "content": "Changes are asked for: Ask first"}
    plan = Question.objects.get(run=worded, status="pending")
    assert (plan.revision, plan.plan) == (2, "I would ask, then post it.")


def test_a_silent_model_has_no_plan(fake, planner, start, carry):
    fake.say("")
    assert carry(start(planner)).questions.count() == 0


def test_a_reply_plans_anew(fake, run, plan, tell, carry, owner):
    tell(plan, **APPROVE)
    carry(run)
    again = services.reply(run, "And now?", by=owner)
    assert (carry(again).status, again.plan_approved, again.questions.get().revision) == ("paused", False, 1)


def test_a_plan_of_text_alone_is_no_longer_than_any_plan(fake, planner, start, carry):
    fake.say("# step\n" * 10_000)
    run = carry(start(planner))
    assert len(run.questions.get().plan) == 50_000


@pytest.mark.parametrize("call", [False, True])
def test_who_is_switched_while_it_plans_needs_no_approval(fake, planner, start, aside, owner, call):
    script = fake.say("I plan to post it")
    if call:
        script.call("submit_plan", {"plan": "1. Post it"})
        fake.say("Then at once.")
    planning = script.gate(after=2)
    run = start(planner)
    working = aside(driver.carry_forward, run.pk)
    planning.wait()
    switch_mode(run, "autonomous", by=owner)
    planning.release()
    working.result(20)
    run.refresh_from_db()
    assert (run.status, run.questions.count()) == ("completed", 0)
