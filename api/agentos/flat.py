"""Runs of a session as lists show them (contract 6): flat, and many of them in a fixed number of queries."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model, QuerySet

from api.agentos.answers import iso, present
from api.agentos.events import MAKERS, Event, Telling
from api.agentos.kinds import kind_of
from api.agentos.messages import said_in
from api.agentos.shapes import Words, metrics_of, paused_sentence, status_of
from api.agentos.tools import tools_of
from approvals.models import Gate, Question, ToolApproval
from runs.journal import Line
from runs.models import Event as Row
from runs.models import Message, Run, Session, ToolCall
from runs.states import RunStatus
from teammates.models import Revision, Team, Teammate, Workflow
from teammates.prepared import Select

PERFORMING = {"teammate": Teammate, "team": Team, "workflow": Workflow, "performer_revision": Revision}
WORDS = ("text", "thinking")
TOLD = [kind for kind in MAKERS if kind not in WORDS]
ASKED, PROPOSED = "gate.opened", "call.proposed"  # what has none of these has no gates, and no calls
UNSAID = (RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.PAUSED)  # their content is not in the journal


class Kept(Telling):
    """Tells a run that was just read from the rows that were read with it."""

    def __init__(self, run: Run, gates: list[Gate], calls: list[ToolCall]) -> None:
        super().__init__(run)
        self.known = {call.pk: call for call in calls}
        self.waiting = gates

    def call(self, line: Line) -> ToolCall:
        return self.known[line.data["call"]]

    def gates(self) -> list[Gate]:
        return self.waiting

    def ended(self) -> Run:
        return self.run


def with_rows(runs: Iterable[Run]) -> list[Run]:
    """The runs with who performs each. As `prefetch_related`, whose queries cost most of what a page does."""
    found = list(runs)
    for name, kind in PERFORMING.items():
        wanted = {pk for run in found if (pk := getattr(run, f"{name}_id"))}
        rows = {row.pk: row for row in _among(kind, "pk", **numbered(wanted))}
        for run in found:
            if row := rows.get(getattr(run, f"{name}_id")):
                setattr(run, name, row)
    return found


def numbered(pks: Iterable[int]) -> dict[str, int]:
    """Each under a name of its own, for a prepared query of so many."""
    return {f"pk{place}": pk for place, pk in enumerate(pks)}


@Select
def _among(kind: type[Model], field: str, **pks: Any) -> "QuerySet[Any]":
    """Those whose field is one of these."""
    return kind._default_manager.filter(**{f"{field}__in": list(pks.values())})


@Select
def _lines(*kinds: str, **runs: Any) -> "QuerySet[Row, tuple[Any, ...]]":
    rows = Row.objects.filter(run__id__in=list(runs.values()), kind__in=kinds).order_by("run_id", "seq")
    return rows.values_list("run_id", "seq", "kind", "data", "at")


@dataclass
class Rows:
    """What is told of one run, read for many of them at once."""

    run: Run
    lines: list[Line] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    turns: list[Message] = field(default_factory=list)
    words: Words = field(default_factory=Words)  # of those that have no other content

    @property
    def has_asked(self) -> bool:
        return any(line.kind == ASKED for line in self.lines)


def rows_of(session: Session, runs: Iterable[Run]) -> dict[int, Rows]:
    """What was said and called in these runs of the session, which come from `with_rows`."""
    found = {run.pk: Rows(run) for run in runs}
    for rows in found.values():
        rows.run.session = session
    for call in _among(ToolCall, "run__id", **numbered(found)):
        found[call.run_id].calls.append(call)
    for said in _among(Message, "run__id", **numbered(found)):
        found[said.run_id].turns.append(said)
    return found


def page_of_runs(session: Session, runs: "QuerySet[Run]", limit: int, page: int) -> list[dict[str, Any]]:
    """Oldest first; page 1 holds the newest `limit` of these runs, the next one those before them."""
    start = (page - 1) * limit
    return flat_runs(session, with_rows(runs.order_by("-pk")[start : start + limit])[::-1])


def flat_runs(session: Session, runs: Iterable[Run]) -> list[dict[str, Any]]:
    """`runs` come from `with_rows` and are of this session."""
    runs = list(runs)
    lines = list(lines_in([run.pk for run in runs], [*TOLD, ASKED]))  # before the calls and gates that they name
    found = rows_of(session, runs)
    for line in lines:
        found[line.run_id].lines.append(line)
    take_gates({pk: rows for pk, rows in found.items() if rows.has_asked})
    take_words(found)
    return [flat(rows) for rows in found.values()]


def flat(rows: Rows) -> dict[str, Any]:
    run, gates = rows.run, rows.gates
    thinking = "".join(said.thinking for said in rows.turns)
    shape = {
        "run_id": str(run.uuid),
        **kind_of(run).names(run.performer),
        "user_id": run.user_id or None,
        "status": status_of(run),
        "run_input": run.message,
        "content": content_of(run, gates, rows.words.text),
        "run_response_format": "text" if run.output_data is None else "json",
        "reasoning_content": thinking or None,
        "metrics": metrics_of(run),
        "messages": messages_in(rows),
        "tools": tools_of(run, gates, rows.calls) or None,
        "events": events_of(rows) or None,
        "session_state": run.session.session_state,
        "created_at": iso(run.created_at),
    }
    return present(shape)


def content_of(run: Run, gates: list[Gate], said: str) -> Any:
    if run.status == RunStatus.COMPLETED:
        return run.output if run.output_data is None else run.output_data
    if run.status == RunStatus.FAILED:
        return run.error
    return paused_sentence(gates) if run.status == RunStatus.PAUSED else said


def events_of(rows: Rows) -> list[Event]:
    """A workflow's are told with the run itself."""
    return [] if rows.run.workflow_id else Kept(rows.run, rows.gates, rows.calls).events(rows.lines)


def take_gates(found: dict[int, Rows]) -> None:
    """As `gates_of`, of all these runs."""
    if not found:
        return
    calls = {call.pk: call for rows in found.values() for call in rows.calls}
    kinds = (ToolApproval.objects, Question.objects)
    every: list[Gate] = [gate for gates in kinds for gate in gates.filter(run__in=found)]
    for gate in sorted(every, key=lambda gate: (gate.created_at, gate.pk)):
        rows = found[gate.run_id]
        if gate.call_id and gate.call_id not in calls:
            continue  # it came after what was read
        gate.run = rows.run
        if gate.call_id:
            gate.call = calls[gate.call_id]
        rows.gates.append(gate)


def lines_in(runs: Iterable[int], kinds: Iterable[str]) -> Iterator[Line]:
    return (Line(*row) for row in _lines(*kinds, **numbered(runs)))


def take_words(found: dict[int, Rows]) -> None:
    """As `spoken`, of those whose content is what they have said."""
    found = {pk: rows for pk, rows in found.items() if rows.run.status not in UNSAID}
    if not found:
        return
    for line in lines_in(found, ("text", "turn.started", "turn.restarted")):
        words = found[line.run_id].words
        words.turn = line.data["turn"]
        words.text = words.text + line.data["delta"] if line.kind == "text" else ""


def chat_of(session: Session, runs: Iterable[Run]) -> list[dict[str, Any]]:
    """What was said in these runs of the session, one after another."""
    found = rows_of(session, runs)
    take_words(found)
    return [message for rows in found.values() for message in messages_in(rows)]


def messages_in(rows: Rows) -> list[dict[str, Any]]:
    return said_in(rows.run, rows.turns, rows.calls, rows.words.cut(rows.turns))
