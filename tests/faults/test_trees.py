"""Kill -9 in a tree three deep: a workflow whose step is a team whose member asks."""

import pytest

from approvals.models import Question, ToolApproval
from approvals.services import answer
from runs.faults import POINTS
from runs.models import Run
from runs.services import start
from tests.fake_script import Script
from tests.trees import delegate

# Until the member asks, in the decision, and after it: the points that are come to, and which times. Three runs come to
# most of them; a time stands for each level whose death differs.
BEFORE = {
    "claim.before_commit": [3], "claim.after_commit": [1, 3], "turn.before_llm": [2], "turn.after_llm": [2],
    "calls.before_commit": [3], "calls.after_save": [1, 3], "child.begin.before_commit": [1, 2],
    "gate.create.before_commit": [1], "pause.before_release": [1, 2, 3], "pause.after_release": [1, 3],
    "outbox.before_publish": [2], "outbox.after_publish": [2], "event.append": [8, 18],
}  # fmt: skip
MEANWHILE = {
    "gate.decide.before_commit": [1], "outbox.before_publish": [1], "outbox.after_publish": [1], "event.append": [2],
}  # fmt: skip
AFTER = {
    "claim.after_commit": [2, 3], "dispatch.before_commit": [1], "tool.after_record": [1], "turn.after_llm": [2],
    "child.end.before_commit": [1, 2], "run.finish.before_commit": [1, 2, 3],
    "run.finish.after_commit": [1, 2], "outbox.before_publish": [1], "event.append": [6, 9],
}  # fmt: skip
IN_MID_EFFECT = {"tool.before_send": 0, "tool.after_send": 1, "tool.before_record": 1}  # how often it acted
OF_OTHERS = ("requeue.", "webhook.")  # killed in stories of their own
PLACES = [
    (moment, f"{point}:{time}")
    for moment, points in (("before", BEFORE), ("meanwhile", MEANWHILE), ("after", AFTER))
    for point, times in points.items()
    for time in times
]


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


@pytest.fixture
def story(killable, tree):
    """The tree is carried to its gate, a person allows the call, and it is carried on; at one moment a process dies."""

    def story(moment, fault):
        for at, order in (("before", "work"), ("meanwhile", "allow"), ("after", "work")):
            killable.fault = fault if at == moment else ""
            killable.do(order)
            if order == "work" and at == "before":
                assert ToolApproval.objects.count() == 1
        assert killable.struck == 1
        return list(Run.objects.order_by("pk"))

    return story


def test_no_point_that_a_tree_comes_to_is_left_out():
    come_to = {*BEFORE, *MEANWHILE, *AFTER, *IN_MID_EFFECT}
    assert come_to == {point for point in POINTS if not point.startswith(OF_OTHERS)}


@pytest.mark.parametrize(("moment", "fault"), PLACES)
def test_wherever_it_dies_each_run_of_the_tree_ends_once_and_the_tool_ran_once(killable, story, moment, fault):
    """F34: a member three deep asks; before the decision, in it or after it, a process dies."""
    runs = story(moment, fault)
    assert [(run.status, run.depth) for run in runs] == [("completed", 0), ("completed", 1), ("completed", 2)]
    assert (runs[0].output, killable.asked()) == ("leader is done.", (1, 1))
    assert [run.events.filter(kind="run.completed").count() for run in runs] == [1, 1, 1]
    assert killable.is_whole()


@pytest.mark.parametrize(("point", "acted"), IN_MID_EFFECT.items())
def test_what_became_of_a_call_three_deep_is_asked_and_then_the_tree_ends(killable, story, owner, point, acted):
    """F34: the call was started and nobody knows how it ended, so it is not repeated."""
    runs = story("after", point)
    assert [(run.status, run.open_gates) for run in runs] == [("paused", 0), ("paused", 0), ("paused", 1)]
    question = Question.objects.get(kind="unknown")
    answer(question, by=owner, digest=question.digest, answers={"outcome": "It happened"})
    killable.do("work")
    assert [run.status for run in Run.objects.order_by("pk")] == ["completed"] * 3
    assert killable.asked() == (acted, acted)
    assert killable.is_whole()
