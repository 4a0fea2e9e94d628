"""A run's events as the flat dialect of the SDKs (contract 1.9): which frames, in which order, where the body ends."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.db.models import Q

from api.m8tes.errors import Problem
from api.m8tes.shapes import gate_shape
from api.speech import Speech, without_abandoned
from api.streams import EventStream, ear_of
from approvals.models import Question, ToolApproval
from runs.journal import Line
from runs.live.follow import Ear, follow
from runs.models import Event, Run, ToolCall
from runs.states import CALL_OPEN, RunStatus
from runs.trees import usage_of

Frame = dict[str, Any]


def new_stream(run: Run) -> EventStream:
    """From the beginning to the first pause, or to the end."""
    ear = ear_of(run, 0)
    return EventStream(frames(run, ear, through_pauses=False), {"X-Run-Id": str(run.pk)}, ear)


def rejoined(run: Run) -> EventStream:
    """Everything again, then live, to a pause that lasts, or to the end; an ended run has no stream."""
    if not run.is_live:
        raise Problem(409, f"Run {run.pk} has ended. Its output is in GET /runs/{run.pk}.", "run_ended")
    return EventStream(frames(run, None, through_pauses=True), {"X-Run-Id": str(run.pk)})


async def frames(run: Run, ear: Ear | None, *, through_pauses: bool) -> AsyncIterator[bytes]:
    """The frames of each batch of lines, as bytes; ends behind a terminal frame, or while a gate is open."""
    telling, waiting = Telling(run), False
    void = await voided(run) if through_pauses else {}
    yield written([{"type": "metadata", "run_id": run.pk, "payload": {"run_id": run.pk}}])
    async for lines in follow(run.pk, ear=ear):
        told: list[Frame] = []
        for line in without_abandoned(lines, void):
            told += await telling.frames(line)
            waiting = line.kind == "run.paused" or (waiting and line.kind != "run.resumed")
            if waiting and not through_pauses:
                break
        if told:
            yield written(told)
        if waiting and (not through_pauses or await rests(lines[-1])):
            if again := telling.still_asked():
                yield written([again])
            return


async def rests(last: Line) -> bool:
    """Does the run wait for people, and is this all that has happened so far?"""
    return await Run.objects.filter(pk=last.run_id, status=RunStatus.PAUSED, last_seq=last.seq).aexists()


async def voided(run: Run) -> dict[int, int]:
    """Of each turn that was begun again: where its last attempt so far begins."""
    again = Event.objects.filter(run=run, kind="turn.restarted").order_by("seq").values_list("data", "seq")
    return {data["turn"]: seq async for data, seq in again}


def written(told: list[Frame]) -> bytes:
    """In ASCII: characters at which clients cut lines must not stand in a frame as they are."""
    return "".join(f"data: {json.dumps(frame)}\n\n" for frame in told).encode("ascii")


class Telling:
    """What a client of this run has been told so far, as far as the next frames depend on it."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.open = ""  # text or reasoning, while such a block is open
        self.blocks = 0
        self.speech = Speech()
        self.asking: dict[str, Frame] = {}  # by gate, those that are open
        self.last_asked = ""

    async def frames(self, line: Line) -> list[Frame]:
        if line.kind in ("text", "thinking"):
            return self.speak(line.kind, line.data["delta"])
        if line.kind in ("turn.started", "turn.restarted"):
            self.speech.turn(restarted=line.kind == "turn.restarted")
            return [] if self.speech.again else self.close()
        make = SINGLE.get(line.kind)
        return [*self.close(), *(await make(self, line))] if make else []

    def speak(self, kind: str, delta: str) -> list[Frame]:
        """New text; what differs from a void attempt is told in a block of its own."""
        new, begins_anew = self.speech.fresh(kind, delta)
        if not new:
            return []
        return [*(self.close() if begins_anew else []), *self.delta(kind, new)]

    def delta(self, kind: str, delta: str) -> list[Frame]:
        block = BLOCKS[kind]
        told = [] if self.open == block else [*self.close(), self.begin(block)]
        return [*told, {"type": f"{block}-delta", "id": self.name, "delta": delta}]

    def begin(self, block: str) -> Frame:
        self.open, self.blocks = block, self.blocks + 1
        return {"type": f"{block}-start", "id": self.name}

    @property
    def name(self) -> str:
        return f"block_{self.blocks}"

    def close(self) -> list[Frame]:
        if not self.open:
            return []
        block, self.open = self.open, ""
        return [{"type": f"{block}-end", "id": self.name}]

    # --- one event, its frames ---

    async def proposed(self, line: Line) -> list[Frame]:
        call = await self.call(line.data["call"])
        return [
            {"type": "tool-call-start", "toolCallId": name_of(call), "toolName": call.tool},
            {"type": "tool-call-delta", "toolCallId": name_of(call), "delta": call.raw_arguments or "{}"},
            {"type": "tool-call-end", "toolCallId": name_of(call)},
        ]

    async def result(self, line: Line) -> list[Frame]:
        return ended(await self.call(line.data["call"]))

    async def asked(self, line: Line) -> list[Frame]:
        shape = await gate_named(line.data["gate"])
        asked = {key: shape[key] for key in ("request_id", "tool_use_id", "tool_name", "tool_input")}
        self.last_asked = line.data["gate"]
        self.asking[self.last_asked] = {"type": "awaiting_approval", "run_id": self.run.pk, **asked}
        return [self.asking[self.last_asked]]

    def still_asked(self) -> Frame | None:
        """To tell once more: clients look at the newest gate alone, and take an end after its decision for a fault."""
        return None if self.last_asked in self.asking else next(reversed(self.asking.values()), None)

    async def decided(self, line: Line) -> list[Frame]:
        """With the result of the call, where the decision is one: a denial, an answer."""
        self.asking.pop(line.data["gate"], None)
        shape = await gate_named(line.data["gate"])
        told: list[Frame] = [
            {
                "type": "permission_resolved",
                "request_id": shape["request_id"],
                "tool_use_id": shape["tool_use_id"],
                "resolved_status": shape["status"],
            }
        ]
        if shape["tool_use_id"]:
            call = await self.call(int(shape["tool_use_id"].removeprefix("call_")))
            told += ended(call) if call.started_at is None else []
        return told

    async def todos(self, line: Line) -> list[Frame]:
        return [{"type": "todo-update", "toolCallId": "todos", "todos": line.data["items"]}]

    async def completed(self, line: Line) -> list[Frame]:
        run = await Run.objects.aget(pk=self.run.pk)
        usage = run.usage if run.teammate_id else await sync_to_async(usage_of)(run)
        return [metrics(run, usage), {"type": "done", "completion_state": "complete", "stop_reason": "end_turn"}]

    async def failed(self, line: Line) -> list[Frame]:
        error = {"type": "error", "error": str(line.data["error"]), "error_code": line.data["code"]}
        return [error, {"type": "done", "completion_state": "error", "stop_reason": "error"}]

    async def cancelled(self, line: Line) -> list[Frame]:
        return [{"type": "cancelled", "run_id": self.run.pk}]

    async def call(self, pk: int) -> ToolCall:
        return await ToolCall.objects.aget(Q(run=self.run) | Q(run__root=self.run.root_pk), pk=pk)


