"""What time heals: leases of the dead, and messages that were lost."""

from datetime import timedelta
from types import SimpleNamespace

import amqp
import pytest
from celery import current_app
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from runs import recovery, wakeup
from runs.engine import holds
from runs.models import Run
from runs.tasks import advance_run, sweep
from tests.machine import kinds, no_news, refused, together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def woken(monkeypatch):
    """The runs that a message was sent for."""
    sent = []
    monkeypatch.setattr(wakeup, "_send", sent.append)
    return sent


def test_a_broker_that_goes_away_under_an_open_connection_is_away(asked, allow, monkeypatch, caplog):
    """The transport then raises errors of its own, which say nothing of the run."""

    def gone(*args, **kwargs):
        raise amqp.ConnectionForced("gone")

    monkeypatch.setattr(current_app.amqp, "send_task_message", gone)
    allow(asked.approvals.get())
    asked.refresh_from_db()
    assert asked.status == "queued" and "The broker is away" in caplog.text


@pytest.fixture
def queued(start, teammate_with, woken):
    """Make runs that have waited in the queue for so long."""
    helper = []

    def queued(count=1, seconds=60):
        helper[:] = helper or [teammate_with()]
        runs = [start(helper[0]) for _ in range(count)]
        past = timezone.now() - timedelta(seconds=seconds)
        Run.objects.filter(pk__in=[run.pk for run in runs]).update(woken_at=past)
        woken.clear()
        return runs

    return queued


def held(run, seconds):
    until = timezone.now() + timedelta(seconds=seconds)
    Run.objects.filter(pk=run.pk).update(status="running", lease="dead:1", lease_until=until)


def test_a_lapsed_lease_sends_the_run_back_to_the_queue(queued, woken):
    [run] = queued()
    held(run, -1)
    assert (recovery.sweep(), woken) == (1, [run.pk])
    run.refresh_from_db()
    assert (run.status, run.lease, run.lease_until) == ("queued", "", None)


def test_a_lease_that_holds_is_left_alone(queued, woken):
    [run] = queued()
    held(run, 5)
    with no_news(run):
        assert (recovery.sweep(), woken) == (0, [])


@pytest.mark.parametrize("status", ["paused", "completed", "failed", "cancelled"])
def test_only_running_runs_have_leases_that_lapse(queued, status):
    [run] = queued()
    held(run, -1)
    Run.objects.filter(pk=run.pk).update(status=status)
    with no_news(run):
        assert recovery.sweep() == 0


def test_a_lost_message_is_sent_again(queued, woken, carry, fake):
    [run] = queued()
    assert (recovery.sweep(), woken) == (1, [run.pk])
    advance_run(woken[0])
    run.refresh_from_db()
    assert run.status == "completed"


def test_after_a_lost_message_of_a_decision_the_run_goes_on(asked, allow, woken, posted):
    """F17."""
    allow(asked.approvals.get())
    woken.clear()
    Run.objects.filter(pk=asked.pk).update(woken_at=timezone.now() - timedelta(seconds=11))
    sweep()
    advance_run(woken[0])
    assert posted == ["hello"]


def test_it_is_not_sent_again_and_again(queued, woken):
    queued()
    assert (recovery.sweep(), recovery.sweep(), len(woken)) == (1, 0, 1)


def test_a_fresh_one_is_given_time(queued, woken):
    queued(seconds=5)
    assert (recovery.sweep(), woken) == (0, [])


def test_no_more_than_there_are_slots_for_and_the_oldest_first(queued, woken, settings):
    settings.SLOTS = 2
    runs = queued(5)
    assert recovery.sweep() == 2
    assert woken == [runs[0].pk, runs[1].pk]


def test_a_full_process_wakes_nobody(queued, woken, settings):
    settings.SLOTS = holds.count()
    queued()
    assert (recovery.sweep(), woken) == (0, [])


def test_two_sweeps_at_once_put_a_run_back_once(queued, woken):
    [run] = queued()
    held(run, -1)
    assert sorted(together(4, lambda _: recovery.sweep())) == [0, 0, 0, 1]
    assert woken == [run.pk]


def test_a_message_that_comes_three_times_moves_the_run_once(asked, allow, posted, fake):
    """F18."""
    allow(asked.approvals.get())
    together(3, lambda _: advance_run(asked.pk))
    assert (posted, kinds(asked).count("call.started")) == (["hello"], 1)


def test_messages_for_what_has_ended_or_never_was_do_nothing(asked, owner, deny):
    deny(asked.approvals.get(), stop=True)
    with no_news(asked):
        advance_run(asked.pk)
        advance_run(10**9)


def test_a_run_starts_though_the_broker_is_away(start, teammate_with, monkeypatch, caplog):
    def away(*args, **kwargs):
        raise OperationalError("no broker")

    monkeypatch.setattr(wakeup, "post", away)
    assert start(teammate_with()).status == "queued"
    assert "the sweep will start run" in caplog.text


def test_nobody_is_woken_for_what_is_not_committed(start, teammate_with, woken, asked, allow):
    helper = teammate_with(slug="another")
    woken.clear()
    with refused(asked, ZeroDivisionError), transaction.atomic():
        start(helper)
        allow(asked.approvals.get())
        raise ZeroDivisionError
    assert woken == []


# --- the start of a process ---


def test_what_was_queued_when_the_last_process_ended_starts_at_once(queued, woken):
    [run] = queued(seconds=0)
    assert (recovery.sweep(), woken) == (0, [])
    assert (recovery.take_up(), woken) == (1, [run.pk])


@pytest.mark.sqlite
def test_what_the_last_process_held_is_taken_from_it_and_woken_once(queued, woken):
    [run] = queued(seconds=0)
    held(run, 10)
    assert (recovery.take_up(), woken) == (1, [run.pk])
    run.refresh_from_db()
    assert (run.status, run.lease) == ("queued", "")


def test_where_other_workers_may_live_their_runs_are_left_to_them(queued, woken, monkeypatch):
    [run] = queued(seconds=0)
    held(run, 10)
    monkeypatch.setattr(recovery, "connection", SimpleNamespace(vendor="postgresql"))
    with no_news(run):
        assert (recovery.take_up(), woken) == (0, [])
