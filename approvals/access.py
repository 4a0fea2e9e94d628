"""Who may see a gate, and who may decide it: one answer for pages, sockets, doors and the admin."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, QuerySet
from django.http import Http404

from approvals.models import Gate, Question, ToolApproval
from runs.services import lock as lock_run
from runs.ways import lift
from teammates.accounts import Sight, oversees, sight_of
from teammates.prepared import Select
from teammates.tools.registry import LEVELS

PERFORMED = ("run__teammate", "run__team", "run__workflow")
LIST_LIMIT = 200
KINDS: tuple[type[Gate], ...] = (ToolApproval, Question)
# Highest first; what may have happened twice comes before what has not happened yet.
RANK = {"critical": 0, "high": 1, "unknown": 1, "attention": 1, "medium": 2, "low": 3}


def approval_for(user: Any, pk: int) -> ToolApproval:
    """The approval, or `Http404`: never "found, but not yours"."""
    gate: ToolApproval = _gate(ToolApproval, user, pk)
    return gate


def question_for(user: Any, pk: int) -> Question:
    gate: Question = _gate(Question, user, pk)
    return gate


def _gate(kind: type[Gate], user: Any, pk: int) -> Any:
    found = _gates(kind, sight_of(user), pk=pk, user=user.pk)
    if not found:
        raise Http404(f"No gate {pk}.")
    return found[0]


@Select
def _gates(kind: type[Gate], sight: Sight, pk: Any, user: Any) -> "QuerySet[Any]":
    related = (*PERFORMED, "run__owner", "decided_by", "call")
    return kind._default_manager.seen(sight, user).select_related(*related).filter(pk=pk)


def lock(gate: Gate) -> None:
    """Read the gate, its run and its call as they are, and as they stay until the transaction at hand ends."""
    lock_run(gate.run)
    (fresh,) = _as_it_is(type(gate), pk=gate.pk)
    vars(gate).update(vars(fresh))


@Select
def _as_it_is(kind: type[Gate], pk: Any) -> "QuerySet[Any]":
    return kind._default_manager.select_related("run", "call").filter(pk=pk)


def may_decide(user: Any, gate: Gate) -> bool:
    """The run's owner, reviewers and staff; policies will only narrow this."""
    if not user.is_active:
        return False
    return bool(gate.run.owner_id == user.pk or oversees(user))


def waiting_for(user: User) -> list[Gate]:
    """What waits for this person: the highest risk first, then the oldest."""
    sight = sight_of(user)
    found = [gate for kind in KINDS for gate in _pending(kind, sight, user=user.pk)]
    lift(gate.run for gate in found)
    return sorted(found, key=lambda gate: (rank(gate), gate.created_at, gate.pk))


@Select
def _pending(kind: type[Gate], sight: Sight, user: Any) -> "QuerySet[Any]":
    gates = kind._default_manager.pending().seen(sight, user)
    return gates.select_related(*PERFORMED, "run__owner", "call").order_by("pk")[:LIST_LIMIT]


def rank(gate: Gate) -> int:
    if isinstance(gate, ToolApproval):
        return RANK[LEVELS.get(gate.risk, "high")]  # type: ignore[call-overload]  # a word of the registry, once
    return RANK.get(getattr(gate, "kind", ""), RANK["medium"])


def waiting_count(user: User) -> int:
    sight = sight_of(user)
    return sum(count for kind in KINDS for count in _counts(kind, sight, user=user.pk))


def count_with(user: User, gates: list[Gate]) -> int:
    """How many wait, when `waiting_for` gave these, which are only the oldest of very many."""
    return len(gates) if len(gates) < LIST_LIMIT else waiting_count(user)


@Select
def _counts(kind: type[Gate], sight: Sight, user: Any) -> "QuerySet[Any, int]":
    pending: Any = kind._default_manager.pending().seen(sight, user).order_by().values("status")
    counted: QuerySet[Any, int] = pending.annotate(count=Count("pk")).values_list("count", flat=True)
    return counted
