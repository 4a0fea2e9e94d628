"""A run's way down from the top of its tree, in words: Team › Member."""

from collections.abc import Iterable

from runs.engine.places import at
from runs.models import Run, ToolCall
from runs.trees import path_of
from teammates.performers import steps_of
from teammates.tools.delegation import BRANCH

PERFORMERS = ("teammate", "team", "workflow")
ABOVE = 8  # levels; a tree is less deep


def lift(runs: Iterable[Run]) -> None:
    """Put the runs above these in their places, so that naming their ways reads nothing more."""
    level = [run for run in runs if run.parent_id]
    for _ in range(ABOVE):
        if not level:
            return
        parents = Run.objects.select_related(*PERFORMERS).in_bulk({run.parent_id for run in level})
        calls = ToolCall.objects.in_bulk({run.called_by_id for run in level})
        for run in level:
            run.parent, run.called_by = parents[run.parent_id or 0], calls.get(run.called_by_id or 0)
        level = [run for run in parents.values() if run.parent_id]


def name_of(run: Run) -> str:
    """Who performs it; a branch of a workflow is called as its step."""
    if run.called_by_id and run.called_by and run.called_by.tool == BRANCH.name:
        return at(steps_of(run.performer_revision), run.called_by.step).name
    return run.performer.name


def way(run: Run) -> str:
    return " › ".join(name_of(one) for one in path_of(run))
