"""A worker dies. Whoever comes next goes on from the rows, and repeats nothing that must not be repeated."""

import pytest
from django.db import OperationalError

from runs import recovery
from runs.engine import driver
from runs.models import Run
from runs.signals import run_paused
from teammates.services import save
from teammates.tools.registry import registry
from tests.machine import gap_free, heard_first, kinds, told

pytestmark = pytest.mark.django_db(transaction=True)

EXECUTE = "runs.engine.toolbox.execute"


@pytest.mark.parametrize(
    ("place", "after"),
    [
        ("runs.engine.model.Model.respond", False),
        ("runs.engine.transcript.Transcript.add", False),
        ("runs.engine.transcript.Transcript.add", True),
        ("runs.engine.toolbox.Toolbox._permit", False),
        ("runs.engine.toolbox.Toolbox._permit", True),
        ("runs.engine.toolbox.Toolbox._end", True),
        ("runs.engine.driver.finish", False),
    ],
)
def test_a_run_whose_worker_died_goes_on(call, kill, lapse, carry, place, after):
    keys, run = call("effect")
    assert kill(run, place, after=after).status == "running"
    lapse(run)
    assert (carry(run).status, run.output, len(keys)) == ("completed", "Here you are.", 1)
    assert list(run.messages.values_list("turn", flat=True)) == [1, 2]
    assert gap_free(run)


def test_a_run_whose_worker_died_in_the_claim_is_still_in_the_queue(call, kill, carry):
    keys, run = call("effect")
    assert kill(run, "runs.journal.append").status == "queued"
    assert (carry(run).status, len(keys), kinds(run).count("run.started")) == ("completed", 1, 1)


def test_a_pause_is_whole_or_not_at_all(asked, posted, fake, start, kill, lapse, carry):
    fake.call("post", {"text": "hello"})
    run = kill(start(asked.teammate), "approvals.asking.approval_of", after=True)
    assert (run.status, run.approvals.count(), run.open_gates) == ("running", 0, 0)
    lapse(run)
    assert (carry(run).status, run.approvals.count(), len(fake.requests)) == ("paused", 1, 2)


def test_what_was_decided_stays_decided(asked, allow, kill, lapse, carry, posted):
    allow(asked.approvals.get())
    kill(asked, "runs.engine.toolbox.Toolbox._start")
    lapse(asked)
    assert (carry(asked).status, posted, asked.approvals.count()) == ("completed", ["hello"], 1)


def test_a_broken_receiver_undoes_the_pause_and_the_run_says_so(asked, fake, start):
    def break_down(**kwargs):
        raise LookupError("broken")

    fake.call("post", {"text": "hello"})
    run = start(asked.teammate)
    run_paused.connect(break_down)
    try:
        with pytest.raises(LookupError):
            driver.carry_forward(run.pk)
    finally:
        run_paused.disconnect(break_down)
    run.refresh_from_db()
    assert (run.status, run.error_code, run.approvals.count()) == ("failed", "internal", 0)
    assert (run.calls.get().state, kinds(run)[-1]) == ("cancelled", "run.failed")


def test_a_database_that_is_away_for_a_moment_fails_no_run(call, monkeypatch, lapse, carry):
    """F44."""
    keys, run = call("effect")
    with monkeypatch.context() as broken:
        broken.setattr("runs.engine.transcript.Transcript.add", away)
        driver.carry_forward(run.pk)
    lapse(run)
    assert (carry(run).status, len(keys)) == ("completed", 1)


def away(*args):
    raise OperationalError("database is locked")


# --- text ---


def test_the_text_of_an_attempt_that_died_is_taken_back(fake, start, teammate_with, kill, lapse, carry):
    run, gate = start(teammate_with()), fake.say("Once upon a time").gate(after=2)
    with heard_first(gate):
        kill(run, "runs.engine.transcript.Transcript.said")
    lapse(run)
    fake.say("There was a king")
    assert carry(run).output == "There was a king"
    assert kinds(run) == [
        "run.queued",
        "run.started",
        "turn.started",
        "turn.restarted",
        "turn.finished",
        "run.completed",
    ]
    assert list(run.messages.values_list("text", flat=True)) == ["There was a king"]


def test_a_reply_that_was_saved_is_not_asked_for_again(call, fake, kill, lapse, carry):
    _, run = call("effect")
    kill(run, "runs.engine.transcript.Transcript.add", after=True)
    lapse(run)
    assert (carry(run).output, len(fake.requests)) == ("Here you are.", 2)
    assert "turn.restarted" not in kinds(run)


def test_the_last_reply_is_saved_with_the_end_or_asked_for_again(fake, start, teammate_with, kill, lapse, carry):
    fake.say("An answer")
    run = kill(start(teammate_with()), "runs.engine.driver.finish")
    assert (run.status, run.messages.count()) == ("running", 0)
    lapse(run)
    fake.say("Another answer")
    assert carry(run).output == "Another answer"
    assert list(run.messages.values_list("text", flat=True)) == ["Another answer"]


def test_after_attention_the_interrupted_turn_is_taken_back_too(fake, start, teammate_with, kill, lapse, carry, tell):
    run = start(teammate_with())
    for _ in range(3):
        with heard_first(fake.say("one two").gate(after=1)):
            kill(run, "runs.engine.transcript.Transcript.said")
        lapse(run)
    tell(carry(run).questions.get(), answers={"attention": "Go on"})
    assert carry(run).status == "completed"
    assert [kind for kind in kinds(run) if kind.startswith("turn.")] == ["turn.started"] + ["turn.restarted"] * 3 + [
        "turn.finished"
    ]


