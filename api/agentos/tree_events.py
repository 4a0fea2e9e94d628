"""The events of a team's or a workflow's run and of all runs below it, as one sequence (contract 3, 4)."""

from collections.abc import Callable
from typing import Any

from django.conf import settings

from api.agentos.events import LAST, PURE, Event, Telling, index_of
from api.agentos.kinds import TEAM, WORKFLOW, kind_of
from api.agentos.shapes import member_responses, paused_sentence
from api.agentos.step_requirements import step_requirement
from api.agentos.steps import Book
from api.agentos.team_tasks import TaskList
from api.agentos.tools import member_of, requirement, requirements_of
from api.agentos.workflow_shapes import place_of, workflow_metrics
from api.speech import without_abandoned
from approvals.models import Gate, Question, ToolApproval, Verdict
from approvals.selectors import gates_in_tree
from runs.journal import Line
from runs.live.trees import TreeLine, tree_lines
from runs.models import Run, ToolCall
from runs.states import CALL_OPEN
from runs.trees import path_of
from teammates.tools.delegation import BRANCH

RELATED = ("teammate", "team", "workflow", "session", "performer_revision", "called_by", "parent", "root")
GOES_ON = {"call.started", "call.finished", "turn.started", "run.completed"}


class Part(Telling):
    """One run of a tree. Its events say in which step of which workflow it works."""

    def __init__(self, run: Run, tree: "TreeTelling") -> None:
        super().__init__(run, tree.after, only_content=tree.only_content)
        self.tree = tree
        if (above := caller_of(run)) is not None:
            self.names["parent_run_id"] = str(above.uuid)
        self.names |= step_named(run, tree.book)

    def call(self, line: Line) -> ToolCall:
        return ToolCall.objects.select_related("child__teammate", "child__team").get(
            pk=line.data["call"], run_id=self.run.pk
        )


class Leading(Part):
    """A team's leader."""

    def __init__(self, run: Run, tree: "TreeTelling") -> None:
        super().__init__(run, tree)
        self.tasks = TaskList(run, run.max_turns or settings.MAX_TURNS)

    def turn(self, line: Line) -> list[Event]:
        told = super().turn(line)
        return [*self.tasks.turn(line.data["turn"]), *told] if told else told

    def todos(self, line: Line) -> list[Event]:
        return self.tasks.written(line.data["items"]) if self.tasks.kept else super().todos(line)

    def completed(self, line: Line) -> list[Event]:
        *first, last = super().completed(line)
        return [*self.tasks.over(), *first, last | {"member_responses": member_responses(self.run)}]


class Top(Part):
    """The run at the top: its pause is that of the tree, and it goes on after it."""

    def __init__(self, run: Run, tree: "TreeTelling") -> None:
        super().__init__(run, tree)
        self.stood = False  # a pause was told, and not yet that it is over

    def made(self, line: Line) -> list[Event]:
        if line.kind == "run.resumed" and "run" in line.data:
            return []  # one below goes on first
        goes_on = self.resumed(line) if self.stood and line.kind in GOES_ON else []
        told = super().made(line)
        self.see(line)
        return [*goes_on, *told]

    def pass_over(self, lines: list[Line]) -> None:
        super().pass_over(lines)
        for line in lines:
            self.see(line)

    def see(self, line: Line) -> None:
        if line.kind == "run.paused" and not line.data.get("moves"):
            self.stood = True
        elif line.kind in GOES_ON or (line.kind == "run.resumed" and "run" not in line.data):
            self.stood = False

    def paused(self, line: Line) -> list[Event]:
        return [] if line.data.get("moves") else super().paused(line)

    def gates(self) -> list[Gate]:
        return gates_in_tree(self.run)


class TopLeading(Top, Leading):
    def paused(self, line: Line) -> list[Event]:
        """What the leader has said is complete only where it asks itself."""
        told = super().paused(line)
        return told[-1:] if self.run.pk not in asking(self.gates()) else told


