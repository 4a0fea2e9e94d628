"""A gate in the words of `/approvals` (contract 6)."""

from typing import Any

from django.db.models import Q

from api.agentos.answers import epoch, present
from api.agentos.kinds import kind_of
from api.agentos.shapes import status_of as run_status
from api.agentos.tools import requirement
from approvals.asking import name_of
from approvals.models import Gate, Question, ToolApproval, Verdict
from runs.models import Run
from runs.states import GateStatus

CLOSED = (GateStatus.CANCELLED, GateStatus.SUPERSEDED)
REJECTED = Q(status=GateStatus.DECIDED, verdict=Verdict.DENY)
STATUSES = {
    "pending": Q(status=GateStatus.PENDING),
    "approved": Q(status=GateStatus.DECIDED) & ~REJECTED,
    "rejected": REJECTED,
    "expired": Q(status=GateStatus.EXPIRED),
    "cancelled": Q(status__in=CLOSED),
}
PAUSES = {Question.Kind.INPUT: "user_input", Question.Kind.EXTERNAL: "external_execution"}
CONFIRMATION, FEEDBACK = "confirmation", "user_feedback"


def status_of(gate: Gate) -> str:
    if gate.status == GateStatus.DECIDED:
        return "rejected" if gate.verdict == Verdict.DENY else "approved"
    return "cancelled" if gate.status in CLOSED else gate.status


def pause_of(gate: Gate) -> str:
    return PAUSES.get(Question.Kind(gate.kind), FEEDBACK) if isinstance(gate, Question) else CONFIRMATION


def pauses(kind: str, pause_type: str) -> Q:
    """Which rows of a table pause like this."""
    if kind == "approval":
        return Q() if pause_type == CONFIRMATION else Q(pk=None)
    return Q(kind__in=[each for each in Question.Kind if PAUSES.get(each, FEEDBACK) == pause_type])


def top_of(gate: Gate) -> Run:
    """The run that is continued, wherever in its tree it waits."""
    return gate.run.root or gate.run


def approval_shape(gate: Gate) -> dict[str, Any]:
    run, top, asked = gate.run, top_of(gate), requirement(gate)
    tool, source = asked["tool_execution"], kind_of(top)
    return {
        **status_shape(gate),
        "id": name_of(gate),
        "session_id": run.session.key,
        "source_type": source.word,
        "source_name": top.performer.name,
        "approval_type": "required",
        "pause_type": pause_of(gate),
        "tool_name": tool["tool_name"],
        "tool_args": tool["tool_args"],
        "expires_at": epoch(gate.expires_at) if isinstance(gate, ToolApproval) and gate.expires_at else None,
        "agent_id": run.teammate.slug if run.teammate else None,
        "team_id": top.team.slug if top.team else None,
        "workflow_id": top.workflow.slug if top.workflow else None,
        "user_id": run.user_id or None,
        "requirements": [asked],
        "context": {"tool_names": [tool["tool_name"]], "source_name": top.performer.name, "why": gate.why},
        "resolution_data": resolution_of(gate),
        "created_at": epoch(gate.created_at),
        "updated_at": epoch(gate.decided_at or gate.created_at),
        "run_status": run_status(top),
    }


def status_shape(gate: Gate) -> dict[str, Any]:
    return {
        "approval_id": name_of(gate),
        "status": status_of(gate),
        "run_id": str(top_of(gate).uuid),
        "resolved_at": epoch(gate.decided_at) if gate.decided_at else None,
        "resolved_by": gate.decided_by.get_username() if gate.decided_by else None,
    }


def resolution_of(gate: Gate) -> dict[str, Any] | None:
    """What was said with the decision."""
    if gate.status != GateStatus.DECIDED:
        return None
    if isinstance(gate, ToolApproval):
        said = {"confirmation_note": gate.reason or None, "tool_args": gate.edited_arguments}
    else:
        said = {"answers": getattr(gate, "answers", None) or None, "response": getattr(gate, "response", "") or None}
    return {"via": gate.decided_via, **present(said)}
