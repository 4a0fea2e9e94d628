"""The sweep's part in schedules: once for each moment, and nothing that repeats for ever."""

from datetime import timedelta

import pytest
from django.utils import timezone

from runs import jobs, recovery, schedules
from runs.models import Run
from runs.task_models import Task, Trigger
from tests.machine import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def task(owner, teammate_with):
    return jobs.save(Task(owner=owner, teammate=teammate_with(), instructions="Count the stars."))


@pytest.fixture
def every(task):
    """A schedule of so many seconds that has been due for a while."""

    def every(seconds=600, overdue=1, **fields):
        fields = {"interval_seconds": seconds, **fields}
        trigger = schedules.schedule(Trigger(owner=task.owner, task=task, kind="schedule", **fields))
        due = timezone.now() - timedelta(seconds=overdue)
        Trigger.objects.filter(pk=trigger.pk).update(next_due=due)
        trigger.refresh_from_db()
        return trigger

    return every


def test_a_due_schedule_starts_a_run_of_its_task(every, task, owner):
    trigger = every()
    assert recovery.sweep() == 1
    run = Run.objects.get()
    assert (run.task, run.owner, run.message, run.status) == (task, owner, "Count the stars.", "queued")
    assert (run.permission_mode, run.human_in_the_loop) == ("autonomous", False)
    before = trigger.next_due
    trigger.refresh_from_db()
    assert (trigger.next_due, trigger.last_error) == (before + timedelta(seconds=600), "")


def test_of_four_sweeps_at_once_one_starts_it(every):
    every()
    assert sorted(together(4, lambda _: schedules.start_due())) == [0, 0, 0, 1]
    assert Run.objects.count() == 1


def test_it_does_not_start_again_before_its_next_moment(every):
    every()
    assert (schedules.start_due(), schedules.start_due(), Run.objects.count()) == (1, 0, 1)


def test_what_was_missed_while_nothing_ran_is_made_up_for_once(every):
    trigger = every(seconds=60, overdue=24 * 3600)
    assert (schedules.start_due(), schedules.start_due(), Run.objects.count()) == (1, 0, 1)
    trigger.refresh_from_db()
    assert timedelta() < trigger.next_due - timezone.now() <= timedelta(seconds=60)


def test_a_moment_that_comes_once_ends_its_trigger(every):
    trigger = every(interval_seconds=None, run_at=timezone.now() + timedelta(days=1))
    Trigger.objects.filter(pk=trigger.pk).update(run_at=trigger.next_due)
    assert (schedules.start_due(), schedules.start_due()) == (1, 0)
    trigger.refresh_from_db()
    assert (trigger.next_due, trigger.enabled) == (None, False)


@pytest.mark.parametrize("change", [{"enabled": False}, {"archived_at": timezone.now()}])
def test_a_teammate_at_rest_stops_neither_the_sweep_nor_the_schedule(every, task, teammate_with, owner, change):
    bad = every()
    other = jobs.save(Task(owner=owner, teammate=teammate_with(slug="other"), instructions="Count the trees."))
    good = schedules.schedule(Trigger(owner=owner, task=other, kind="schedule", interval_seconds=60))
    Trigger.objects.filter(pk=good.pk).update(next_due=timezone.now())
    type(task.teammate).objects.filter(pk=task.teammate_id).update(**change)
    assert (schedules.start_due(), Run.objects.get().task) == (1, other)
    bad.refresh_from_db()
    assert "Choose another teammate" in bad.last_error
    assert (bad.enabled, bad.next_due > timezone.now(), schedules.start_due()) == (True, True, 0)


def test_what_failed_once_is_forgotten_when_it_works_again(every, task):
    trigger = every()
    Trigger.objects.filter(pk=trigger.pk).update(last_error="It was disabled.")
    schedules.start_due()
    trigger.refresh_from_db()
    assert trigger.last_error == ""


def test_a_disabled_account_starts_nothing(every, owner):
    owner.is_active = False
    owner.save()
    trigger = every()
    assert (schedules.start_due(), Run.objects.count()) == (0, 0)
    trigger.refresh_from_db()
    assert "is disabled" in trigger.last_error


def test_a_zone_that_is_gone_ends_the_schedule_with_the_reason(every):
    trigger = every()
    Trigger.objects.filter(pk=trigger.pk).update(timezone="Mars/Olympus")
    schedules.start_due()
    schedules.start_due()
    trigger.refresh_from_db()
    assert (Run.objects.count(), trigger.enabled, trigger.next_due) == (1, False, None)
    assert "no timezone" in trigger.last_error


def test_a_disabled_task_is_not_started_and_does_not_catch_up(every, task):
    trigger = every()
    jobs.enable(task, enabled=False)
    assert (schedules.start_due(), Run.objects.count()) == (0, 0)
    jobs.enable(task, enabled=True)
    trigger.refresh_from_db()
    assert (schedules.start_due(), trigger.next_due > timezone.now()) == (0, True)


def test_an_archived_task_is_never_started_again(every, task):
    trigger = every()
    jobs.archive(task)
    jobs.archive(task)
    trigger.refresh_from_db()
    assert (schedules.start_due(), trigger.next_due) == (0, None)


def test_a_task_with_a_mode_has_people_in_the_loop(every, task):
    task.permission_mode = "approval"
    jobs.save(task)
    every()
    schedules.start_due()
    assert (Run.objects.get().permission_mode, Run.objects.get().human_in_the_loop) == ("approval", True)


def test_a_run_that_the_schedule_started_comes_to_its_end(every, fake, carry):
    every()
    schedules.start_due()
    assert carry(Run.objects.get()).output == "Here you are."
