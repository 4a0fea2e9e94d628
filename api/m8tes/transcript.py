"""What was said in a run, message by message, and what came of it (contract 2.2, 2.3)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Field, Query, Router, Schema

from api.auth import READ, Request
from api.m8tes.answers import answer, iso
from api.m8tes.errors import Problem
from api.m8tes.runs import RunId
from api.m8tes.scope import run_of
from api.m8tes.shapes import status_of, usage_shape
from api.m8tes.stream import name_of
from runs.models import Message, Run, ToolCall
from runs.states import CALL_OPEN, CallState
from runs.trees import usage_of

router = Router(tags=["runs"])

USER, ASSISTANT, TOOL = "user", "assistant", "tool"
HEADLINE = 120
IDS_OF_A_RUN = 100_000  # a run has 2,000 turns at most, of three messages each


class Part(Schema):
    """Which messages: from the beginning, behind or before one, or the last ones."""

    after_sequence: int | None = None
    before_sequence: int | None = None
    tail: bool = False
    limit: Annotated[int, Field(ge=1, le=1000)] = 500
    include_trace: bool = False
    user_id: str | None = None


@dataclass(frozen=True)
class Place:
    """One message: its number, which it gets when it is complete and keeps, and the row that it is made of."""

    sequence: int
    role: str
    turn: int = 0
    message: int = 0


@router.get("/{run_id}/messages", auth=READ, summary="What was said, in order")
def messages(request: Request, run_id: RunId, query: Query[Part]) -> HttpResponse:
    run = run_of(request.auth, run_id, query.user_id)
    chosen = part_of(places(run), query)
    turns = {place.turn for place in chosen}
    said = run.messages.in_bulk([place.message for place in chosen if place.message])
    calls = list(run.calls.filter(turn__in=turns, retried_as=None))
    traces = traces_of(run, turns) if query.include_trace else {}
    return answer([shape(run, place, said, calls, traces) for place in chosen])


def places(run: Run) -> list[Place]:
    """All messages: the run's own, what the model said, the results of its calls, what a person said in between."""
    states: dict[int, list[str]] = {}
    for turn, state in run.calls.filter(retried_as=None).values_list("turn", "state"):
        states.setdefault(turn, []).append(state)
    found = [(USER, 0, 0)]
    for message, turn, role in run.messages.values_list("pk", "turn", "role"):
        found.append((role, turn, message))
        called = states.get(turn) if role == Message.Role.ASSISTANT else None
        if called and not (run.is_live and set(called) & set(CALL_OPEN)):
            found.append((TOOL, turn, 0))
    return [Place(number, *rest) for number, rest in enumerate(found, 1)]


def part_of(all_of_them: list[Place], query: Part) -> list[Place]:
    if sum([query.after_sequence is not None, query.before_sequence is not None, query.tail]) > 1:
        raise Problem(422, "Give one of after_sequence, before_sequence and tail.", "invalid")
    if query.after_sequence is not None:
        return [place for place in all_of_them if place.sequence > query.after_sequence][: query.limit]
    if query.before_sequence is not None:
        return [place for place in all_of_them if place.sequence < query.before_sequence][-query.limit :]
    return all_of_them[-query.limit :] if query.tail else all_of_them[: query.limit]


def shape(
    run: Run, place: Place, said: dict[int, Message], calls: list[ToolCall], traces: dict[int, list[dict[str, Any]]]
) -> dict[str, Any]:
    message = said.get(place.message)
    own = [call for call in calls if call.turn == place.turn]
    text, blocks = words_of(run, place.role, message, own)
    trace = {"event_trace": traces.get(place.turn, [])} if place.role == ASSISTANT and traces else {}
    ended = max((call.finished_at for call in own if call.finished_at), default=run.created_at)
    return {
        "id": run.pk * IDS_OF_A_RUN + place.sequence,
        "run_id": run.pk,
        "sequence": place.sequence,
        "role": place.role,
        "content": text,
        "content_blocks": blocks,
        "event_metadata": trace,
        "created_at": iso(message.created_at if message else ended if place.role == TOOL else run.created_at),
        **tokens_of(message),
    }


def words_of(
    run: Run, role: str, message: Message | None, calls: Iterable[ToolCall]
) -> tuple[str, list[dict[str, Any]] | None]:
    """The text, and its blocks where there is more than text."""
    if role == TOOL:
        return "", [result_block(call) for call in calls]
    if message is None:
        return run.message, None
    if role == USER:
        return message.text, None
    thought = [{"type": "thinking", "thinking": message.thinking}] if message.thinking else []
    spoken = [{"type": "text", "text": message.text}] if message.text else []
    return message.text, [*thought, *spoken, *(call_block(call) for call in calls)]


def call_block(call: ToolCall) -> dict[str, Any]:
    return {"type": "tool_use", "id": name_of(call), "name": call.tool, "input": call.arguments or {}}


def result_block(call: ToolCall) -> dict[str, Any]:
    failed = call.state != CallState.SUCCEEDED
    return {"type": "tool_result", "tool_use_id": name_of(call), "content": call.result, "is_error": failed}


def tokens_of(message: Message | None) -> dict[str, Any]:
    usage = usage_shape(message.usage) if message else None
    if usage is None:
        return {"input_tokens": None, "output_tokens": None, "claude_cost_usd": None}
    return {
        "input_tokens": usage["input_tokens"],
        "output_tokens": usage["output_tokens"],
        "cache_creation_tokens": usage["cache_creation_tokens"],
        "cache_read_tokens": usage["cache_read_tokens"],
        "claude_cost_usd": usage["cost_usd"],
    }


def traces_of(run: Run, turns: set[int]) -> dict[int, list[dict[str, Any]]]:
    """The lines of the log that belong to these turns; a turn begins with its first attempt."""
    found: dict[int, list[dict[str, Any]]] = {turn: [] for turn in turns}
    turn = 0
    for event in run.events.order_by("seq").iterator():
        if event.kind == "turn.started":
            turn = event.data["turn"]
        if turn in found:
            found[turn].append({"type": event.kind, "seq": event.seq, "at": iso(event.at), **event.data})
    return found


@router.get("/{run_id}/outcome", auth=READ, summary="The result in short")
def outcome(request: Request, run_id: RunId, user_id: str | None = None) -> HttpResponse:
    run = run_of(request.auth, run_id, user_id)
    usage = usage_shape(usage_of(run)) or {}
    return answer(
        {
            "run_id": run.pk,
            "status": status_of(run),
            "summary": run.output or None,
            "headline": headline(run.output),
            "needs_reply": False,
            "needs_reply_count": 0,
            "delivery_channel": "none",
            "output_data": run.output_data,
            "message_count": len(places(run)),
            "input_tokens": usage.get("input_tokens", 0),
            "output_tokens": usage.get("output_tokens", 0),
            "total_tokens": usage.get("total_tokens", 0),
            "cost_usd": usage.get("cost_usd"),
        }
    )


def headline(output: str) -> str | None:
    """The first line of the answer, without the marks of Markdown."""
    lines = (re.sub(r"[*`#>]+", "", line).strip() for line in output.splitlines())
    first = next((line for line in lines if line), "")
    return (first if len(first) <= HEADLINE else first[: HEADLINE - 1] + "…") or None