def asking(gates: list[Gate]) -> set[int]:
    return {gate.run_id for gate in gates if gate.is_pending}


class Flowing(Part):
    """The run of a workflow, or of one branch of it: its steps."""

    def made(self, line: Line) -> list[Event]:
        make = STEPS.get(line.kind)
        return make(self, line) if make and not self.only_content else []

    def is_wanted(self, event: Event) -> bool:
        return True

    def named(self, event: Event) -> Event:
        return event

    def pass_over(self, lines: list[Line]) -> None:
        super().pass_over(lines)
        for line in lines:
            if line.kind in STEPS:
                STEPS[line.kind](self, line)

    def steps(self, *calls: ToolCall) -> list[Event]:
        if self.tree.book is None:
            return []
        return self.tree.book.further(self.run, *calls)

    def began(self, line: Line) -> list[Event]:
        return self.steps()

    def finished_call(self, line: Line) -> list[Event]:
        return self.steps(self.call(line))

    def decision(self, line: Line) -> list[Event]:
        """An answer is the result of its call, a denial its end; an allowed one ends later."""
        gate = gate_named(line.data["gate"])
        if gate is None or gate.run_id != self.run.pk or gate.call is None or not ends_its_call(gate):
            return []
        return self.steps(gate.call)


class TopFlowing(Flowing, Top):
    def __init__(self, run: Run, tree: "TreeTelling") -> None:
        super().__init__(run, tree)
        self.names = {name: self.names[name] for name in ("workflow_id", "workflow_name", "run_id", "session_id")}

    def made(self, line: Line) -> list[Event]:
        make = FLOW.get(line.kind)
        told = make(self, line) if make else Flowing.made(self, line)
        return [{"event": "WorkflowStarted"}, *told] if line.kind == "run.started" else told

    def stands(self, line: Line) -> list[Event]:
        """Each step that waits, then the whole."""
        if line.data.get("moves"):
            return []
        places = {gate: place for place, gate in enumerate(self.gates()) if gate.is_pending}
        gates = list(places)
        event = {
            "event": "WorkflowPaused",
            "event_index": index_of(line, LAST),
            "status": "PAUSED",
            "content": paused_sentence(gates),
            "step_requirements": [step_requirement(gate, self.tree.place_of(gate)) for gate in gates],
            "requirements": requirements_of(gates),
        }
        waiting = [{**self.waiting(gate), "event_index": index_of(line, place)} for gate, place in places.items()]
        return [*waiting, event]

    def waiting(self, gate: Gate) -> Event:
        place = self.tree.place_of(gate)
        if gate.run.workflow_id is not None:
            kind = "requires_confirmation" if isinstance(gate, ToolApproval) else "requires_user_input"
            return {"event": "StepPaused", **place, kind: True}
        member = member_of(gate.run)
        executor = {
            "executor_id": member["member_agent_id"],
            "executor_name": member["member_agent_name"],
            "executor_run_id": member["member_run_id"],
            "executor_type": kind_of(gate.run).word,
            "executor_requirements": [requirement(gate)],
        }
        return {"event": "StepExecutorPaused", **place, **executor}

    def ends(self, line: Line) -> list[Event]:
        run = self.ended()
        told: Event = {"event": "WorkflowCompleted", "content": run.output, "content_type": "str"}
        if book := self.tree.book:
            told |= {"step_results": book.results(), "metrics": workflow_metrics(run, book)}
        return [told]

    def breaks(self, line: Line) -> list[Event]:
        return [{"event": "WorkflowError", "error": line.data["error"], "error_type": line.data["code"]}]

    def stops(self, line: Line) -> list[Event]:
        reason = line.data["reason"] or f"Stopped by {line.data['by']}"
        return [{"event": "WorkflowCancelled", "reason": reason}]


