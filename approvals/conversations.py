"""Conversations for their pages: which there are, and one of them as a thread."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Max, Q
from django.db.models.functions import Coalesce

from approvals.access import PERFORMED
from approvals.home import without_marks
from approvals.models import Gate, Question, ToolApproval
from runs.models import Run, RunFile, Session, ToolCall
from runs.pages import doing, settle, speech
from runs.sessions import names_of
from runs.states import RUN_LIVE, RunStatus
from runs.ways import PERFORMERS, lift
from teammates.models import Memory

MEMORIES = 20


@dataclass(frozen=True)
class Row:
    """One conversation in the list: its newest run says how it stands."""

    session: Session
    name: str
    newest: Run | None
    count: int
    status: str

    @property
    def word(self) -> str:
        return str(RunStatus(self.status).label) if self.status else ""

    @property
    def answer(self) -> str:
        return without_marks(self.newest.output) if self.newest else ""


@dataclass
class Exchange:
    """One run of the thread: what was asked, and what came of it."""

    run: Run
    given: list[RunFile] = field(default_factory=list)
    files: list[RunFile] = field(default_factory=list)
    waiting: list[Gate] = field(default_factory=list)
    calls: int = 0
    doing: str = ""
    words: str = ""  # said so far, while the run lives or where it was cut off


def rows_of(sessions: list[Session]) -> list[Row]:
    """In a fixed number of queries."""
    runs = Run.objects.filter(session__in=sessions).values("session")
    stands = Q(open_gates__gt=0) | Q(status=RunStatus.PAUSED, open_children=0)
    counted = runs.annotate(
        count=Count("pk", filter=Q(parent=None)),
        newest=Max("pk", filter=Q(parent=None)),
        waiting=Count("pk", filter=stands),
        live=Count("pk", filter=Q(status__in=RUN_LIVE)),
    )
    found = {row["session"]: row for row in counted}
    shown = Run.objects.select_related("teammate", "team", "workflow", "owner")
    newest = shown.in_bulk([row["newest"] for row in found.values()])
    names = names_of(sessions)
    return [row_of(session, names, found.get(session.pk), newest) for session in sessions]


def row_of(session: Session, names: dict[int, str], counted: Mapping[str, Any] | None, runs: dict[int, Run]) -> Row:
    name = names.get(session.pk, "")
    if counted is None:
        return Row(session, name, None, 0, "")
    newest = runs[counted["newest"]]
    status = RunStatus.PAUSED if counted["waiting"] else RunStatus.RUNNING if counted["live"] else newest.status
    return Row(session, name, newest, counted["count"], status)


def exchanges(runs: Iterable[Run], waiting: Iterable[Gate]) -> list[Exchange]:
    """Runs of one conversation, in a fixed number of queries and a few more for each that lives.

    `waiting` is what `waiting_in` gave for the conversation.
    """
    found = {run.pk: Exchange(run) for run in runs}
    trees = Run.objects.filter(Q(pk__in=found) | Q(root__in=found))  # a query of its own: or all runs are read
    files = RunFile.objects.filter(Q(run__in=found) | Q(kind=RunFile.Kind.OUTPUT), run__in=trees)
    performed = [f"run__{name}" for name in PERFORMERS]
    for file in files.select_related(*performed).order_by("pk"):
        kept = found[file.run.root_pk]
        (kept.given if file.kind == RunFile.Kind.INPUT else kept.files).append(file)
    for gate in waiting:
        if exchange := found.get(gate.run.root_pk):
            exchange.waiting.append(gate)
    calls = ToolCall.objects.filter(run__in=trees, retried_as=None).order_by()
    for run_id, count in calls.values_list(Coalesce("run__root", "run")).annotate(count=Count("pk")):
        found[run_id].calls = count
    for exchange in found.values():
        if exchange.run.is_live or exchange.run.status == RunStatus.CANCELLED:
            follow(exchange)
    return list(found.values())


def waiting_in(session: Session) -> list[Gate]:
    """What waits for a person in its runs, the oldest first."""
    kinds = (ToolApproval.objects, Question.objects)
    related = ("call", *PERFORMED)
    found = [gate for gates in kinds for gate in gates.pending().filter(run__session=session).select_related(*related)]
    lift(gate.run for gate in found)
    return sorted(found, key=lambda gate: (gate.created_at, gate.pk))


def follow(exchange: Exchange) -> None:
    run = exchange.run
    said = speech(run)
    exchange.words = said.text if said else ""
    if run.is_live:
        settle(calls := list(run.calls.all()))
        exchange.doing = doing(run, calls)


def memories_of(session: Session) -> tuple[list[Memory], int]:
    """The newest of what its runs can recall, and of how many."""
    here = Q(teammate=None) | Q(teammate__in=Run.objects.filter(session=session).values("teammate"))
    rows = Memory.objects.filter(here, owner_id=session.owner_id, user_id=session.user_id)
    newest = list(rows.select_related("teammate").order_by("-pk")[:MEMORIES])
    return newest, rows.count() if len(newest) == MEMORIES else len(newest)
