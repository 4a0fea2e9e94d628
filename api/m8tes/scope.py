"""What a key may reach by an id: its account's own rows, and none of another end user (contract 0.7)."""

from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import Http404

from api.auth import Caller
from api.m8tes.errors import Problem
from runs.models import Run, RunQuerySet
from runs.states import RUN_LIVE, RunStatus
from runs.task_models import Task
from teammates.account_settings import needs_end_user
from teammates.models import Teammate, TeammateQuerySet
from teammates.prepared import Select


def runs_of(caller: Caller) -> RunQuerySet:
    return Run.objects.of_account(caller.user)


def awaiting(runs: RunQuerySet) -> RunQuerySet:
    """Those in whose tree a gate is open."""
    below = Run.objects.filter(root=OuterRef("pk"), status=RunStatus.PAUSED, open_gates__gt=0)
    own = Q(status=RunStatus.PAUSED) & (Q(teammate__isnull=False) | Q(open_gates__gt=0))
    return runs.filter(own | (Q(teammate=None, status__in=RUN_LIVE) & Exists(below)))


def run_of(caller: Caller, pk: int, user_id: str | None = None) -> Run:
    """The run, or `Http404`: absent, another account's and another end user's are all the same."""
    mine = {} if user_id is None else {"user_id": user_id}
    found = _runs(pk=pk, owner=caller.user.pk, **mine) if pk < 2**63 else []
    if not found:
        raise Http404(f"There is no run {pk}.")
    found[0].owner = caller.user
    return found[0]


@Select
def _runs(pk: Any, owner: Any, **mine: Any) -> RunQuerySet:
    return Run.objects.of_account(owner).filter(pk=pk, **mine)


def teammates_of(caller: Caller) -> TeammateQuerySet:
    """Own ones and the house's; archived ones too, which can still be looked at."""
    return Teammate.objects.of_account(caller.user)


def teammate_of(caller: Caller, pk: int, user_id: str | None = None) -> Teammate:
    teammate: Teammate = one_of(teammates_of(caller).prefetch_related("tools"), pk, user_id, "teammate")
    return teammate


def task_of(caller: Caller, pk: int, user_id: str | None = None, *, locked: bool = False) -> Task:
    rows = Task.objects.filter(owner=caller.user).select_related("teammate", "owner")
    task: Task = one_of(rows, pk, user_id, "task", locked=locked)
    return task


def one_of(rows: "QuerySet[Any]", pk: int, user_id: str | None, what: str, *, locked: bool = False) -> Any:
    """The row, or `Http404`. A `user_id` must be the row's own; without one every end user's row is found.

    `locked`, inside a transaction: nobody else changes it before that ends.
    """
    scoped = rows if user_id is None else rows.filter(user_id=user_id)
    if locked:
        scoped.filter(pk=pk).update(user_id=F("user_id"))
    found = scoped.filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise Http404(f"There is no {what} {pk}.")
    return found


def end_user(caller: Caller, user_id: str | None) -> str:
    """Whom something is made for, "" for the account itself; 422 where the account wants somebody named."""
    if not user_id and needs_end_user(caller.user):
        raise Problem(422, "This account wants a user_id with everything that is made.", "user_id_required")
    return user_id or ""
