"""Who may see a gate, and who may decide it: one answer for pages, sockets, doors and the admin."""

from typing import Any

from django.contrib.auth.models import User
from django.http import Http404

from approvals.models import Gate, GateQuerySet, Question, ToolApproval
from runs.ways import lift
from teammates.accounts import oversees
from teammates.tools.registry import LEVELS

PERFORMED = ("run__teammate", "run__team", "run__workflow")
LIST_LIMIT = 200
# Highest first; what may have happened twice comes before what has not happened yet.
RANK = {"critical": 0, "high": 1, "unknown": 1, "attention": 1, "medium": 2, "low": 3}


def approval_for(user: Any, pk: int) -> ToolApproval:
    """The approval, or `Http404`: never "found, but not yours"."""
    gate: ToolApproval = _gate(ToolApproval.objects.select_related("call"), user, pk)
    return gate


def question_for(user: Any, pk: int) -> Question:
    gate: Question = _gate(Question.objects.select_related("call"), user, pk)
    return gate


def _gate(gates: GateQuerySet, user: Any, pk: int) -> Any:
    found = gates.visible_to(user).select_related(*PERFORMED, "run__owner", "decided_by").filter(pk=pk).first()
    if found is None:
        raise Http404(f"No gate {pk}.")
    return found


def may_decide(user: Any, gate: Gate) -> bool:
    """The run's owner, reviewers and staff; policies will only narrow this."""
    if not user.is_active:
        return False
    return bool(gate.run.owner_id == user.pk or oversees(user))


def waiting_for(user: User) -> list[Gate]:
    """What waits for this person: the highest risk first, then the oldest."""
    related = (*PERFORMED, "run__owner", "call")
    approvals = ToolApproval.objects.pending().visible_to(user).select_related(*related).order_by("pk")[:LIST_LIMIT]
    questions = Question.objects.pending().visible_to(user).select_related(*related).order_by("pk")[:LIST_LIMIT]
    found = [*approvals, *questions]
    lift(gate.run for gate in found)
    return sorted(found, key=lambda gate: (rank(gate), gate.created_at, gate.pk))


def rank(gate: Gate) -> int:
    if isinstance(gate, ToolApproval):
        return RANK[LEVELS.get(gate.risk, "high")]  # type: ignore[call-overload]  # a word of the registry, once
    return RANK.get(getattr(gate, "kind", ""), RANK["medium"])


def waiting_count(user: User) -> int:
    approvals = ToolApproval.objects.pending().visible_to(user).count()
    return approvals + Question.objects.pending().visible_to(user).count()
