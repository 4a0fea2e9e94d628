"""Everything at a glance: has anything changed, what waits for a person, what does every teammate do (contract 2.3)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Max, OuterRef, Subquery
from django.http import HttpResponse
from ninja import Router

from api.auth import READ, Caller, Request
from api.m8tes.answers import answer, iso
from api.m8tes.scope import awaiting, runs_of, teammates_of
from api.m8tes.shapes import run_shape
from approvals.cards import title_of
from approvals.models import Gate, Question, ToolApproval
from runs.models import Run, RunQuerySet, Session
from runs.states import RunStatus
from teammates.models import Revision

router = Router(tags=["runs"])

ITEMS = 5
ACTIVITY = ("id", "status", "created_at", "task_id", "last_activity_at", "error_code", "needs_reply")


@router.get("/check", auth=READ, summary="Has anything changed?")
def check(request: Request, user_id: str | None = None) -> HttpResponse:
    """A run that begins, waits, goes on, ends or is put away changes one of these, and so does a teammate."""
    runs = in_scope(request.auth, user_id)
    newest = runs.only("pk", "created_at").order_by("-pk").first()
    at_work = living(request.auth, user_id).aggregate(woken=Max("woken_at"), started=Max("started_at"))
    moments = [newest and newest.created_at, *at_work.values(), last_end(request.auth, user_id)]
    return answer(
        {
            "total_count": total(request.auth, user_id),
            "latest_run_id": newest and newest.pk,
            "awaiting_count": awaiting(runs).count(),
            "latest_change_at": latest(moments),
            **roster(request.auth, user_id),
            "teams_count": 0,
            "teams_change_at": None,
        }
    )


def roster(caller: Caller, user_id: str | None) -> dict[str, Any]:
    teammates = teammates_of(caller)
    if user_id is not None:
        teammates = teammates.filter(user_id=user_id)
    moments = teammates.aggregate(made=Max("created_at"), archived=Max("archived_at"))
    written = Revision.objects.filter(kind="teammate", performer__in=teammates.order_by().values("pk"))
    changed = latest([*moments.values(), written.aggregate(made=Max("made_at"))["made"]])
    return {"roster_count": teammates.unarchived().count(), "roster_change_at": changed}


def latest(moments: Iterable[datetime | None]) -> str | None:
    return iso(max((moment for moment in moments if moment), default=None))


@router.get("/needs-you", auth=READ, summary="What waits for a person, in a few words")
def needs_you(request: Request, user_id: str | None = None) -> HttpResponse:
    """For a lock screen: our words only, nothing of what anybody wrote to or as a model."""
    waiting = awaiting(in_scope(request.auth, user_id))
    first = list(waiting.select_related("teammate", "team", "workflow").order_by("-pk")[:ITEMS])
    gates = open_gates(first)
    items = [{"run_id": run.pk, "title": title(run, gates), "mate_name": run.performer.name} for run in first]
    return answer({"count": waiting.count(), "items": items})


def open_gates(runs: list[Run]) -> dict[int, Gate]:
    """What each of the runs has asked first of all that is still open."""
    questions = Question.objects.pending().filter(run__in=runs).select_related("run__teammate", "call")
    found: list[Gate] = [*ToolApproval.objects.pending().filter(run__in=runs), *questions]
    return {gate.run_id: gate for gate in sorted(found, key=lambda gate: gate.created_at, reverse=True)}


def title(run: Run, gates: dict[int, Gate]) -> str:
    return title_of(gates[run.pk]) if run.pk in gates else f"{run.performer.name} needs you"


@router.get("/activity", auth=READ, summary="What every teammate does now, and did last")
def activity(request: Request, user_id: str | None = None) -> HttpResponse:
    runs = in_scope(request.auth, user_id)
    ended = runs.ended().filter(teammate=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    last = teammates_of(request.auth).unarchived().order_by().values_list(Subquery(ended), flat=True)
    at_work = living(request.auth, user_id).exclude(teammate=None)
    shown = [*at_work, *runs.filter(pk__in=[pk for pk in last if pk])]
    groups: dict[Any, list[dict[str, Any]]] = {}
    for run in sorted(shown, key=lambda run: -run.pk):
        groups.setdefault(run.teammate_id, []).append(active(run))
    return answer({"data": [{"agent_id": pk, "runs": of_agent} for pk, of_agent in sorted(groups.items())]})


def active(run: Run) -> dict[str, Any]:
    whole = run_shape(run)
    stopped = whole["finished_at"] if run.status == RunStatus.CANCELLED else None
    return {**{key: whole[key] for key in ACTIVITY}, "cancelled_at": stopped}


# --- whose ---


def in_scope(caller: Caller, user_id: str | None) -> RunQuerySet:
    """The runs that the list shows: of one end user, or of none, and not put away."""
    return runs_of(caller).roots().filter(user_id=user_id or "", archived_at=None)


# What follows is asked every few seconds, and an account may have a great many runs: none of it looks at each of them.


def living(caller: Caller, user_id: str | None) -> RunQuerySet:
    return in_scope(caller, user_id).filter(pk__in=Run.objects.live().filter(owner=caller.user).values("pk"))


def total(caller: Caller, user_id: str | None) -> int:
    """How many are in scope: counted without a look at each, less those of hidden conversations and those below."""
    runs = Run.objects.filter(user_id=user_id or "", archived_at=None)
    hidden = Session.objects.filter(owner=caller.user, hidden=True).values("pk")
    own, unseen = runs.filter(owner=caller.user), runs.filter(session__in=hidden)
    below = own.filter(parent__isnull=False).exclude(session__in=hidden)
    return own.count() - unseen.count() - below.count()


def last_end(caller: Caller, user_id: str | None) -> datetime | None:
    runs = Run.objects.filter(owner=caller.user, user_id=user_id or "", archived_at=None)
    ended: datetime | None = runs.aggregate(last=Max("finished_at"))["last"]
    return ended
