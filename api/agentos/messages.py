"""What was said in a run, as messages of a chat (contract 2.2)."""

from typing import Any

from django.db.models import QuerySet

from api.agentos.answers import epoch, present
from runs.engine.background import instructions
from runs.models import Message, Run, RunFile, ToolCall
from runs.states import CallState
from teammates.prepared import Select

TOLD = (CallState.SUCCEEDED, CallState.FAILED, CallState.DENIED)


def messages_of(
    run: Run, files: list[RunFile], turns: list[Message], calls: list[ToolCall], cut: str
) -> list[dict[str, Any]]:
    """System, the person's message, and every turn with its calls and their results. `files`: the conversation's."""
    system = "\n\n".join(instructions(run, run.performer_revision.definition, files))
    begin = [message("system", f"{run.uuid}-system", epoch(run.created_at), content=system)] if system else []
    return begin + said_in(run, turns, calls, cut)


def said_in(run: Run, turns: list[Message], calls: list[ToolCall], cut: str) -> list[dict[str, Any]]:
    """As `messages_of`, less the system message. `cut`: what was said in a turn that did not come to its end."""
    by_turn: dict[int, list[ToolCall]] = {}
    for call in current(calls):
        by_turn.setdefault(call.turn, []).append(call)
    found = [message("user", f"{run.uuid}-user", epoch(run.created_at), content=run.message)]
    for said in turns:
        found += turn(said, by_turn.get(said.turn, []))
    if cut:
        found.append(message("assistant", f"{run.uuid}-cut", epoch(run.finished_at or run.created_at), content=cut))
    return found


def turns_of(run: Run) -> list[Message]:
    return _turns(run=run.pk)


def calls_of(run: Run) -> list[ToolCall]:
    return _calls(run=run.pk)


def current(calls: list[ToolCall]) -> list[ToolCall]:
    """Those that no later one has replaced."""
    return [call for call in calls if call.retried_as_id is None]


@Select
def _turns(run: Any) -> "QuerySet[Message]":
    return Message.objects.filter(run_id=run)


@Select
def _calls(run: Any) -> "QuerySet[ToolCall]":
    return ToolCall.objects.filter(run_id=run)


def turn(said: Message, calls: list[ToolCall]) -> list[dict[str, Any]]:
    name, moment = f"message-{said.pk}", epoch(said.created_at)
    if said.role == Message.Role.USER:
        return [message("user", name, moment, content=said.text)]
    asked = [{"id": id_of(call), "type": "function", "function": function(call)} for call in calls]
    return [
        message("assistant", name, moment, content=said.text or None, tool_calls=asked or None),
        *(result(call) for call in calls if call.state in TOLD),
    ]


def id_of(call: ToolCall) -> str:
    return f"call_{call.pk}"


def function(call: ToolCall) -> dict[str, str]:
    return {"name": call.tool, "arguments": call.raw_arguments or "{}"}


def result(call: ToolCall) -> dict[str, Any]:
    fields = {
        "content": call.result,
        "tool_call_id": id_of(call),
        "tool_name": call.tool,
        "tool_args": call.arguments if isinstance(call.arguments, dict) else {},
        "tool_call_error": call.state != CallState.SUCCEEDED,
    }
    return message("tool", f"message-{id_of(call)}", epoch(call.created_at), **fields)


def message(role: str, name: str, created_at: int, **fields: Any) -> dict[str, Any]:
    head = {"id": name, "role": role, "created_at": created_at, "from_history": False, "stop_after_tool_call": False}
    return head | present(fields)