# --- a call that was started ---


@pytest.mark.parametrize("effect", ["pure", "read", "idempotent"])
@pytest.mark.parametrize("after", [False, True], ids=["before the effect", "after it"])
def test_a_call_that_is_safe_to_repeat_is_repeated_with_the_same_key(call, kill, lapse, carry, effect, after, fake):
    keys, run = call(effect)
    kill(run, EXECUTE, after=after)
    lapse(run)
    assert (carry(run).status, told(fake)) == ("completed", ["Done it"])
    assert (len(keys), len(set(keys))) == (2 if after else 1, 1)
    assert (run.calls.count(), run.questions.count()) == (1, 0)


@pytest.mark.parametrize(("found", "asked_again"), [("It is there", False), (None, True)])
def test_a_call_that_can_be_looked_up_is_repeated_only_if_it_never_arrived(
    call, kill, lapse, carry, fake, found, asked_again
):
    looked = []
    keys, run = call("reconcilable", reconcile=lambda key: looked.append(key) or found)
    kill(run, EXECUTE)
    lapse(run)
    assert (carry(run).status, looked) == ("completed", [str(run.calls.get().idempotency_key)])
    assert (told(fake), len(keys)) == (["Done it" if asked_again else found], int(asked_again))


def test_a_look_up_that_breaks_leaves_the_question_to_a_person(call, kill, lapse, carry):
    keys, run = call("reconcilable", reconcile=lambda key: 1 / 0)
    kill(run, EXECUTE, after=True)
    lapse(run)
    assert (carry(run).status, run.questions.get().kind, len(keys)) == ("paused", "unknown", 1)
    assert "could not look it up" in run.questions.get().why


@pytest.mark.parametrize("after", [False, True], ids=["before the effect", "after it"])
def test_a_call_with_an_effect_is_never_repeated_but_asked_about(call, kill, lapse, carry, after):
    keys, run = call("effect")
    kill(run, EXECUTE, after=after)
    lapse(run)
    assert (carry(run).status, len(keys)) == ("paused", int(after))
    assert (run.calls.get().state, run.questions.get().kind) == ("outcome_unknown", "unknown")
    assert run.questions.get().questions[0]["question"] == "Did “Act” happen?"


def test_a_started_call_whose_tool_is_gone_is_asked_about(call, kill, lapse, carry):
    keys, run = call("read")
    kill(run, EXECUTE)
    lapse(run)
    registry.remove("act")
    assert (carry(run).status, run.questions.get().kind, keys) == ("paused", "unknown", [])


def test_a_started_call_that_is_denied_meanwhile_is_not_repeated(call, kill, lapse, carry, fake):
    keys, run = call("idempotent")
    kill(run, EXECUTE)
    lapse(run)
    save(run.teammate, [("act", "deny")])
    assert (carry(run).status, run.calls.get().state, keys) == ("completed", "failed", [])
    assert told(fake) == ["Act is denied for this teammate now."]


def test_a_started_call_whose_arguments_changed_is_not_repeated(call, kill, lapse, carry, fake):
    keys, run = call("idempotent")
    kill(run, EXECUTE)
    lapse(run)
    run.calls.update(arguments={"text": "something else"})
    assert (carry(run).status, run.calls.get().state, keys) == ("completed", "failed", [])


def test_a_started_call_whose_tool_changed_is_asked_about(call, kill, lapse, carry, own_tool):
    keys, run = call("idempotent")
    kill(run, EXECUTE)
    lapse(run)
    registry.remove("act")
    own_tool(effect="idempotent", name="act")(lambda: keys.append("new"))
    assert (carry(run).status, run.questions.get().kind, keys) == ("paused", "unknown", [])


def test_every_finished_turn_counts_anew(call, kill, lapse, carry, monkeypatch):
    run = call("pure")[1]
    for place in ["runs.engine.model.Model.respond", "runs.engine.model.Model.respond", EXECUTE, EXECUTE]:
        kill(run, place)
        lapse(run)
    assert carry(run).status == "completed"


def test_a_state_of_a_newer_release_is_not_touched(call, carry, fake, tell):
    """F25."""
    keys, run = call("effect")
    Run.objects.filter(pk=run.pk).update(state_schema=2)
    assert (carry(run).status, run.questions.get().kind, fake.requests) == ("paused", "attention", [])
    assert "newer release" in run.questions.get().why
    tell(run.questions.get(), answers={"attention": "Go on"})
    assert (carry(run).status, run.questions.count(), keys) == ("paused", 2, [])


@pytest.mark.sqlite
def test_a_new_process_takes_back_what_others_held_and_not_its_own(fake, teammate_with, start, carry, aside):
    """F45."""
    gate = fake.say("one two").gate(after=1)
    mine, other = start(teammate_with()), start(teammate_with(slug="other"))
    streaming = aside(driver.carry_forward, mine.pk)
    gate.wait()
    Run.objects.filter(pk=other.pk).update(status="running", lease="another-boot:1", started_at=mine.created_at)
    assert recovery.take_up() == 1
    gate.release()
    streaming.result(10)
    assert carry(other).status == carry(mine).status == "completed"
    assert "turn.restarted" not in kinds(mine)
