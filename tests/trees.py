"""Runs of teams and workflows, carried forward by hand, and models that answer by their names."""

from runs.engine import driver
from runs.models import Run
from runs.states import RunStatus
from tests.fake_script import Script


def carry_tree(run):
    """Carry every queued run of the tree forward until nothing moves."""
    while queued := Run.objects.tree_of(run).filter(status=RunStatus.QUEUED).first():
        driver.carry_forward(queued.pk)
    run.refresh_from_db()
    return run


def told(*parts):
    """What each model says, by its name and how often it was asked."""
    table = dict(parts)

    def reply(request):
        answers = table[request["model"]]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    return reply


def delegate(*pairs):
    return Script().calls(*(("delegate_task_to_member", {"member_id": who, "task": task}) for who, task in pairs))
