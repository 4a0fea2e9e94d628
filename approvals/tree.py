"""The tree that a run belongs to, for every page of it: who works, who waits for whom, and what waits for a person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from approvals.models import Gate
from approvals.selectors import gates_of
from runs.flowchart import Part, chart
from runs.lanes import Drawing, Waits, draw, in_order
from runs.models import Run, ToolCall
from runs.step_states import Line, Walked, lines
from runs.ways import PERFORMERS
from teammates.performers import steps_of
from teammates.steps import every
from teammates.tools.delegation import BRANCH, INTERNAL
from teammates.tools.questions import ASK, PLAN

DRAWN = 40  # steps; a larger workflow has its list alone


@dataclass(frozen=True)
class Tree:
    """All runs of a tree from the top down, with what is drawn of them."""

    runs: list[Run]
    gates: list[Gate]
    lanes: Drawing
    steps: list[Line]
    graph: Part | None

    @property
    def pending(self) -> list[Gate]:
        return [gate for gate in self.gates if gate.is_pending]


def tree_of(run: Run) -> Tree | None:
    """The whole tree, from whichever of its runs; None for a teammate's run, which is alone."""
    if run.parent_id is None and run.teammate_id:
        return None
    gates = gates_of(*(runs := runs_of(run)))
    calls, waiting = calls_of(runs), gated(runs)
    for one in runs:
        one.waits_below = one.pk in waiting
    lanes = draw(runs, waits_of(runs, gates), begun(calls))
    steps, graph = walked(run, runs, calls, waiting)
    return Tree(runs, gates, lanes, steps, graph)


def runs_of(run: Run) -> list[Run]:
    """In their order, each knowing the one above it; `run` itself stays the object that it is."""
    found = Run.objects.tree_of(run).select_related(*PERFORMERS, "performer_revision", "owner", "session")
    by_pk = {one.pk: one for one in found} | {run.pk: run}
    for one in by_pk.values():
        if one.parent_id:
            one.parent, one.root = by_pk[one.parent_id], by_pk[one.root_pk]
    return in_order(by_pk.values())


def calls_of(runs: list[Run]) -> list[ToolCall]:
    """Without what they were given and brought; the runs that answer calls are put in their places."""
    fields = ("run_id", "turn", "tool", "step", "state", "started_at")
    calls = list(ToolCall.objects.filter(run__in=runs, retried_as=None).only(*fields).order_by("pk"))
    by_pk = {call.pk: call for call in calls}
    for one in runs:
        if one.called_by_id in by_pk:
            one.called_by = by_pk[one.called_by_id]
    return calls


def begun(calls: Iterable[ToolCall]) -> dict[int, list[datetime]]:
    """When tools were called; who was given a task has a lane of their own."""
    found: dict[int, list[datetime]] = {}
    for call in calls:
        if call.started_at and call.tool not in (*INTERNAL, ASK.name, PLAN.name):
            found.setdefault(call.run_id, []).append(call.started_at)
    return found


def waits_of(runs: list[Run], gates: Iterable[Gate]) -> dict[int, Waits]:
    now, ends = timezone.now(), {run.pk: run.finished_at for run in runs}
    found: dict[int, Waits] = {}
    for gate in gates:
        waits = found.setdefault(gate.run_id, Waits([], []))
        waits.spans.append((gate.created_at, gate.decided_at or ends[gate.run_id] or now))
        if gate.decided_at:
            waits.decided.append(gate.decided_at)
    return found


def walked(run: Run, runs: list[Run], calls: list[ToolCall], waiting: set[int]) -> tuple[list[Line], Part | None]:
    """The steps of the run that is looked at, where a workflow performs it; of a branch, those of its workflow."""
    while run.called_by and run.called_by.tool == BRANCH.name and run.parent:
        run = run.parent
    if run.workflow_id is None:
        return [], None
    own = branches(run, runs)
    look = Walked(run, [call for call in calls if call.run_id in own], waiting)
    steps = steps_of(run.performer_revision)
    graph = chart(steps, look) if len(list(every(steps))) <= DRAWN else None
    return list(lines(steps, look)), graph


def branches(run: Run, runs: list[Run]) -> set[int]:
    """The run and the branches that it was parted into."""
    own = {run.pk}
    for one in runs:
        if one.parent_id in own and one.called_by and one.called_by.tool == BRANCH.name:
            own.add(one.pk)
    return own


def gated(runs: list[Run]) -> set[int]:
    """The runs in or below which a gate is open."""
    found: set[int] = set()
    for run in runs:
        one: Run | None = run if run.open_gates else None
        while one:
            found.add(one.pk)
            one = one.parent
    return found
