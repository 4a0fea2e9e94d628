"""A run's journal as the events of this door (contract 2.3): names, keys and order."""

from typing import Any

from channels.db import database_sync_to_async
from django.db.models import QuerySet

from api.agentos.answers import epoch, present
from api.agentos.kinds import kind_of
from api.agentos.messages import calls_of
from api.agentos.shapes import metrics_of, paused_sentence, provider_of
from api.agentos.tools import requirements_of, tool_shape, tools_of
from api.speech import Speech, without_abandoned
from approvals.models import Gate
from approvals.selectors import gates_of
from runs.journal import Line
from runs.live.trees import TreeLine
from runs.models import Run, ToolCall
from runs.states import CallState
from teammates.prepared import Select
from teammates.tools.registry import registry

Event = dict[str, Any]
TOLD_BY_TOOL = "CustomEvent"
PLACES = 1000  # `event_index` is the seq times this, plus the event's place among those of its line
LAST = PLACES - 1


class Telling:
    """Makes the events of one run behind `after`, line by line. Made and used in a thread: it reads rows."""

    def __init__(self, run: Run, after: int = 0, *, only_content: bool = False) -> None:
        self.run, self.after, self.only_content = run, after, only_content
        self.speech = Speech()
        self.begun: set[int] = set()  # calls whose start was told
        model, kind = run.model_asked, kind_of(run)
        self.model = {"model": model, "model_provider": provider_of(model)}
        self.names = {**kind.names(run.performer), "run_id": str(run.uuid), "session_id": run.session.key}
        self.prefix = kind.prefix

    def events(self, lines: list[Line]) -> list[Event]:
        return [event for line in without_abandoned(lines, {}) for event in self.line(line)]

    def pass_over(self, lines: list[Line]) -> None:
        """Know what these lines say without telling it: a repeated turn is told as to who has heard it."""
        for line in lines:
            if line.kind in PURE:
                self.line(line)
            elif line.kind == "call.started":
                self.begun.add(line.data["call"])

    def needs_no_rows(self, lines: list[Line]) -> bool:
        return not any(line.kind in FROM_ROWS for line in lines)

    def line(self, line: Line) -> list[Event]:
        return [
            {"created_at": epoch(line.at), **self.names, "event_index": index_of(line, place), **self.named(event)}
            for place, event in enumerate(self.made(line))
            if self.is_wanted(event)
        ]

    def made(self, line: Line) -> list[Event]:
        """All events of the line in their order, by which they are numbered, told or not."""
        make = MAKERS.get(line.kind)
        return getattr(self, make)(line) if make else []

    def is_wanted(self, event: Event) -> bool:
        return not self.only_content or event["event"] in ESSENTIAL

    def named(self, event: Event) -> Event:
        """What a tool tells has one name for all kinds of performers."""
        name = event["event"]
        return present(event) | {"event": name if name == TOLD_BY_TOOL else f"{self.prefix}{name}"}

    # --- one line, its events ---

    def started(self, line: Line) -> list[Event]:
        return [{"event": "RunStarted", **self.model}]

    def turn(self, line: Line) -> list[Event]:
        restarted = line.kind == "turn.restarted"
        self.speech.turn(restarted=restarted)
        return [] if restarted else [{"event": "ModelRequestStarted", **self.model}]

    def turn_over(self, line: Line) -> list[Event]:
        usage = line.data.get("usage") or {}
        names = {
            "prompt_tokens": "input_tokens",
            "completion_tokens": "output_tokens",
            "total_tokens": "total_tokens",
            "time_to_first_token": "time_to_first_token",
        }
        tokens = {ours: usage.get(theirs) for theirs, ours in names.items()}
        return [{"event": "ModelRequestCompleted", **self.model, **tokens}]

    def text(self, line: Line) -> list[Event]:
        new, _ = self.speech.fresh(line.kind, line.data["delta"])
        if not new:
            return []
        part = {"content": new} if line.kind == "text" else {"reasoning_content": new}
        return [{"event": "RunContent", "content_type": "str", "workflow_agent": False, **part}]

    def todos(self, line: Line) -> list[Event]:
        return self.custom(line)

    def call_started(self, line: Line) -> list[Event]:
        self.begun.add(line.data["call"])
        return [{"event": "ToolCallStarted", "tool": as_it_began(self.call(line))}]

    def call_finished(self, line: Line) -> list[Event]:
        """Each start has an end; a call that failed before it could start gets both."""
        call = self.call(line)
        tool = tool_shape(call)
        begun = [] if call.pk in self.begun else [{"event": "ToolCallStarted", "tool": as_it_began(call)}]
        completed = {"event": "ToolCallCompleted", "tool": tool, "content": said_of(call)}
        failed = call.state != CallState.SUCCEEDED
        return [
            *begun,
            completed,
            *([{"event": "ToolCallError", "tool": tool, "error": call.result}] if failed else []),
        ]

    def custom(self, line: Line) -> list[Event]:
        """What a tool has told of its work, under one key: the client reads the names of its own events at the top."""
        return [{"event": TOLD_BY_TOOL, "kind": line.kind, "data": line.data}]

    def call(self, line: Line) -> ToolCall:
        [call] = _call(pk=line.data["call"], run=self.run.pk)
        return call

    def gates(self) -> list[Gate]:
        return gates_of(self.run)

    def ended(self) -> Run:
        [run] = _ended(pk=self.run.pk)
        return run

    def paused(self, line: Line) -> list[Event]:
        gates = self.gates()
        event = {
            "event": "RunPaused",
            "event_index": index_of(line, LAST),  # whatever comes before it each time that it is told
            "content": paused_sentence(gates),
            "tools": tools_of(self.run, gates, calls_of(self.run)),
            "requirements": requirements_of(gates),
        }
        told_again = position(line) == self.after + 1  # to somebody who has decided a part of it
        return [event] if told_again else [{"event": "RunContentCompleted"}, event]

    def resumed(self, line: Line) -> list[Event]:
        return [{"event": "RunContinued"}]

    def completed(self, line: Line) -> list[Event]:
        run = self.ended()
        event = {
            "event": "RunCompleted",
            "content": run.output if run.output_data is None else run.output_data,
            "content_type": "str",
            "model_provider_data": {"id": f"run-{run.pk}"},
            "session_state": run.session.session_state,
            "metrics": metrics_of(run),
        }
        return [{"event": "RunContentCompleted"}, event]

    def failed(self, line: Line) -> list[Event]:
        return [{"event": "RunError", "content": line.data["error"], "error_type": line.data["code"]}]

    def cancelled(self, line: Line) -> list[Event]:
        return [{"event": "RunCancelled", "reason": line.data["reason"] or f"Stopped by {line.data['by']}"}]


