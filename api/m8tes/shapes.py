"""Our rows in the words of the door (contract 1.3, 1.8). Keys that an SDK requires are always there."""

from typing import Any

from api.m8tes.answers import iso
from approvals.asking import name_of
from approvals.models import Gate, Question, ToolApproval, Verdict
from approvals.standing import can_remember
from runs.models import Run, RunFile
from runs.states import GateStatus, RunStatus
from runs.trees import open_gates, usage_of
from teammates.tools.registry import LEVELS

ASK_TOOL = "AskUserQuestion"
PLAN_HEADER = "Plan Approval"

STATUS = {
    RunStatus.QUEUED: "running",
    RunStatus.RUNNING: "running",
    RunStatus.PAUSED: "awaiting_approval",
    RunStatus.COMPLETED: "completed",
    RunStatus.FAILED: "failed",
    RunStatus.CANCELLED: "cancelled",
}


def run_shape(run: Run, files: list[RunFile] | None = None) -> dict[str, Any]:
    """`files` are looked up for one run; in a list they are unknown, which the contract writes as null."""
    changed = max(moment for moment in (run.created_at, run.started_at, run.woken_at, run.finished_at) if moment)
    return {
        "id": run.pk,
        "teammate_id": run.teammate_id,
        "agent_id": run.teammate_id,
        "status": status_of(run),
        "output": run.output or None,
        "error": run.error or None,
        "error_code": run.error_code or None,
        "retryable": run.status in (RunStatus.FAILED, RunStatus.CANCELLED),
        "user_id": run.user_id or None,
        "metadata": run.metadata,
        "message": run.message,
        "permission_mode": run.permission_mode,
        "human_in_the_loop": run.human_in_the_loop,
        "output_data": run.output_data,
        "usage": usage_shape(run.usage if run.teammate_id else usage_of(run)),
        "files": None if files is None else [file_shape(file) for file in files],
        "task_id": run.task_id,
        "retry_of_run_id": run.retry_of_id,
        "archived": run.archived_at is not None,
        "share_token": run.share_token,
        "email_address": None,
        "needs_reply": False,
        "created_at": iso(run.created_at),
        "updated_at": iso(changed),
        "started_at": iso(run.started_at),
        "finished_at": iso(run.finished_at),
        "last_activity_at": iso(changed),
        "last_viewed_at": iso(run.viewed_at),
    }


def status_of(run: Run) -> str:
    """A tree of runs awaits approval as soon as any gate in it is open; waiting for runs below alone is running."""
    if run.teammate_id is None and run.is_live:
        return "awaiting_approval" if open_gates(run) else "running"
    return STATUS[RunStatus(run.status)]


def usage_shape(usage: dict[str, Any]) -> dict[str, Any] | None:
    if not usage:
        return None
    into, out = int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0))
    return {
        "input_tokens": into,
        "output_tokens": out,
        "cache_read_tokens": 0,
        "cache_creation_tokens": 0,
        "total_tokens": into + out,
        "cost_usd": f"{usage.get('cost', 0):.6f}",
    }


def file_shape(file: RunFile) -> dict[str, Any]:
    return {"name": file.name, "size": file.size}


# --- gates ---


def request_id(gate: Gate) -> str:
    """`approval-3` or `question-4`: every opening of a gate is a row of its own, so this names one revision."""
    return name_of(gate)


def gate_shape(gate: Gate) -> dict[str, Any]:
    call = gate.call
    shape = {
        "request_id": request_id(gate),
        "tool_use_id": f"call_{call.pk}" if call else None,
        "status": gate_status(gate),
        "created_at": iso(gate.created_at),
        "resolved_at": iso(gate.decided_at),
        "reason": gate.reason or None,
        "ask_reason": gate.why or None,
        "remembered": False,
        "auto_resolved": gate.status == GateStatus.EXPIRED,
        "timeout_seconds": None,
    }
    return shape | (approval_part(gate) if isinstance(gate, ToolApproval) else question_part(gate))


def gate_status(gate: Gate) -> str:
    if gate.status == GateStatus.PENDING:
        return "pending"
    if gate.status == GateStatus.CANCELLED:
        return "cancelled"
    if gate.status == GateStatus.EXPIRED:
        return "timeout"
    return "denied" if gate.verdict == Verdict.DENY else "allowed"


def approval_part(gate: ToolApproval) -> dict[str, Any]:
    arguments = gate.arguments if gate.edited_arguments is None else gate.edited_arguments
    return {
        "tool_name": gate.call.tool,
        "tool_input": arguments,
        "display_name": gate.title,
        "consequence": gate.consequence or None,
        "risk": LEVELS.get(gate.risk, "high"),  # type: ignore[call-overload]  # a word of the registry, once
        "can_remember": can_remember(gate),
        "remember_default": False,
        "remembered": gate.remembered,
        "timeout_seconds": int((gate.expires_at - gate.created_at).total_seconds()) if gate.expires_at else None,
    }


def question_part(gate: Gate) -> dict[str, Any]:
    if not isinstance(gate, Question):
        raise TypeError(f"{gate} is no question")
    questions = [plan_question(gate)] if gate.kind == Question.Kind.PLAN else gate.questions
    asked: dict[str, Any] = {"questions": [question_shape(item) for item in questions]}
    if gate.status in (GateStatus.DECIDED, GateStatus.SUPERSEDED):  # by the next revision of a plan
        asked["answers"] = answers_shape(gate)
    return {"tool_name": ASK_TOOL, "tool_input": asked, "display_name": gate.get_kind_display(), "can_remember": False}


def plan_question(gate: Question) -> dict[str, Any]:
    options = [{"label": "Approve", "description": "Carry the plan out."}, {"label": "Revise", "description": ""}]
    return {"question": gate.plan, "header": PLAN_HEADER, "options": options, "multiSelect": False}


def question_shape(item: dict[str, Any]) -> dict[str, Any]:
    options = [{**option, "description": option.get("description", "")} for option in item.get("options", [])]
    shape = {"question": item["question"], "header": item["header"], "options": options}
    return shape | {"multiSelect": bool(item.get("multiSelect"))}


def answers_shape(gate: Question) -> dict[str, str]:
    """By question text, each as one text: of several labels as the SDK writes them."""
    if gate.kind == Question.Kind.PLAN:
        return {PLAN_HEADER: gate.answers.get("plan") or gate.response}
    if not gate.answers and gate.response:
        return {item["question"]: gate.response for item in gate.questions}
    texts = {item.get("id"): item["question"] for item in gate.questions}
    return {
        texts.get(name, name): ", ".join(value) if isinstance(value, list) else value
        for name, value in gate.answers.items()
    }
