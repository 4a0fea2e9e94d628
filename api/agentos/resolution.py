"""`resolution_data` as the item of `tools` that says the same, so that both are read by one function."""

from typing import Any

from approvals.answers import APPROVE
from approvals.models import Gate, Question, ToolApproval

NOTES = ("confirmation_note", "note", "reason", "feedback")


def as_item(gate: Gate, *, approved: bool, data: dict[str, Any]) -> dict[str, Any]:
    """`data` may hold what an item of `tools` holds, or in short: values by field, selections by question, a note."""
    note = next((str(data[name]) for name in NOTES if data.get(name)), "")
    if isinstance(gate, ToolApproval):
        said = {"confirmed": approved, "confirmation_note": note, "tool_args": data.get("tool_args")}
        return {**said, "user_input_schema": data.get("user_input_schema"), **filled(data.get("values"))}
    if isinstance(gate, Question) and gate.kind == Question.Kind.PLAN:
        return chosen({"plan": [APPROVE] if approved else [note] if note else []})
    if not approved:
        return {}
    return {**data, **chosen(data.get("selections")), **filled(data.get("values"))}


def chosen(selections: Any) -> dict[str, Any]:
    if not isinstance(selections, dict):
        return {}
    items = [{"question": question, "selected_options": labels} for question, labels in selections.items()]
    return {"user_feedback_schema": items}


def filled(values: Any) -> dict[str, Any]:
    if not isinstance(values, dict):
        return {}
    blank = {"field_type": "str", "description": ""}
    return {"user_input_schema": [{"name": name, "value": value, **blank} for name, value in values.items()]}