@Select
def _call(pk: Any, run: Any) -> "QuerySet[ToolCall]":
    return ToolCall.objects.filter(pk=pk, run_id=run)


@Select
def _ended(pk: Any) -> "QuerySet[Run]":
    return Run.objects.select_related("session").filter(pk=pk)


ESSENTIAL = {"RunContent", "RunPaused", "RunError", "RunCancelled"}
MAKERS = {  # kind of line: the method that makes its events
    "run.started": "started",
    "turn.started": "turn",
    "turn.restarted": "turn",
    "turn.finished": "turn_over",
    "text": "text",
    "thinking": "text",
    "todos": "todos",
    "call.started": "call_started",
    "call.progress": "custom",
    "note": "custom",
    "call.finished": "call_finished",
    "run.paused": "paused",
    "run.resumed": "resumed",
    "run.completed": "completed",
    "run.failed": "failed",
    "run.cancelled": "cancelled",
}
FROM_ROWS = {"call.started", "call.finished", "run.paused", "run.completed"}  # an event's words are in rows
# Told without reading rows; of one event each, but for a team's turns and its list of tasks.
PURE = {"text", "thinking", "turn.started", "turn.finished", "turn.restarted", "call.progress", "note", "todos"}
SINGLE = PURE - {"turn.started", "todos"}


def position(line: Line) -> int:
    """Where the line stands in what is followed: one run, or a whole tree."""
    return line.place if isinstance(line, TreeLine) else line.seq


def index_of(line: Line, place: int) -> int:
    return position(line) * PLACES + min(place, LAST)


def as_it_began(call: ToolCall) -> dict[str, Any]:
    return tool_shape(call) | {"tool_call_error": None, "result": None}


def said_of(call: ToolCall) -> str:
    tool = registry.get(call.tool)
    lasted = f" in {call.seconds:.4f}s" if call.seconds is not None else ""
    return f"{tool.title if tool else call.tool}: {call.get_state_display()}{lasted}."


async def told(telling: Any, lines: list[Line]) -> list[Event]:
    """As `Telling.events`, from an event loop: words cost no change of threads."""
    if telling.needs_no_rows(lines):
        return list(telling.events(lines))
    found: list[Event] = await database_sync_to_async(telling.events)(lines)
    return found
