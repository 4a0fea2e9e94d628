"""The short story of a run for its inspector: one line for each thing that happened, in order."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from approvals.cards import key_of, title_of
from approvals.models import Gate, Question, ToolApproval
from runs.models import Run, RunFile, ToolCall
from runs.pages import row_of
from runs.states import RunStatus
from runs.templatetags.sayso import person
from teammates.tools.questions import ASK, PLAN

VERBS = {"allow": "allowed", "deny": "denied", "answer": "answered"}
ENDS = {RunStatus.COMPLETED: "Done", RunStatus.FAILED: "Failed", RunStatus.CANCELLED: "Stopped"}


@dataclass(frozen=True)
class Mark:
    """One line. `kind`: past, waits (for a person), bad, good or now."""

    at: datetime
    words: str
    kind: str = "past"
    anchor: str = ""
    tail: str = ""


def timeline(run: Run, calls: Iterable[ToolCall], gates: Iterable[Gate], files: Iterable[RunFile]) -> list[Mark]:
    marks = [Mark(run.created_at, f"Started by {person(run.requested_by)}")]
    marks += called(calls)
    marks += [mark for gate in gates for mark in of_gate(gate)]
    marks += [Mark(file.written_at, f"{file.name} written") for file in files]
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
            min(call.started_at for call in group if call.started_at), listed(group), "bad" if failed(group) else "past"
        )
        for group in by_turn.values()
    ]


def listed(calls: list[ToolCall]) -> str:
    titles = list(dict.fromkeys(row_of(call).title for call in calls))
    words = ", ".join([titles[0], *(title[:1].lower() + title[1:] for title in titles[1:])])
    return f"{words} failed" if failed(calls) else words


def failed(calls: list[ToolCall]) -> bool:
    return all(call.state in ("failed", "outcome_unknown") for call in calls)


def of_gate(gate: Gate) -> list[Mark]:
    marks = [asked(gate)]
    if gate.verdict and gate.decided_at:
        words = f"{person(gate.decided_by)} {VERBS[gate.verdict]}"
        marks.append(Mark(gate.decided_at, words, "bad" if gate.verdict == "deny" else "good"))
    return marks


def asked(gate: Gate) -> Mark:
    kind = "waits" if gate.is_pending else "past"
    tail = "asks" if isinstance(gate, ToolApproval) else ""
    return Mark(gate.created_at, in_short(gate), kind, key_of(gate), tail)


def in_short(gate: Gate) -> str:
    """What waits, in as few words as say it."""
    if isinstance(gate, Question) and gate.kind == Question.Kind.ASK:
        return "A question" if len(gate.questions) == 1 else f"{len(gate.questions)} questions"
    return title_of(gate)


def end(run: Run) -> Iterable[Mark]:
    if run.finished_at:
        kind = {"completed": "good", "failed": "bad"}.get(run.status, "past")
        yield Mark(run.finished_at, ENDS[RunStatus(run.status)], kind)
