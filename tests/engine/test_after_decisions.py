"""What stands in the way of a workflow or a team must not make it do again, or do unasked, what was done or asked."""

import pytest

from approvals.doctor import examine
from approvals.models import ToolApproval
from approvals.services import decide, switch_mode
from runs import recovery, trees
from runs.engine import driver
from runs.services import Refused, start
from teammates.models import Team
from tests.fake_script import Script
from tests.machine import no_news
from tests.trees import carry_tree, delegate, told


class Killed(BaseException):
    """The worker dies here."""


@pytest.fixture
def charged(own_tool):
    done = []

    @own_tool(effect="effect", title="Charge")
    def charge(input: str) -> str:
        """Charge."""
        done.append(input)
        return f"charged {len(done)}"

    return done


def test_a_round_of_a_loop_acts_once_though_its_end_waits_for_a_person(own_tool, charged, workflow_of, owner):
    rounds = []

    @own_tool(effect="read", title="Enough?", needs_approval=True)
    def enough(outputs: dict[str, str]) -> bool:
        """Is it?"""
        rounds.append(outputs)
        return len(rounds) == 2

    again = {"name": "again", "loop": [{"name": "charge", "tool": "charge"}], "until": "enough", "max": 5}
    run = carry_tree(start(owner=owner, teammate=workflow_of(again), message="hello"))
    for _ in range(2):
        gate = ToolApproval.objects.pending().get()
        decide(gate, "allow", by=owner, digest=gate.digest)
        carry_tree(run)
    run.refresh_from_db()
    assert (run.status, len(charged), len(rounds)) == ("completed", 2, 2)
    steps = list(run.calls.values_list("step", flat=True))
    assert len(steps) == len(set(steps))


def test_a_step_is_done_once_though_the_worker_dies_behind_it(own_tool, fake, member, workflow_of, owner, monkeypatch):
    member("ann")
    fake.reply = told(("ann", [Script().say("one"), Script().say("two")]))

    @own_tool(effect="read", title="Enough?")
    def enough(outputs: dict[str, str]) -> bool:
        """Is it?"""
        return True

    def killed(*_, **__):
        raise Killed

    again = {"name": "again", "loop": [{"name": "ann", "teammate": "ann"}], "until": "enough", "max": 5}
    run = start(owner=owner, teammate=workflow_of(again), message="hello")
    driver.carry_forward(run.pk)
    driver.carry_forward(run.children.get().pk)
    with monkeypatch.context() as death, pytest.raises(Killed):
        death.setattr("runs.engine.toolbox.execute", killed)
        driver.carry_forward(run.pk)
    run.refresh_from_db()
    recovery.requeue([run])
    assert carry_tree(run).output == "one"
    assert run.children.count() == 1


def test_a_member_that_begins_behind_a_switch_of_the_mode_obeys_it(posted, fake, member, team_of, owner, monkeypatch):
    def begin(parent, *rest, real=trees.begin):
        if not switched:
            switched.append(parent)
            type(parent).objects.filter(pk=parent.pk).update(permission_mode="approval")
        return real(parent, *rest)

    switched = []
    monkeypatch.setattr(trees, "begin", begin)
    team = team_of(member("ann", "post"), member("bob", "post"), mode="broadcast")
    fake.default = Script().say("done")
    run = start(owner=owner, teammate=team, message="Do it", permission_mode="autonomous")
    driver.carry_forward(run.pk)
    assert switched
    assert list(run.children.values_list("permission_mode", flat=True)) == ["approval", "approval"]


def test_a_switch_reaches_members_that_have_begun(posted, fake, member, team_of, owner):
    team = team_of(member("ann", "post"), mode="broadcast")
    run = start(owner=owner, teammate=team, message="Do it", permission_mode="autonomous")
    driver.carry_forward(run.pk)
    run.refresh_from_db()
    switch_mode(run, "approval", by=owner)
    assert run.children.get().permission_mode == "approval"


def test_a_workflow_cannot_be_switched_to_a_mode_in_which_it_cannot_begin(charged, workflow_of, owner):
    run = start(owner=owner, teammate=workflow_of({"name": "charge", "tool": "charge"}), message="hello")
    before = run.permission_mode
    with no_news(run), pytest.raises(Refused, match="its own plan"):
        switch_mode(run, "plan", by=owner)
    run.refresh_from_db()
    assert run.permission_mode == before


def test_a_leader_that_fails_ends_what_it_has_delegated(fake, member, team_of, owner, monkeypatch):
    def killed(*_, **__):
        raise Killed

    team = team_of(member("ann"))
    fake.reply = told(("leader", [delegate(("ann", "count"))]), ("ann", [Script().say("three")]))
    run = start(owner=owner, teammate=team, message="Do it")
    with monkeypatch.context() as death, pytest.raises(Killed):
        death.setattr("runs.engine.driver.settle", killed)
        driver.carry_forward(run.pk)
    run.refresh_from_db()
    recovery.requeue([run])
    Team.objects.update(enabled=False)
    driver.carry_forward(run.pk)
    run.refresh_from_db()
    assert (run.status, run.calls.get().state) == ("failed", "failed")
    assert examine() == []
