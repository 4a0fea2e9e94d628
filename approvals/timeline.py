"""The short story of a run for its inspector: one line for each thing that happened, in order."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from approvals.asking import name_of
from approvals.cards import title_of
from approvals.models import Gate, Question, ToolApproval
from approvals.templatetags.gates import verdict_words
from runs.models import Run, RunFile, ToolCall
from runs.pages import CallRow, row_of
from runs.states import RunStatus
from runs.templatetags.sayso import person
from teammates.tools.questions import ASK, PLAN

ENDS = {RunStatus.COMPLETED: "Done", RunStatus.FAILED: "Failed", RunStatus.CANCELLED: "Stopped"}


ABOUT = {"decision": "Decisions", "call": "Calls", "file": "Files"}


@dataclass(frozen=True)
class Mark:
    """One line. `kind`: past, waits (for a person), bad, good or now; `about`: what a reader may look for."""

    at: datetime
    words: str
    kind: str = "past"
    about: str = "run"
    anchor: str = ""
    tail: str = ""
    rows: tuple[CallRow, ...] = ()


def timeline(run: Run, calls: Iterable[ToolCall], gates: Iterable[Gate], files: Iterable[RunFile]) -> list[Mark]:
    starter = run.parent.performer.name if run.parent else person(run.requested_by)
    marks = [Mark(run.created_at, f"Started by {starter}")]
    marks += called(calls)
    marks += [mark for gate in gates for mark in of_gate(gate)]
    marks += [Mark(file.written_at, f"{file.name} written", about="file") for file in files]
    marks.sort(key=lambda mark: mark.at)
    return marks + list(end(run))


def called(calls: Iterable[ToolCall]) -> list[Mark]:
    """Calls of one turn in one line."""
    by_turn: dict[int, list[ToolCall]] = {}
    for call in calls:
        if call.started_at and call.tool not in (ASK.name, PLAN.name):
            by_turn.setdefault(call.turn, []).append(call)
    return [
        Mark(
            min(call.started_at for call in group if call.started_at),
            "failed" if failed(group) else "",
            "bad" if failed(group) else "past",
            "call",
            rows=tuple(row_of(call) for call in group),
        )
        for group in by_turn.values()
    ]


def kinds_of(marks: Iterable[Mark]) -> list[tuple[str, str]]:
    """What the timeline can be narrowed to, where that leaves something out."""
    there = {mark.about for mark in marks}
    kinds = [(about, word) for about, word in ABOUT.items() if about in there]
    return kinds if len(kinds) > 1 else []


def failed(calls: list[ToolCall]) -> bool:
    return all(call.state in ("failed", "outcome_unknown") for call in calls)


def of_gate(gate: Gate) -> list[Mark]:
    marks = [asked(gate)]
    if gate.verdict and gate.decided_at:
        words = f"{person(gate.decided_by) if gate.decided_by else 'It'} {verdict_words(gate).lower()}"
        marks.append(Mark(gate.decided_at, words, "bad" if gate.verdict == "deny" else "good", "decision"))
    return marks


def asked(gate: Gate) -> Mark:
    kind = "waits" if gate.is_pending else "past"
    tail = "asks" if isinstance(gate, ToolApproval) else ""
    return Mark(gate.created_at, in_short(gate), kind, "decision", name_of(gate), tail)


def in_short(gate: Gate) -> str:
    """What waits, in as few words as say it."""
    if isinstance(gate, Question) and gate.kind == Question.Kind.ASK:
        return "A question" if len(gate.questions) == 1 else f"{len(gate.questions)} questions"
    return title_of(gate)


def end(run: Run) -> Iterable[Mark]:
    if run.finished_at:
        kind = {"completed": "good", "failed": "bad"}.get(run.status, "past")
        yield Mark(run.finished_at, ENDS[RunStatus(run.status)], kind)