BLOCKS = {"text": "text", "thinking": "reasoning"}
SINGLE: dict[str, Callable[[Telling, Line], Any]] = {
    "call.proposed": Telling.proposed,
    "call.finished": Telling.result,
    "gate.opened": Telling.asked,
    "gate.decided": Telling.decided,
    "gate.closed": Telling.decided,
    "todos": Telling.todos,
    "run.completed": Telling.completed,
    "run.failed": Telling.failed,
    "run.cancelled": Telling.cancelled,
}


def name_of(call: ToolCall) -> str:
    return f"call_{call.pk}"


def ended(call: ToolCall) -> list[Frame]:
    if call.state in CALL_OPEN:
        return []
    return [{"type": "tool-result-end", "toolCallId": name_of(call), "result": call.result}]


async def gate_named(name: str) -> dict[str, Any]:
    kind, _, number = name.rpartition("-")
    model: Any = ToolApproval if kind == "approval" else Question
    return gate_shape(await model.objects.select_related("call", "run").aget(pk=int(number)))


def metrics(run: Run, usage: dict[str, Any]) -> Frame:
    worked = (run.finished_at - run.started_at).total_seconds() if run.finished_at and run.started_at else 0.0
    return {
        "type": "run_metrics",
        "execution_time_ms": int(worked * 1000),
        "input_tokens_used": usage.get("prompt_tokens", 0),
        "output_tokens_used": usage.get("completion_tokens", 0),
        "claude_token_cost_usd": usage.get("cost", 0),
        "stop_reason": "end_turn",
    }
