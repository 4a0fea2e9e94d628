"""What a workflow's run waits for, by step, and what a client says to it (contract 4, of version 3)."""

from typing import Any

from api.agentos.errors import Problem
from api.agentos.tools import public_name, requirement, waiting_id
from api.agentos.walk import id_of, step_of
from approvals.models import Gate, ToolApproval
from runs.engine.flow import ACCEPT, RETRY, REVIEW
from runs.models import Run

Item = dict[str, Any]


def step_requirement(gate: Gate, place: dict[str, Any]) -> dict[str, Any]:
    """`place` names the step. The same that `requirements` holds is in `executor_requirements`."""
    own = gate.run.workflow_id is not None
    asked = requirement(gate)
    review = own and is_review(gate)
    fields = asked["tool_execution"]["user_feedback_schema"] or []
    shape = {
        **place,
        "step_type": "Step",
        "requires_confirmation": own and isinstance(gate, ToolApproval),
        "confirmation_message": gate.why if own and isinstance(gate, ToolApproval) else None,
        "requires_user_input": own and not review and not isinstance(gate, ToolApproval),
        "requires_output_review": review,
        "requires_executor_input": not own,
        "executor_requirements": [asked],
    }
    if own and not review and fields:
        blank = {"field_type": "str", "description": "", "value": None}
        shape["user_input_schema"] = [{"name": field["question"], **blank, "required": True} for field in fields]
    if not own:
        member = {name: asked.get(f"member_{name}") for name in ("agent_id", "agent_name", "run_id")}
        shape |= {
            "executor_id": member["agent_id"],
            "executor_name": member["agent_name"],
            "executor_run_id": member["run_id"],
            "executor_type": "team" if gate.run.team_id else "agent",
        }
    return shape


def is_review(gate: Gate) -> bool:
    return gate.call is not None and gate.call.step.endswith("!")


def items_in(requirements: list[Any]) -> list[Any]:
    """Requirements as the items of `tools` that say the same."""
    return [as_item(one) if isinstance(one, dict) else one for one in requirements]


def as_item(one: Item) -> Item:
    """What stands beside the tool says the same as within it; what stands within it wins."""
    tool = one.get("tool_execution")
    if tool is not None and not isinstance(tool, dict):
        raise Problem(400, "requirements: a tool_execution is an object.")
    beside = {
        "confirmed": one.get("confirmation"),
        "confirmation_note": one.get("confirmation_note"),
        "result": one.get("external_execution_result"),
        "user_input_schema": one.get("user_input_schema"),
        "user_feedback_schema": one.get("user_feedback_schema"),
    }
    said = {name: value for name, value in beside.items() if value is not None}
    return {**said, **{name: value for name, value in tool.items() if value not in (None, [])}} if tool else one


def items_of_steps(run: Run, steps: list[Any], gates: list[Gate]) -> list[Any]:
    """Step requirements as items of `tools`: those of whoever works in the step, and what is said to the step."""
    items: list[Any] = []
    for step in steps:
        if not isinstance(step, dict):
            items.append(step)
            continue
        own = next((gate for gate in gates if stands_for(run, gate, step)), None)
        said = to_step(own, step) if own else None
        inner = step.get("executor_requirements")
        items += [said] if said else items_in(inner) if isinstance(inner, list) else []
    return items


def stands_for(run: Run, gate: Gate, step: Item) -> bool:
    if not gate.is_pending or gate.run.workflow_id is None or gate.call is None:
        return False
    return id_of(run, step_of(gate.call.step)) == step.get("step_id")


def to_step(gate: Gate, step: Item) -> Item | None:
    """None where nothing is said at this level."""
    if gate.call is None:
        return None
    head = {"tool_call_id": waiting_id(gate), "tool_name": public_name(gate.call.tool)}
    confirmed, note = step.get("confirmed"), step.get("rejection_feedback")
    if isinstance(gate, ToolApproval):
        return None if confirmed is None else {**head, "confirmed": confirmed, "confirmation_note": note}
    if is_review(gate):
        edited = step.get("edited_output")
        if edited is None and confirmed is None:
            return None
        chosen = str(edited) if edited is not None else ACCEPT if confirmed else RETRY
        return head | {"user_feedback_schema": [{"question": REVIEW, "selected_options": [chosen], "note": note}]}
    given = step.get("user_input") or values_in(step.get("user_input_schema"))
    if not isinstance(given, dict) or not given:
        return None
    answers = [{"question": name, "selected_options": [str(value)]} for name, value in given.items()]
    return head | {"user_feedback_schema": answers}


def values_in(schema: Any) -> dict[str, Any]:
    fields = schema if isinstance(schema, list) else []
    filled = [field for field in fields if isinstance(field, dict) and field.get("value") is not None]
    return {str(field.get("name")): field["value"] for field in filled}
