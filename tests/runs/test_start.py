"""Start a run: a row in the queue, a first line in its log, and a message for a worker."""

from contextlib import contextmanager

import pytest

from runs import wakeup
from runs.models import Event, Run, Session
from runs.services import MESSAGE_LIMIT, Refused
from teammates.models import Teammate
from teammates.services import save
from tests.machine import together

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def nothing_begins(field=None, code=None):
    """It is refused with a sentence, and there is no run, no conversation and no event of it."""
    before = [model.objects.count() for model in (Run, Session, Event)]
    with pytest.raises(Refused) as refused:
        yield refused
    assert [model.objects.count() for model in (Run, Session, Event)] == before
    assert (refused.value.field, refused.value.code) == (field, code)
    assert refused.value.message.endswith(".")


@pytest.fixture
def helper(teammate_with):
    return teammate_with(mode="approval")


def test_it_is_queued_and_says_so(start, helper, owner):
    run = start(helper, "Write a poem")
    assert (run.status, run.message, run.owner, run.requested_by) == ("queued", "Write a poem", owner, owner)
    assert (run.last_seq, run.attempt, run.lease) == (1, 0, "")
    [event] = run.events.all()
    assert (event.seq, event.kind, event.data) == (1, "run.queued", {"mode": "approval"})


def test_a_worker_is_woken_after_the_commit(start, helper, monkeypatch):
    found = []
    monkeypatch.setattr(wakeup, "_send", lambda run_id: found.append(Run.objects.get(pk=run_id).status))
    start(helper)
    assert found == ["queued"]


def test_mode_and_people_are_the_teammates_own_unless_given(start, helper):
    assert (start(helper).permission_mode, start(helper).human_in_the_loop) == ("approval", True)
    run = start(helper, permission_mode="autonomous", human_in_the_loop=False)
    assert (run.permission_mode, run.human_in_the_loop) == ("autonomous", False)


def test_every_start_is_a_conversation_of_its_own(start, helper):
    first, second = start(helper), start(helper)
    assert first.session != second.session
    assert start(helper, session=first.session).session == first.session


def test_it_keeps_the_teammate_as_it_was(start, helper):
    first = start(helper)
    helper.instructions = "Sing."
    save(helper, [])
    assert start(helper).performer_revision.number == first.performer_revision.number + 1
    first.refresh_from_db()
    assert first.performer_revision.definition["instructions"] == ""


def test_somebody_may_ask_for_another(start, helper, owner, staff):
    run = start(helper, requested_by=staff)
    assert (run.owner, run.requested_by) == (owner, staff)


def test_a_title_is_the_first_line_cut_to_a_list(start, helper):
    assert start(helper, "\n  One line\nand more").title == "One line"
    assert len(start(helper, "x" * 500).title) == 120


@pytest.mark.parametrize("message", ["x" * MESSAGE_LIMIT, "a\u2028b 😀", "a \u202e b", "0", "\ttabs\r\nand lines"])
def test_whatever_a_person_says_is_kept_to_the_letter(start, helper, message):
    run = start(helper, message)
    assert Run.objects.get(pk=run.pk).message == message


@pytest.mark.parametrize("message", ["", " ", "\n\t\u2003"])
def test_nothing_is_no_message(start, helper, message):
    with nothing_begins("message", "empty"):
        start(helper, message)


def test_a_message_that_is_too_long_says_by_how_much(start, helper):
    with nothing_begins("message", "too_long") as refused:
        start(helper, "x" * 100_000)
    assert "100,000" in refused.value.message and "50,000" in refused.value.message


@pytest.mark.parametrize("message", ["a\x00b", "half \ud800"])
def test_what_no_database_takes_is_refused(start, helper, message):
    with nothing_begins("message", "invalid"):
        start(helper, message)


def test_a_disabled_teammate_begins_nothing(start, helper):
    Teammate.objects.filter(pk=helper.pk).update(enabled=False)
    with nothing_begins("teammate", "disabled") as refused:
        start(Teammate.objects.get(pk=helper.pk))
    assert refused.value.message == "Helper is disabled. Choose another teammate."


def test_a_teammate_that_is_disabled_while_its_run_is_queued(start, helper, carry, fake):
    run = start(helper)
    Teammate.objects.update(enabled=False)
    assert (carry(run).status, run.error_code, fake.requests) == ("failed", "teammate_disabled", [])


@pytest.mark.parametrize("mode", ["approval", "plan"])
def test_a_mode_that_asks_needs_somebody_to_ask(start, helper, mode):
    with nothing_begins("permission_mode", "needs_people"):
        start(helper, permission_mode=mode, human_in_the_loop=False)


@pytest.mark.parametrize("mode", ["Approval", "yolo", "autonomous "])
def test_a_mode_that_does_not_exist(start, helper, mode):
    with nothing_begins("permission_mode", "invalid"):
        start(helper, permission_mode=mode)


def test_twenty_starts_at_once_are_twenty_runs(start, helper):
    runs = together(20, lambda place: start(helper, f"number {place}"))
    assert sorted(run.message for run in runs) == sorted(f"number {place}" for place in range(20))
    assert Event.objects.filter(kind="run.queued", seq=1).count() == 20


def test_a_whole_conversation_may_run_side_by_side(start, helper, carry, fake):
    first = start(helper)
    others = [start(helper, session=first.session) for _ in range(3)]
    together(4, lambda place: carry([first, *others][place]))
    assert set(Run.objects.values_list("status", flat=True)) == {"completed"}
