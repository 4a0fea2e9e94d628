"""Decisions that come twice, at once, late, or with others of the same pause."""

import threading
from itertools import permutations

import pytest
from django.contrib.auth.models import User

from approvals.services import AlreadyDecided, decide
from runs import services
from runs.engine import driver
from runs.models import Run
from tests.fake_script import Script
from tests.machine import gap_free, kinds, no_news, refused, together, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gate(asked):
    return asked.approvals.get()


@pytest.fixture
def three(fake, posted, teammate_with, start, carry):
    """A run that waits for three decisions of one turn."""
    fake.calls(*[("post", {"text": text}) for text in ("one", "two", "three")])
    return carry(start(teammate_with("post", mode="approval")))


# --- twice, and at once ---


@pytest.mark.parametrize("verdict", ["allow", "deny"])
def test_the_same_decision_again_is_no_news(gate, asked, owner, reviewer, verdict):
    decide(gate, verdict, by=owner, digest=gate.digest)
    with no_news(asked):
        again = decide(asked.approvals.get(), verdict, by=reviewer, digest=gate.digest)
    assert (again.verdict, again.decided_by) == (verdict, owner)


@pytest.mark.parametrize(("first", "second"), [("allow", "deny"), ("deny", "allow")])
def test_the_opposite_decision_is_told_who_was_first(gate, asked, owner, reviewer, first, second):
    decide(gate, first, by=owner, digest=gate.digest)
    with refused(asked, AlreadyDecided) as late:
        decide(asked.approvals.get(), second, by=reviewer, digest=gate.digest)
    assert (late.value.gate.verdict, late.value.gate.decided_by) == (first, owner)


def test_other_arguments_after_the_decision_come_too_late(gate, asked, allow):
    allow(gate, arguments={"text": "hi"})
    with no_news(asked):
        allow(gate, arguments={"text": "hi"})
    with refused(asked, AlreadyDecided):
        allow(gate, arguments={"text": "hey"})


def test_to_stop_after_a_plain_denial_is_not_the_same_decision(gate, asked, deny):
    deny(gate)
    with refused(asked, AlreadyDecided):
        deny(gate, stop=True)


def test_deny_and_stop_twice_is_no_news(gate, asked, deny):
    deny(gate, stop=True)
    with no_news(asked):
        deny(gate, stop=True)


def test_after_the_end_the_same_decision_is_still_no_news(gate, asked, allow, carry):
    allow(gate)
    carry(asked)
    with no_news(asked):
        allow(gate)


def test_twenty_equal_decisions_at_once_are_one(gate, asked, owner, carry, posted):
    """F12."""

    def click(_):
        return decide(asked.approvals.get(), "allow", by=owner, digest=gate.digest).verdict

    assert together(20, click) == ["allow"] * 20
    carry(asked)
    assert (posted, asked.decisions.count()) == (["hello"], 1)
    assert [kinds(asked).count(kind) for kind in ("gate.decided", "run.resumed", "call.started")] == [1, 1, 1]
    assert gap_free(asked)


def test_of_allow_and_deny_at_once_one_wins_a_hundred_times(fake, posted, teammate_with, start, carry, owner):
    """F13."""
    fake.calls(*[("post", {"text": f"number {place}"}) for place in range(100)])
    run = carry(start(teammate_with("post", mode="approval")))
    gates, round_begins = list(run.approvals.values_list("pk", flat=True)), threading.Barrier(2)

    def decide_all(verdict):
        return [round_begins.wait(10) in (0, 1) and won(run, pk, verdict, owner) for pk in gates]

    allowed, denied = together(2, lambda place: decide_all(["allow", "deny"][place]))
    assert [one is not other for one, other in zip(allowed, denied, strict=True)] == [True] * 100
    carry(run)
    assert posted == [f"number {place}" for place in range(100) if allowed[place]]
    assert (run.decisions.count(), kinds(run).count("run.resumed")) == (100, 1)


def won(*decision):
    try:
        decided(*decision)
    except AlreadyDecided:
        return False
    return True


def decided(run: Run, pk: int, verdict: str, by: User):
    gate = run.approvals.get(pk=pk)
    return decide(gate, verdict, by=by, digest=gate.digest)


# --- several gates ---


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_last_decision_of_three_wakes_the_run_once(three, order, owner, carry, posted, fake):
    """F32."""
    gates = list(three.approvals.all())
    for count, place in enumerate(order, start=1):
        decided(three, gates[place].pk, "deny" if place == 1 else "allow", owner)
        three.refresh_from_db()
        assert (three.status, three.open_gates) == (("queued", 0) if count == 3 else ("paused", 3 - count))
    carry(three)
    assert posted == ["one", "three"]
    assert told(fake)[1].startswith("Denied by a person")
    assert (kinds(three).count("run.resumed"), len(told(fake))) == (1, 3)


def test_what_is_allowed_waits_for_the_rest_of_its_pause(three, owner, carry, posted):
    decided(three, three.approvals.first().pk, "allow", owner)
    with no_news(three):
        driver.carry_forward(three.pk)
    assert (three.status, posted) == ("paused", [])


def test_two_last_decisions_at_once_resume_once(fake, posted, teammate_with, start, carry, owner):
    fake.reply = lambda body: Script().calls(("post", {"text": "a"}), ("post", {"text": "b"}))
    helper = teammate_with("post", mode="approval")
    for _ in range(10):
        run = carry(start(helper))
        together(2, lambda place, run=run: decided(run, run.approvals.all()[place].pk, "allow", owner))
        run.refresh_from_db()
        assert (run.status, run.open_gates, kinds(run).count("run.resumed")) == ("queued", 0, 1)


def test_deny_and_stop_closes_the_other_gates(three, deny):
    deny(three.approvals.first(), stop=True)
    assert sorted(three.approvals.values_list("status", flat=True)) == ["cancelled", "cancelled", "decided"]
    assert set(three.calls.values_list("state", flat=True)) == {"denied", "cancelled"}
    assert kinds(three)[-1] == "run.cancelled"


# --- too late ---


def test_after_a_cancel_nobody_can_allow(gate, asked, owner, allow, carry, posted):
    """F15."""
    services.cancel(asked, by=owner)
    with refused(asked, AlreadyDecided) as late:
        allow(gate)
    assert late.value.gate.status == "cancelled"
    assert (carry(asked).status, posted) == ("cancelled", [])


def test_a_gate_left_open_by_a_run_that_is_over_decides_nothing(gate, asked, allow):
    Run.objects.filter(pk=asked.pk).update(status="completed", open_gates=0)
    with refused(asked, AlreadyDecided) as late:
        allow(gate)
    assert late.value.gate.status == "pending"


def test_cancel_and_allow_at_once_have_one_winner(gate, asked, owner, carry, posted):
    """F15."""
    acts = [
        lambda: services.cancel(Run.objects.get(pk=asked.pk), by=owner),
        lambda: won(asked, gate.pk, "allow", owner),
    ]
    together(2, lambda place: acts[place]())
    assert (carry(asked).status, posted) == ("cancelled", [])
    assert kinds(asked).count("run.cancelled") == 1
    assert asked.approvals.get().status in ("cancelled", "decided")