STEPS: dict[str, Callable[[Any, Line], list[Event]]] = {
    "run.started": Flowing.began,
    "call.finished": Flowing.finished_call,
    "gate.decided": Flowing.decision,
    "gate.closed": lambda part, line: part.decision(line) if line.data["status"] == "expired" else [],
}
FLOW: dict[str, Callable[[Any, Line], list[Event]]] = {
    "run.paused": TopFlowing.stands,
    "run.completed": TopFlowing.ends,
    "run.failed": TopFlowing.breaks,
    "run.cancelled": TopFlowing.stops,
}


class TreeTelling:
    """Makes the events of a tree behind the place `after`. Made and used in a thread."""

    def __init__(self, root: Run, after: int = 0, *, only_content: bool = False) -> None:
        self.run, self.after, self.only_content = root, after, only_content
        self.book = Book(root) if root.workflow_id is not None else None
        self.parts: dict[int, Telling] = {}
        if after:
            self.pass_over([line for line in tree_lines(root.pk) if line.place <= after])

    def pass_over(self, lines: list[Any]) -> None:
        """Know what these lines say without telling it."""
        self.meet({line.run_id for line in lines})
        for line in lines:
            self.parts[line.run_id].pass_over([line])

    def events(self, lines: list[Any]) -> list[Event]:
        self.meet({line.run_id for line in lines})
        return [event for line in less_abandoned(lines) for event in self.parts[line.run_id].line(line)]

    def place_of(self, gate: Gate) -> dict[str, Any]:
        """The step that waits, of a workflow's run."""
        return place_of(gate, self.book) if self.book else {}

    def needs_no_rows(self, lines: list[Any]) -> bool:
        return all(line.kind in PURE and line.run_id in self.parts for line in lines)

    def meet(self, runs: set[int]) -> None:
        """Learn of runs that begin to tell."""
        if new := runs - self.parts.keys():
            for run in Run.objects.filter(pk__in=new).select_related(*RELATED).order_by("pk"):
                self.parts[run.pk] = self.part_of(run)

    def part_of(self, run: Run) -> Telling:
        top, kind = run.pk == self.run.pk, kind_of(run)
        if kind is WORKFLOW:
            return TopFlowing(run, self) if top else Flowing(run, self)
        if kind is TEAM:
            return TopLeading(run, self) if top else Leading(run, self)
        return Part(run, self)


def less_abandoned(lines: list[TreeLine]) -> list[TreeLine]:
    """Less the text of attempts that are void, of each run."""
    by_run: dict[int, list[Line]] = {}
    for line in lines:
        by_run.setdefault(line.run_id, []).append(line)
    kept = {(line.run_id, line.seq) for each in by_run.values() for line in without_abandoned(each, {})}
    return [line for line in lines if (line.run_id, line.seq) in kept]


# --- where a run stands in its tree ---


def caller_of(run: Run) -> Run | None:
    """The run above; of a branch's work the workflow itself, because a branch is no run outside."""
    above = run.parent
    while above is not None and above.called_by is not None and above.called_by.tool == BRANCH.name:
        above = above.parent
    return above


def step_named(run: Run, book: Book | None) -> dict[str, Any]:
    """The workflow and the step in which a run works."""
    if book is None or run.workflow_id is not None:
        return {}
    named = {"workflow_id": book.root.performer.slug, "workflow_run_id": str(book.root.uuid)}
    calls = [one.called_by for one in path_of(run) if one.called_by and one.called_by.tool != BRANCH.name]
    return named | (book.place_of(calls[0]) if calls else {})


def ends_its_call(gate: Gate) -> bool:
    """Was the decision itself the end of the call? What was allowed or filled in runs after it."""
    if gate.call is None or gate.call.state in CALL_OPEN:
        return False
    return gate.verdict == Verdict.DENY or (isinstance(gate, Question) and gate.kind != Question.Kind.INPUT)


def gate_named(name: str) -> Gate | None:
    kind, _, number = name.partition("-")
    rows: Any = ToolApproval.objects if kind == "approval" else Question.objects
    found: Gate | None = rows.filter(pk=int(number)).select_related("call").first()
    return found
