"""Runs of a session as lists show them (contract 6): flat, and many of them in a fixed number of queries."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch, QuerySet

from api.agentos.answers import iso, present
from api.agentos.events import MAKERS, Event, Telling
from api.agentos.kinds import kind_of
from api.agentos.messages import said_in
from api.agentos.shapes import metrics_of, paused_sentence, status_of
from api.agentos.tools import tools_of
from approvals.models import Gate, Question, ToolApproval
from runs.journal import Line
from runs.models import Event as Row
from runs.models import Run, Session, ToolCall
from runs.states import RunStatus
from teammates.models import Revision

WORDS = ("text", "thinking")
TOLD = [kind for kind in MAKERS if kind not in WORDS]
ASKED = "gate.opened"  # what has none of these has no gates
UNSAID = (RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.PAUSED)  # their content is not in the journal


class Kept(Telling):
    """Tells a run from rows that were read for many of them."""

    def __init__(self, run: Run, gates: list[Gate]) -> None:
        super().__init__(run)
        self.known = {call.pk: call for call in run.calls.all()}
        self.waiting = gates

    def call(self, line: Line) -> ToolCall:
        return self.known[line.data["call"]]

    def gates(self) -> list[Gate]:
        return self.waiting

    def ended(self) -> Run:
        return self.run


def with_rows(runs: "QuerySet[Run]") -> "QuerySet[Run]":
    """What the shapes read of each run comes along, but for its session."""
    revisions = Prefetch("performer_revision", Revision.objects.only("definition"))
    return runs.prefetch_related("teammate", "team", "workflow", revisions, "calls", "messages")


def page_of_runs(session: Session, runs: "QuerySet[Run]", limit: int, page: int) -> list[dict[str, Any]]:
    """Oldest first; page 1 holds the newest `limit` of these runs, the next one those before them."""
    start = (page - 1) * limit
    return flat_runs(session, list(with_rows(runs.order_by("-pk"))[start : start + limit])[::-1])


def flat_runs(session: Session, runs: Iterable[Run]) -> list[dict[str, Any]]:
    """`runs` come from `with_rows` and are of this session."""
    runs = list(runs)
    for run in runs:
        run.session = session
    lines = lines_in(runs, [*TOLD, ASKED])
    gates = gates_in([run for run in runs if any(line.kind == ASKED for line in lines.get(run.pk, []))])
    partial = words_in([run for run in runs if run.status not in UNSAID])
    return [flat(run, gates.get(run.pk, []), lines.get(run.pk, []), partial.get(run.pk, "")) for run in runs]


def flat(run: Run, gates: list[Gate], lines: list[Line], partial: str) -> dict[str, Any]:
    thinking = "".join(message.thinking for message in run.messages.all())
    shape = {
        "run_id": str(run.uuid),
        **kind_of(run).names(run.performer),
        "user_id": run.user_id or None,
        "status": status_of(run),
        "run_input": run.message,
        "content": content_of(run, gates, partial),
        "run_response_format": "text" if run.output_data is None else "json",
        "reasoning_content": thinking or None,
        "metrics": metrics_of(run),
        "messages": said_in(run),
        "tools": tools_of(run, gates) or None,
        "events": events_of(run, gates, lines) or None,
        "session_state": run.session.session_state,
        "created_at": iso(run.created_at),
    }
    return present(shape)


def content_of(run: Run, gates: list[Gate], partial: str) -> Any:
    if run.status == RunStatus.COMPLETED:
        return run.output if run.output_data is None else run.output_data
    if run.status == RunStatus.FAILED:
        return run.error
    return paused_sentence(gates) if run.status == RunStatus.PAUSED else partial


def events_of(run: Run, gates: list[Gate], lines: list[Line]) -> list[Event]:
    """A workflow's are told with the run itself."""
    return [] if run.workflow_id else Kept(run, gates).events(lines)


def gates_in(runs: list[Run]) -> dict[int, list[Gate]]:
    """As `gates_of`, of all these runs."""
    if not runs:
        return {}
    by_pk = {run.pk: run for run in runs}
    calls = {call.pk: call for run in runs for call in run.calls.all()}
    kinds = (ToolApproval.objects, Question.objects)
    every: list[Gate] = [gate for gates in kinds for gate in gates.filter(run__in=by_pk)]
    found: dict[int, list[Gate]] = {}
    for gate in sorted(every, key=lambda gate: (gate.created_at, gate.pk)):
        gate.run = by_pk[gate.run_id]
        if gate.call_id:
            gate.call = calls[gate.call_id]
        found.setdefault(gate.run_id, []).append(gate)
    return found


def lines_in(runs: list[Run], kinds: Iterable[str]) -> dict[int, list[Line]]:
    rows = Row.objects.filter(run__in=[run.pk for run in runs], kind__in=list(kinds)).order_by("run", "seq")
    found: dict[int, list[Line]] = {}
    for run_id, seq, kind, data, at in rows.values_list("run_id", "seq", "kind", "data", "at"):
        found.setdefault(run_id, []).append(Line(run_id, seq, kind, data, at))
    return found


def words_in(runs: list[Run]) -> dict[int, str]:
    """What each has said in the turn at which it stands: a turn that is open or was cut off has no message."""
    said: dict[int, str] = {}
    for run_id, lines in lines_in(runs, ("text", "turn.started", "turn.restarted")).items():
        for line in lines:
            said[run_id] = said.get(run_id, "") + line.data["delta"] if line.kind == "text" else ""
    return said


def chat_of(runs: Iterable[Run]) -> list[dict[str, Any]]:
    """What was said in these runs, one after another."""
    return [message for run in runs for message in said_in(run)]
