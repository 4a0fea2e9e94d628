"""A continue's tools as decisions (contract 2.9). Only decision fields are believed; what runs is what we have."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Max, QuerySet

from api.agentos.errors import Problem
from api.agentos.messages import calls_of, id_of
from api.agentos.shapes import status_of
from api.agentos.tools import gate_part, public_name, waiting_id
from approvals import services
from approvals.answers import APPROVE, as_wanted
from approvals.asking import name_of
from approvals.models import Gate, Question, ToolApproval, Verdict
from approvals.selectors import gates_in_tree
from runs.digest import same
from runs.locks import write
from runs.models import Event, Run, ToolCall
from runs.services import lock
from runs.states import GateStatus, RunStatus
from runs.trees import waits_for_people
from teammates.prepared import Select
from teammates.tools.questions import ASK
from teammates.tools.registry import registry

VIA = "agentos"
INPUT_KEYS = {"name", "field_type", "description", "value"}


@dataclass(frozen=True)
class Said:
    """What one item decides about its gate: keyword arguments of `decide` or `answer`."""

    gate: Gate
    words: dict[str, Any] = field(default_factory=dict)


def decide_all(run: Run, items: list[Any], by: User) -> int:
    """Take every decision in `items`, or none; the place behind which their sender is told the run.

    400 for what does not fit, 409 for what comes too late.
    """
    with write(durable=True):
        lock(run)
        look_again(run)
        waits, so_far = Waiting(run), newest(run)
        if not waits.is_paused:
            raise Problem(409, f"The run is not paused: it is {status_of(run).lower()}.")
        found = [said for item in items if (said := waits.reading(item))]
        if not found:
            raise Problem(400, "No decision in tools: set confirmed, the fields' values, selected_options or result.")
        for said in [said for said in found if said.gate.is_pending]:
            take(said, by)
        look_again(run)
        return place_of(run, "run.paused") - 1 if waits_for_people(run) else so_far


def attached(run: Run) -> int:
    """Behind what somebody is told who decides nothing: a decision from elsewhere has let the run go on."""
    if waits_for_people(run):
        raise Problem(400, "The run waits for decisions: send its tools. Nothing was decided.")
    if since := place_of(run, "run.resumed"):
        return since - 1
    raise Problem(409, f"The run is not paused: it is {status_of(run).lower()}.")


def look_again(run: Run) -> None:
    """How it stands now that nobody else can change it."""
    [(run.status, run.last_seq, run.open_gates, run.open_children)] = _standing(pk=run.pk)


@Select
def _standing(pk: Any) -> "QuerySet[Run, tuple[Any, ...]]":
    return Run.objects.filter(pk=pk).values_list("status", "last_seq", "open_gates", "open_children")


def place_of(run: Run, kind: str) -> int:
    """Where the newest event of a kind stands in what followers of the run are told; 0 when there is none."""
    seq, pk = _newest_of.first(run=run.pk, kind=kind) or (0, 0)
    return int(seq if run.teammate_id else pk)


@Select
def _newest_of(run: Any, kind: Any) -> "QuerySet[Event, tuple[Any, ...]]":
    return Event.objects.filter(run_id=run, kind=kind).order_by("-seq").values_list("seq", "pk")[:1]


def newest(run: Run) -> int:
    """The place of the last thing that has happened, in what followers are told."""
    if run.teammate_id:
        return run.last_seq
    tree = Run.objects.tree_of(run).values("pk")
    return int(Event.objects.filter(run__in=tree).aggregate(last=Max("pk"))["last"] or 0)


def take(said: Said, by: User) -> None:
    if isinstance(said.gate, ToolApproval):
        services.decide(said.gate, by=by, digest=said.gate.digest, via=VIA, **said.words)
    elif isinstance(said.gate, Question):
        services.answer(said.gate, by=by, digest=said.gate.digest, via=VIA, **said.words)


class Waiting:
    """What a run waits for, and what was decided of it: what the items of `tools` are held against."""

    def __init__(self, run: Run) -> None:
        gates = gates_in_tree(run)
        self.is_paused = run.status == RunStatus.PAUSED if run.teammate_id else any(gate.is_pending for gate in gates)
        self.gates = {waiting_id(gate): gate for gate in gates}
        calls = calls_of(run) if run.teammate_id else ToolCall.objects.filter(run__in=Run.objects.tree_of(run))
        self.calls = {id_of(call): call.tool for call in calls}
        since, _ = _newest_of.first(run=run.pk, kind="run.paused") or (0, 0)
        self.just_decided = {data["gate"] for data in _decided(run=run.pk, after=since)}

    def reading(self, item: Any) -> Said | None:
        """The decision in one item; None where it says nothing: an earlier call, or one left open."""
        if not isinstance(item, dict):
            raise Problem(400, "Each item of tools must be an object.")
        name = str(item.get("tool_call_id"))
        gate = self.gates.get(name)
        tool = gate.call.tool if gate and gate.call else self.calls.get(name, ASK.name)
        if name not in {*self.gates, *self.calls}:
            raise Problem(400, f"This run has no tool call {name!r}. Nothing was decided.")
        if item.get("tool_name") != public_name(tool):
            raise Problem(400, f"Tool call {name!r} is not of {item.get('tool_name')!r}. Nothing was decided.")
        if gate and item.get("approval_id") not in (None, name_of(gate)):
            raise Problem(409, f"Tool call {name!r} waits for another decision by now. Nothing was decided.")
        said = read(gate, item) if gate else None
        if said is None or said.gate.is_pending:
            return said
        if not repeats(said.gate, item):
            raise Problem(409, f"Tool call {name!r} has been decided otherwise. Nothing was decided.")
        return said if name_of(said.gate) in self.just_decided else None


@Select
def _decided(run: Any, after: Any) -> "QuerySet[Event, dict[str, Any]]":
    return Event.objects.filter(run_id=run, kind="gate.decided", seq__gt=after).values_list("data", flat=True)


def read(gate: Gate, item: dict[str, Any]) -> Said | None:
    if isinstance(gate, ToolApproval):
        return confirmation(gate, item)
    return READ[gate.kind](gate, item) if isinstance(gate, Question) else None


def repeats(gate: Gate, item: dict[str, Any]) -> bool:
    """Does the item say what was decided, as clients do that send back all that they were shown?"""
    if isinstance(gate, ToolApproval):
        verdict = Verdict.ALLOW if item["confirmed"] else Verdict.DENY
        sent = arguments_in(item, gate)
        known = sent is None or any(same(sent, args) for args in (gate.arguments, gate.edited_arguments))
        ended = gate.status in (GateStatus.DECIDED, GateStatus.EXPIRED)  # an expired call is shown as refused
        return ended and gate.verdict == verdict and (known or verdict == Verdict.DENY)
    shown = gate_part(gate)
    if "external_execution_required" in shown:
        return gate.call is not None and in_words(item.get("result")) == gate.call.result
    names = ("user_input_schema", "user_feedback_schema")
    return all(values(shown.get(name) or []) == values(objects(item, name)) for name in names)


def values(schema: list[dict[str, Any]]) -> list[Any]:
    return [(in_words(part.get("value")), part.get("selected_options") or []) for part in schema]


def in_words(value: Any) -> str:
    """As a person would write it: the tool's schema says again what it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def confirmation(gate: ToolApproval, item: dict[str, Any]) -> Said | None:
    confirmed = item.get("confirmed")
    if confirmed is None:
        return None
    if not isinstance(confirmed, bool):
        raise Problem(400, "confirmed is true, false or null.")
    note = note_in(item, "confirmation_note")
    if not confirmed:
        return Said(gate, {"verdict": Verdict.DENY, "reason": note})
    sent = arguments_in(item, gate)
    edited = None if sent is None or same(sent, gate.arguments) else sent
    return Said(gate, {"verdict": Verdict.ALLOW, "arguments": edited})


