"""A tool call as this door shows it: 20 keys, always all of them (contract 2.9), and what waits for a person in it."""

from typing import Any

from api.agentos.answers import epoch, present
from api.agentos.messages import current, id_of
from approvals.asking import name_of
from approvals.cards import arguments_of, asked_again
from approvals.models import Gate, Question, ToolApproval, Verdict
from runs.models import Run, ToolCall
from runs.states import CallState, GateStatus
from teammates.tools.delegation import INTERNAL
from teammates.tools.questions import ASK
from teammates.tools.registry import Tool, registry

ASK_NAME = "ask_user"
FAILED = (CallState.FAILED, CallState.DENIED)
FIELD_TYPES = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "array": "list",
    "object": "dict",
}
PLAN_OPTIONS = [
    {"label": "Approve", "description": "Carry the plan out."},
    {"label": "Revise", "description": "Ask for changes."},
]


def waiting_id(gate: Gate) -> str:
    """By what a client names the call that waits; what waits without one (a plan given as text) has its gate's name."""
    return id_of(gate.call) if gate.call else name_of(gate)


def tool_shape(call: ToolCall, gate: Gate | None = None) -> dict[str, Any]:
    shape = blank(id_of(call), public_name(call.tool), epoch(call.created_at))
    ended = call.state in (*FAILED, CallState.SUCCEEDED)
    shape |= {
        "child_run_id": child_of(call),
        "tool_args": call.arguments if isinstance(call.arguments, dict) else {},
        "tool_call_error": call.state in FAILED if ended else None,
        "result": call.result if ended else None,
    }
    return shape | (gate_part(gate) if gate else {})


def child_of(call: ToolCall) -> str | None:
    """The run that answers the call."""
    child = getattr(call, "child", None) if call.tool in INTERNAL else None
    return str(child.uuid) if child else None


def blank(tool_call_id: str, name: str, created_at: int) -> dict[str, Any]:
    return {
        "tool_call_id": tool_call_id,
        "tool_name": name,
        "tool_args": {},
        "tool_call_error": None,
        "result": None,
        "metrics": None,
        "child_run_id": None,
        "stop_after_tool_call": False,
        "created_at": created_at,
        "requires_confirmation": None,
        "confirmed": None,
        "confirmation_note": None,
        "requires_user_input": None,
        "user_input_schema": None,
        "user_feedback_schema": None,
        "answered": None,
        "external_execution_required": None,
        "external_execution_silent": None,
        "approval_type": None,
        "approval_id": None,
    }


def public_name(tool: str) -> str:
    return ASK_NAME if tool == ASK.name else tool


def gate_part(gate: Gate) -> dict[str, Any]:
    """What the client must fill in, or what was."""
    if isinstance(gate, ToolApproval):
        return confirmation(gate)
    if not isinstance(gate, Question):
        raise TypeError(f"{gate} is no question")
    open_ = gate.is_pending
    if gate.kind == Question.Kind.EXTERNAL:
        return {"external_execution_required": open_, "approval_id": name_of(gate)}
    part = {"requires_user_input": open_, "answered": None if open_ else True, "approval_id": name_of(gate)}
    if gate.kind == Question.Kind.INPUT:
        return part | {"user_input_schema": input_schema(gate)}
    return part | {"user_feedback_schema": feedback_schema(gate)}


def confirmation(gate: ToolApproval) -> dict[str, Any]:
    decided = gate.status in (GateStatus.DECIDED, GateStatus.EXPIRED)
    part = {
        "requires_confirmation": gate.is_pending,
        "confirmed": gate.verdict == Verdict.ALLOW if decided else None,
        "confirmation_note": gate.reason or None,
        "approval_id": name_of(gate),
    }
    if not gate.is_pending:
        return part
    tool = registry.get(gate.call.tool)
    to_fill = [input_field(tool, name, name, None) for name in tool.user_input] if tool else []
    fields = {"requires_user_input": True, "user_input_schema": to_fill} if to_fill else {}
    return part | {"tool_args": gate.arguments, **fields}


def input_schema(gate: Question) -> list[dict[str, Any]]:
    tool = registry.get(gate.call.tool) if gate.call else None
    return [input_field(tool, item["id"], item["question"], gate.answers.get(item["id"])) for item in gate.questions]


def input_field(tool: Tool | None, name: str, description: str, value: Any) -> dict[str, Any]:
    spec = tool.schema.get("properties", {}).get(name, {}) if tool else {}
    kind = FIELD_TYPES.get(spec.get("type", ""), "str")
    return {"name": name, "field_type": kind, "description": description, "value": value}


def feedback_schema(gate: Question) -> list[dict[str, Any]]:
    if gate.kind == Question.Kind.PLAN:
        plan = {"question": gate.plan, "header": "Plan Approval", "options": PLAN_OPTIONS}
        chosen = gate.answers.get("plan") or gate.response
        return [question_shape(plan, chosen or None)]
    return [question_shape(item, gate.answers.get(item.get("id") or item["question"])) for item in gate.questions]


def question_shape(item: dict[str, Any], answer: Any) -> dict[str, Any]:
    chosen = None if answer is None else answer if isinstance(answer, list) else [answer]
    options = [
        {**present({"label": option["label"], "description": option.get("description") or None}), "selected": False}
        for option in item.get("options", [])
    ]
    for option in options:
        option["selected"] = option["label"] in (chosen or [])
    return {
        "question": item["question"],
        "header": item["header"],
        "multi_select": bool(item.get("multiSelect")),
        "selected_options": chosen,
        "options": options,
    }


# --- of a whole run ---


def tools_of(run: Run, gates: list[Gate], calls: list[ToolCall]) -> list[dict[str, Any]]:
    """All calls of the run in their order, and last what waits without a call."""
    own = [gate for gate in gates if gate.run_id == run.pk]
    newest = {gate.call_id: gate for gate in own if gate.call_id}  # gates are in the order in which they opened
    return [tool_shape(call, newest.get(call.pk)) for call in current(calls)] + [
        lone(gate) for gate in own if gate.call_id is None and gate.is_pending
    ]


def lone(gate: Gate) -> dict[str, Any]:
    return blank(waiting_id(gate), ASK_NAME, epoch(gate.created_at)) | gate_part(gate)


def requirements_of(gates: list[Gate]) -> list[dict[str, Any]]:
    """One for each open gate."""
    return [requirement(gate) for gate in gates if gate.is_pending]


def requirement(gate: Gate) -> dict[str, Any]:
    tool = tool_shape(gate.call, gate) if gate.call else lone(gate)
    if asked_again(gate):
        tool |= {"tool_args": arguments_of(gate), "tool_call_error": None, "result": None}
    schemas = {name: tool[name] for name in ("user_input_schema", "user_feedback_schema")}
    head = {"id": name_of(gate), "created_at": gate.created_at.isoformat(), "tool_execution": tool}
    return head | present(schemas) | member_of(gate.run)


def member_of(run: Run) -> dict[str, str]:
    """Who in a team or in a step asks."""
    if run.parent_id is None or run.workflow_id is not None:
        return {}
    names = {"member_agent_id": run.performer.slug, "member_agent_name": run.performer.name}
    return {**names, "member_run_id": str(run.uuid)}
