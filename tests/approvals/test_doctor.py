"""The doctor finds each kind of damage, and nothing where there is none."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from approvals.doctor import INVARIANTS, examine
from approvals.models import Decision, ToolApproval
from runs.models import Event, Run, ToolCall
from runs.services import cancel, start
from tests.fake_script import Script
from tests.trees import carry_tree, delegate, told

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = timezone.now() - timedelta(hours=1)


def codes():
    return {finding.invariant.code for finding in examine()}


@pytest.fixture
def ended(asked, allow, carry):
    allow(asked.approvals.get())
    return carry(asked)


@pytest.fixture
def tree(fake, posted, member, team_of, owner):
    """A team whose member waits for a decision."""
    fake.reply = told(
        ("leader", [delegate(("ann", "post it")), Script().say("Done.")]),
        ("ann", [Script().call("post", {"text": "hello"}), Script().say("posted")]),
    )
    return carry_tree(start(owner=owner, teammate=team_of(member("ann", "post", mode="approval")), message="Do it"))


def test_all_is_well_with_a_run_that_ended_and_one_that_is_queued(ended, asked, start):
    start(asked.teammate)
    assert examine() == []
    out = StringIO()
    call_command("doctor", stdout=out)
    assert out.getvalue().count("  holds   ") == len(INVARIANTS)
    assert "All is well." in out.getvalue()


def test_a_run_without_an_edit_of_its_arguments_and_one_with_are_well(asked, allow, carry):
    allow(asked.approvals.get(), arguments={"text": "something else"})
    assert (carry(asked).status, examine()) == ("completed", [])


def test_what_is_broken_is_named_and_the_exit_status_says_so(ended):
    Event.objects.filter(run=ended, seq=2).delete()
    out = StringIO()
    with pytest.raises(CommandError, match="1 finding"):
        call_command("doctor", stdout=out)
    assert f"I3: run {ended.pk}: its log has {ended.last_seq - 1} lines" in out.getvalue()


@pytest.mark.parametrize(
    ("code", "damage"),
    [
        ("I1", lambda run: again(run, "call.started")),
        ("I2", lambda run: ToolApproval.objects.update(verdict="deny")),
        ("I2", lambda run: ToolCall.objects.update(approved_digest="of something else")),
        ("I3", lambda run: Run.objects.update(last_seq=99)),
        ("I3", lambda run: Event.objects.filter(kind="run.completed").update(kind="run.failed")),
        ("I3", lambda run: again(run, "run.completed")),
        ("I5", lambda run: Run.objects.update(lease="somebody:1")),
        ("I5", lambda run: ToolApproval.objects.update(status="pending")),
        ("I6", lambda run: ToolApproval.objects.update(decided_at=None)),
        ("I8", lambda run: Decision.objects.all().delete()),
    ],
)
def test_each_damage_to_a_run_that_ended_is_found(ended, code, damage):
    damage(ended)
    assert code in codes()


def again(run, kind):
    one = run.events.get(kind=kind)
    Event.objects.create(run=run, seq=run.last_seq + 1, kind=kind, data=one.data)
    Run.objects.filter(pk=run.pk).update(last_seq=run.last_seq + 1)


@pytest.mark.parametrize(
    ("code", "damage"),
    [
        ("I4", {"open_gates": 0}),
        ("I4", {"open_gates": 2}),
        ("I4", {"status": "running", "open_gates": 0}),
        ("I4", {"status": "running", "open_gates": 0, "lease": "dead:1", "lease_until": LONG_AGO}),
    ],
)
def test_each_damage_to_a_run_that_waits_is_found(asked, code, damage):
    Run.objects.update(**damage)
    assert code in codes()


def test_a_run_that_nobody_takes_from_the_queue_is_found(asked, start, settings):
    """F20."""
    run = start(asked.teammate)
    Event.objects.filter(run=run).update(at=LONG_AGO)
    assert codes() == {"I7"}
    settings.SLOTS = 0
    assert codes() == set()


def test_a_tree_is_well_while_it_waits_and_when_it_was_stopped(tree, owner):
    assert examine() == []
    cancel(tree, by=owner)
    assert examine() == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda tree: Run.objects.filter(pk=tree.pk).update(open_children=2),
        lambda tree: tree.calls.update(state="succeeded"),
        lambda tree: Run.objects.filter(pk=tree.pk).update(open_children=0),
    ],
)
def test_each_damage_to_a_tree_is_found(tree, damage):
    damage(tree)
    assert "I4" in codes()


def test_a_live_run_below_one_that_ended_is_found(tree):
    Run.objects.filter(pk=tree.pk).update(status="cancelled", open_children=0, finished_at=LONG_AGO)
    assert "I5" in codes()
