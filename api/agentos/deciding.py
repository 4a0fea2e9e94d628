"""A continue's tools as decisions (contract 2.9). Only decision fields are believed; what runs is what we have."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User

from api.agentos.errors import Problem
from api.agentos.tools import public_name, waiting_id
from approvals import services
from approvals.answers import APPROVE
from approvals.models import Gate, Question, ToolApproval, Verdict
from approvals.selectors import gates_of
from runs.digest import same
from runs.locks import write
from runs.models import Run
from runs.states import GateStatus

VIA = "agentos"
INPUT_KEYS = {"name", "field_type", "description", "value"}


@dataclass(frozen=True)
class Said:
    """What one item decides about its gate: keyword arguments of `decide` or `answer`."""

    gate: Gate
    words: dict[str, Any] = field(default_factory=dict)


def decide_all(run: Run, items: list[dict[str, Any]], by: User) -> None:
    """Take every decision in `items`, or none: 400 for what does not fit, `AlreadyDecided` when one came too late."""
    waiting = {waiting_id(gate): gate for gate in gates_of(run)}
    known = {f"call_{pk}": tool for pk, tool in run.calls.values_list("pk", "tool")}
    found = [said for item in items if (said := reading(item, waiting, known))]
    if not found:
        raise Problem(400, "No decision in tools: set confirmed, the fields' values, selected_options or result.")
    with write(durable=True):
        for said in found:
            if isinstance(said.gate, ToolApproval):
                services.decide(said.gate, by=by, digest=said.gate.digest, via=VIA, **said.words)
            elif isinstance(said.gate, Question):
                services.answer(said.gate, by=by, digest=said.gate.digest, via=VIA, **said.words)


def reading(item: Any, waiting: dict[str, Gate], known: dict[str, str]) -> Said | None:
    """The decision in one item; None where it says nothing new: an earlier call, or one left open."""
    if not isinstance(item, dict):
        raise Problem(400, "Each item of tools must be an object.")
    name = item.get("tool_call_id")
    gate = waiting.get(name) if isinstance(name, str) else None
    if gate is None:
        if name in known and item.get("tool_name") == public_name(known[name]):
            return None
        raise Problem(400, f"This run has no tool call {name!r}. Nothing was decided.")
    if gate.call and item.get("tool_name") != public_name(gate.call.tool):
        raise Problem(400, f"Tool call {name!r} is not of {item.get('tool_name')!r}. Nothing was decided.")
    if isinstance(gate, ToolApproval):
        return confirmation(gate, item)
    return READ[gate.kind](gate, item) if isinstance(gate, Question) and gate.is_pending else None


def confirmation(gate: ToolApproval, item: dict[str, Any]) -> Said | None:
    confirmed = item.get("confirmed")
    if confirmed is None:
        return None
    if not isinstance(confirmed, bool):
        raise Problem(400, "confirmed is true, false or null.")
    if gate.status == GateStatus.DECIDED and gate.verdict == (Verdict.ALLOW if confirmed else Verdict.DENY):
        return None  # the client sends what was decided before along
    if not confirmed:
        return Said(gate, {"verdict": Verdict.DENY, "reason": str(item.get("confirmation_note") or "")})
    sent = item.get("tool_args")
    edited = None if sent is None or same(sent, gate.arguments) else sent
    return Said(gate, {"verdict": Verdict.ALLOW, "arguments": edited})


def feedback(gate: Question, item: dict[str, Any]) -> Said | None:
    """Selected options by question; the questions that none is selected for are left to the teammate."""
    answers: dict[str, Any] = {}
    for sent in objects(item, "user_feedback_schema"):
        chosen = sent.get("selected_options")
        if isinstance(chosen, str):
            chosen = [chosen]
        if isinstance(chosen, list) and chosen and isinstance(sent.get("question"), str):
            answers[sent["question"]] = [str(label) for label in chosen]
    if not answers:
        return None
    if gate.kind == Question.Kind.PLAN:
        return plan(gate, next(iter(answers.values())))
    texts = [question["question"] for question in gate.questions]
    return Said(gate, {"answers": answers, "skipped": [text for text in texts if text not in answers]})


def plan(gate: Question, chosen: list[str]) -> Said:
    words = ", ".join(chosen)
    return Said(gate, {"answers": {"plan": APPROVE}} if words == APPROVE else {"response": words})


def chosen_by_id(gate: Question, item: dict[str, Any]) -> Said | None:
    """Our own questions (an unknown outcome, attention) are keyed by their id."""
    said = feedback(gate, item)
    if said is None:
        return None
    ids = {question["question"]: question["id"] for question in gate.questions}
    answers = {ids.get(text, text): labels[0] for text, labels in said.words["answers"].items()}
    return Said(gate, {"answers": answers, "response": str(item.get("result") or "")})


def filled_in(gate: Question, item: dict[str, Any]) -> Said | None:
    fields = objects(item, "user_input_schema")
    for sent in fields:
        if missing := INPUT_KEYS - sent.keys():
            raise Problem(400, f"An item of user_input_schema lacks {', '.join(sorted(missing))}.")
    answers = {str(sent["name"]): sent["value"] for sent in fields if sent["value"] is not None}
    return Said(gate, {"answers": answers}) if answers else None


def outside_result(gate: Question, item: dict[str, Any]) -> Said | None:
    result = item.get("result")
    return None if result is None else Said(gate, {"response": str(result)})


def objects(item: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = item.get(name) or []
    if not isinstance(found, list) or any(not isinstance(one, dict) for one in found):
        raise Problem(400, f"{name} must be an array of objects.")
    return found


READ: dict[str, Callable[[Question, dict[str, Any]], Said | None]] = {
    Question.Kind.ASK: feedback,
    Question.Kind.PLAN: feedback,
    Question.Kind.UNKNOWN: chosen_by_id,
    Question.Kind.ATTENTION: chosen_by_id,
    Question.Kind.INPUT: filled_in,
    Question.Kind.EXTERNAL: outside_result,
}
