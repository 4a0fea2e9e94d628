"""F44: machines whose clocks are wrong. Leases go by the database's, so nobody loses a run or keeps it too long."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from approvals import doctor, health
from runs import clock, recovery
from runs.engine import driver, holds
from runs.models import Run
from tests.machine import no_news

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no clock of its own"),
]
true_now = timezone.now


@pytest.fixture(params=[timedelta(hours=1), timedelta(hours=-1)], ids=["an hour ahead", "an hour back"])
def jump(request, monkeypatch):
    """The clock of this machine is set; nothing is told of it."""
    clock.read()
    return lambda: monkeypatch.setattr(timezone, "now", lambda: true_now() + request.param)


@pytest.fixture
def claimed(start, teammate_with):
    """A run that a worker has just taken."""
    run = start(teammate_with())

    def claimed():
        with holds.Hold() as hold:
            assert driver.claim(run.pk, hold)
        run.refresh_from_db()
        return run

    return claimed


def lease_of(run):
    """Seconds that it has left, by the database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXTRACT(EPOCH FROM lease_until - clock_timestamp()) FROM runs_run WHERE id = %s", [run.pk]
        )
        return float(cursor.fetchone()[0])


def test_a_worker_with_a_wrong_clock_takes_a_run_for_as_long_as_any_other(claimed, jump):
    jump()
    assert lease_of(claimed()) == pytest.approx(15, abs=2)


def test_a_worker_with_a_wrong_clock_takes_nothing_from_others(claimed, jump):
    run = claimed()
    jump()
    with no_news(run):
        assert recovery.sweep() == 0
    assert doctor.examine() == []
    [worker] = health.workers()
    assert (worker["deaf"], worker["age"] < 5) == (False, True)


def test_what_the_dead_have_left_is_found_by_a_clock_that_is_wrong(claimed, jump):
    run = claimed()
    Run.objects.filter(pk=run.pk).update(lease_until=true_now() - timedelta(seconds=1))
    jump()
    assert recovery.sweep() == 1


def test_a_wake_up_is_sent_again_wherever_the_run_was_queued(start, teammate_with, jump):
    jump()
    run = start(teammate_with())
    Run.objects.filter(pk=run.pk).update(woken_at=timezone.now())
    assert recovery.sweep() == 1