def arguments_in(item: dict[str, Any], gate: ToolApproval) -> Any:
    """The arguments as they are sent back, completed by what was filled in; None where nothing of both is sent."""
    sent, tool = item.get("tool_args"), registry.get(gate.call.tool)
    given = {name: in_words(value) for name, value in fields(item).items()}
    if not given or tool is None or not isinstance(sent, dict | None):
        return sent
    return {**(gate.arguments if sent is None else sent), **as_wanted(tool, given)}


def note_in(item: dict[str, Any], name: str) -> str:
    note = item.get(name) or ""
    if not isinstance(note, str):
        raise Problem(400, f"{name} is a text or null.")
    return note


def feedback(gate: Question, item: dict[str, Any]) -> Said | None:
    """Selected options by question; the questions that none is selected for are left to the teammate."""
    answers: dict[str, Any] = {}
    notes: dict[str, str] = {}
    for sent in objects(item, "user_feedback_schema"):
        chosen = sent.get("selected_options")
        if isinstance(chosen, str):
            chosen = [chosen]
        if isinstance(chosen, list) and chosen and isinstance(sent.get("question"), str):
            answers[sent["question"]] = [str(label) for label in chosen]
            notes[sent["question"]] = note_in(sent, "note")
    if not answers:
        return None
    if gate.kind == Question.Kind.PLAN:
        return plan(gate, next(iter(answers.values())))
    texts = [question["question"] for question in gate.questions]
    return Said(gate, {"answers": answers, "notes": notes, "skipped": [text for text in texts if text not in answers]})


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
    answers = {name: in_words(value) for name, value in fields(item).items()}
    return Said(gate, {"answers": answers}) if answers else None


def fields(item: dict[str, Any]) -> dict[str, Any]:
    """What a person filled in, by name."""
    sent = objects(item, "user_input_schema")
    for part in sent:
        if missing := INPUT_KEYS - part.keys():
            raise Problem(400, f"An item of user_input_schema lacks {', '.join(sorted(missing))}.")
    return {str(part["name"]): part["value"] for part in sent if part["value"] is not None}


def outside_result(gate: Question, item: dict[str, Any]) -> Said | None:
    result = item.get("result")
    return None if result is None else Said(gate, {"response": in_words(result)})


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
