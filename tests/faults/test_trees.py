"""Kill -9 in a tree three deep: a workflow whose step is a team whose member asks."""

import pytest

from approvals.models import ToolApproval
from runs.models import Run
from runs.services import start
from tests.fake_script import Script
from tests.trees import delegate

POINTS = ["child.begin.before_commit", "child.begin.before_commit:2", "child.end.before_commit"]
POINTS += ["child.end.before_commit:2", "pause.before_release:2", "pause.after_release:3", "run.finish.after_commit"]


@pytest.fixture
def tree(killable, fake, member, team_of, workflow_of, owner):
    team_of(member("ann", "act_effect", mode="approval"), slug="crew")
    workflow = workflow_of({"name": "work", "team": "crew"})

    def says(body):
        done = any(message["role"] == "tool" for message in body["messages"])
        if done:
            return Script().say(f"{body['model']} is done.")
        return Script().call("act_effect", {}) if body["model"] == "ann" else delegate(("ann", "act"))

    fake.reply = says
    return start(owner=owner, teammate=workflow, message="Do it")


@pytest.mark.parametrize("point", POINTS)
def test_wherever_it_dies_each_run_of_the_tree_ends_once_and_the_tool_ran_once(killable, tree, point):
    """F34: a member three deep asks; before or after it, the process dies."""
    killable.fault = point
    killable.do("work")
    assert ToolApproval.objects.count() == 1
    killable.do("allow")
    killable.do("work")
    assert killable.struck == 1
    runs = list(Run.objects.order_by("pk"))
    assert [(run.status, run.depth) for run in runs] == [("completed", 0), ("completed", 1), ("completed", 2)]
    assert (runs[0].output, killable.asked()) == ("leader is done.", (1, 1))
    assert killable.is_whole()
