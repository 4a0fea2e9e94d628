"""Leases: one worker holds a run, prolongs its hold while it works, and lets go when it must."""

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from runs import recovery
from runs.engine import driver, holds
from runs.models import Run
from tests.fake_script import Script
from tests.machine import eventually, gap_free, kinds, together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def streaming(fake, teammate_with, start, aside):
    """A run in mid-sentence; what carries it, and the gate of the model."""
    gate = fake.say("one two three").gate(after=2)
    run = start(teammate_with("current_time"))
    carrying = aside(driver.carry_forward, run.pk)
    gate.wait()
    assert eventually(lambda: run.events.filter(kind="text").exists())
    run.refresh_from_db()
    yield run, carrying, gate
    gate.release()


@pytest.fixture
def closing(monkeypatch):
    """A process that may be closed, and is open again after the test."""
    monkeypatch.setattr(holds, "_closed", threading.Event())
    return holds.close


def age(run, seconds=60):
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=seconds))


def test_of_twenty_workers_one_gets_the_run(fake, teammate_with, start):
    run = start(teammate_with())
    together(20, lambda _: driver.carry_forward(run.pk))
    run.refresh_from_db()
    assert (run.status, len(fake.requests), kinds(run).count("run.started")) == ("completed", 1, 1)


def test_working_runs_are_prolonged(streaming):
    run = streaming[0]
    age(run)
    holds.renew()
    run.refresh_from_db()
    assert run.lease_until > timezone.now()
    assert recovery.sweep() == 0


def test_a_message_that_comes_twice_does_not_loosen_the_hold(streaming):
    """F21."""
    run, carrying, gate = streaming
    together(3, lambda _: driver.carry_forward(run.pk))
    age(run)
    holds.renew()
    run.refresh_from_db()
    assert (holds.count(), run.lease_until > timezone.now()) == (1, True)
    gate.release()
    carrying.result(5)
    assert kinds(run)[-1] == "run.completed"


def test_a_beat_between_a_claim_and_its_commit_does_not_loosen_the_hold(fake, teammate_with, start, monkeypatch, carry):
    real = driver.claim
    monkeypatch.setattr(driver, "claim", lambda run_id, hold: holds.renew() or real(run_id, hold))
    assert carry(start(teammate_with())).status == "completed"


def test_who_has_lost_the_run_is_interrupted(streaming, fake):
    run, carrying, _ = streaming
    Run.objects.filter(pk=run.pk).update(lease="another:1")
    holds.renew()
    carrying.result(5)
    fake.wait_for_drop()
    run.refresh_from_db()
    assert (run.status, run.lease, holds.count()) == ("running", "another:1", 0)


def test_after_a_sleep_of_the_machine_nobody_takes_the_run_from_who_works_on_it(acting, aside):
    run, carrying, end = acting
    age(run, 3600)
    assert recovery.sweep() == 0
    end.set()
    carrying.result(10)
    run.refresh_from_db()
    assert (run.status, run.calls.get().state) == ("completed", "succeeded")


def test_two_holders_in_one_process_do_not_mix_their_words(streaming, fake, aside):
    """Another process took the run for lost, and this one has claimed it again."""
    run, first, gate = streaming
    assert recovery.requeue(Run.objects.filter(pk=run.pk)) == 1
    second_gate = fake.say("alpha beta gamma").gate(after=1)
    second = aside(driver.carry_forward, run.pk)
    second_gate.wait()
    gate.release()
    first.result(5)
    second_gate.release()
    second.result(5)
    run.refresh_from_db()
    assert (run.status, run.output) == ("completed", "alpha beta gamma")
    after = run.events.get(kind="turn.restarted").seq
    assert "".join(e.data["delta"] for e in run.events.filter(kind="text", seq__gt=after)) == "alpha beta gamma"
    assert gap_free(run)


# --- a process that goes away ---


def test_a_process_that_goes_away_hands_its_runs_back(streaming, closing, fake):
    run, carrying, _ = streaming
    closing(5)
    carrying.result(5)
    fake.wait_for_drop()
    run.refresh_from_db()
    assert (run.status, run.lease, run.attempt, holds.count()) == ("queued", "", 0, 0)


def test_the_next_process_takes_the_half_sentence_back(streaming, closing, fake, carry, monkeypatch):
    run, carrying, _ = streaming
    closing(5)
    carrying.result(5)
    monkeypatch.setattr(holds, "_closed", threading.Event())
    fake.say("Anew")
    assert carry(run).output == "Anew"
    assert [kind for kind in kinds(run) if kind.startswith("turn.")] == [
        "turn.started",
        "turn.restarted",
        "turn.finished",
    ]


def test_a_process_that_goes_away_takes_no_more_runs(fake, teammate_with, start, carry, closing):
    closing(0)
    assert carry(start(teammate_with())).status == "queued"


def test_a_run_claimed_at_the_last_moment_is_handed_back(fake, teammate_with, start, carry, closing, monkeypatch):
    real = driver.claim
    monkeypatch.setattr(driver, "claim", lambda *args: (real(*args), closing(0))[0])
    run = carry(start(teammate_with()))
    assert (run.status, run.lease, run.messages.count()) == ("queued", "", 0)


@pytest.fixture
def acting(own_tool, fake, teammate_with, start, aside):
    """A run in the middle of a call with an effect; what carries it, and what lets the call end."""
    begun, end = threading.Event(), threading.Event()

    @own_tool(effect="effect")
    def act() -> str:
        """Act, slowly."""
        begun.set()
        end.wait(10)
        return "Done"

    fake.reply = lambda body: None if len(body["messages"]) > 1 else Script().call("act", {})
    run = start(teammate_with("act"))
    carrying = aside(driver.carry_forward, run.pk)
    assert begun.wait(10)
    yield run, carrying, end
    end.set()


def test_a_call_in_mid_effect_is_waited_for(acting, closing, aside):
    run, carrying, end = acting
    leaving = aside(closing, 10)
    assert eventually(holds.closed)
    end.set()
    leaving.result(10)
    carrying.result(5)
    run.refresh_from_db()
    assert (run.status, run.calls.get().state, run.calls.get().result) == ("queued", "succeeded", "Done")


def test_a_call_that_does_not_end_in_time_is_asked_about_by_the_next_process(acting, closing, carry, monkeypatch):
    run, carrying, _ = acting
    closing(0)
    carrying.result(5)
    run.refresh_from_db()
    assert (run.status, run.calls.get().state) == ("running", "started")
    monkeypatch.setattr(holds, "_closed", threading.Event())
    assert recovery.requeue(Run.objects.filter(pk=run.pk)) == 1
    assert (carry(run).status, run.questions.get().kind) == ("paused", "unknown")
