"""Asking a model: one event loop per process reads all answers; a run's thread wakes once, with the whole reply."""

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

import aiohttp
import httpx2
import openai
import uvloop
from django.db.models import QuerySet

from runs.engine import demo, endpoint
from runs.engine.holds import Hold
from runs.engine.reply import AskedCall, ModelFailed, Reply, Request
from runs.faults import fault_point
from runs.journal import writer
from runs.models import Event, Run
from teammates.exact import clean
from teammates.legible import stopped
from teammates.prepared import Select

# Of one answer, so that none fills the memory, or the screens of those who decide.
MAX_CALLS = 100
MAX_BYTES, MAX_LINE = 64_000_000, 4_000_000
ANNOUNCED_WITHIN = 0.02  # seconds
TURN_DEADLINE = 15 * 60  # seconds for one answer, however steadily it drips
TOO_MUCH = "model_too_much"
NO_ANSWER = "The model endpoint sent something that is not an answer."
MAYBE_MEDIA = " (The message came with pictures or sound, which not every model takes.)"
MENDS = {
    401: " Check OPENAI_API_KEY.",
    403: " Check what OPENAI_API_KEY may use.",
    404: " Check OPENAI_BASE_URL and the name of the model.",
}
EFFORTS = {"low": "low", "medium": "medium"}  # all above is the highest that every endpoint knows
parse = json.JSONDecoder().raw_decode  # `loads` guesses the encoding and looks for blanks, for each piece again
Heard = Callable[[str, str], None]  # (kind, delta): "text" or "thinking"


class Asking(Protocol):
    def respond(self, request: Request) -> Reply:
        """The model's whole reply; its text has been said to the journal by then. Raises `ModelFailed`."""


class Model:
    """The model of one run, speaking into the journal under the run's lease."""

    def __init__(self, run: Run, hold: Hold) -> None:
        self.run, self.hold, self._first = run, hold, True

    def respond(self, request: Request) -> Reply:
        self._announce(request.turn)
        fault_point("turn.before_llm")
        reply = self.hold.wait(in_reader(Speech(self.run.pk, self.hold.lease, request).whole()))
        fault_point("turn.after_llm")
        return reply

    def _announce(self, turn: int) -> None:
        """Followers drop the text of an attempt that died; only the first turn after a claim can be such a repeat."""
        again = False
        if self._first and self.run.started_at:  # not yet in the claim that starts the run
            begun = _begun.first(run=self.run.pk)
            again = begun is not None and begun["turn"] == turn
        self._first = False
        kind = "turn.restarted" if again else "turn.started"
        writer.say(self.run.pk, self.hold.lease, kind, {"turn": turn})


class Speech:
    """One answer on its way to the log. What comes together is written together, and the last of it with the reply.

    The beginning of the turn goes with the first words, or alone when they take their time.
    """

    def __init__(self, run_id: int, lease: str, request: Request) -> None:
        self.run_id, self.lease, self.request = run_id, lease, request
        self._gathering = False
        self._first_at: float | None = None

    async def whole(self) -> Reply:
        """The reply. Its usage tells after how many seconds it began."""
        self._loop = asyncio.get_running_loop()
        asked_at = self._loop.time()
        self._due: asyncio.Handle = self._loop.call_later(ANNOUNCED_WITHIN, writer.hurry)
        answer = demo.answer if self.request.model == "demo" else ask_endpoint
        try:
            reply = await answer(self.request, self.hear)
        finally:
            self._due.cancel()
        if self._first_at is not None:
            reply.usage["time_to_first_token"] = round(self._first_at - asked_at, 4)
        return reply

    def hear(self, kind: str, delta: str) -> None:
        if self._first_at is None:
            self._first_at = self._loop.time()
        waits = writer.say(self.run_id, self.lease, kind, {"turn": self.request.turn, "delta": delta})
        if waits and not self._gathering:
            self._gathering = True
            self._due.cancel()
            self._due = self._loop.call_soon(self._write)

    def _write(self) -> None:
        self._gathering = False
        writer.hurry()


@Select
def _begun(run: Any) -> "QuerySet[Event, dict[str, Any]]":
    turns = Event.objects.filter(run_id=run, kind__in=("turn.started", "turn.restarted"))
    return turns.order_by("-seq").values_list("data", flat=True)[:1]


_starting = threading.Lock()
_lent: list[asyncio.AbstractEventLoop] = []


def read_in(loop: asyncio.AbstractEventLoop) -> None:
    """Read answers in this loop, which somebody else runs: each piece changes threads once less on its way out."""
    _lent[:] = [loop]


def reader() -> asyncio.AbstractEventLoop:
    """The loop that reads every model's answer in this process."""
    if _lent:
        return _lent[0]
    with _starting:  # the first runs of a process come all at once
        return _reader()


@cache
def _reader() -> asyncio.AbstractEventLoop:
    loop = uvloop.new_event_loop()
    threading.Thread(target=loop.run_forever, name="model-reader", daemon=True).start()
    return loop


def in_reader(answer: Coroutine[Any, Any, Reply]) -> "Future[Reply]":
    return asyncio.run_coroutine_threadsafe(answer, reader())


def close_clients() -> None:
    """Hang up, for a process that goes away."""
    if reader().is_running():
        asyncio.run_coroutine_threadsafe(endpoint.hang_up(), reader()).result(5)
    else:  # lent by a server that has stopped
        reader().run_until_complete(endpoint.hang_up())


async def ask_endpoint(request: Request, heard: Heard) -> Reply:
    """Stream one chat completion of the configured endpoint."""
    asked: dict[str, Any] = {
        "model": request.model,
        "messages": request.messages,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.tools:
        asked["tools"] = [function_of(tool) for tool in request.tools]
    if request.effort:
        asked["reasoning_effort"] = EFFORTS.get(request.effort, "high")
    try:
        async with asyncio.timeout(TURN_DEADLINE):
            async with endpoint.opened(asked) as pieces:
                return await read(pieces, heard)
    except (openai.OpenAIError, httpx2.HTTPError, aiohttp.ClientError, TimeoutError) as error:
        raise failure(error, shown(request)) from error


def shown(request: Request) -> bool:
    """Are there pictures or sounds in it?"""
    contents = [message.get("content") for message in request.messages]
    return any(part["type"] != "text" for content in contents if isinstance(content, list) for part in content)


def function_of(tool: Any) -> dict[str, Any]:
    spec = {"name": tool.name, "description": tool.description, "parameters": tool.offered_schema}
    return {"type": "function", "function": spec}


def failure(error: Exception, media: bool) -> ModelFailed:
    """A sentence for the person who looks at the run."""
    if isinstance(error, openai.APIStatusError):
        status = error.status_code
        why = MAYBE_MEDIA if media and status < 500 and status not in (401, 403, 429) else ""
        said = error.message.removeprefix(f"Error code: {status}").removeprefix(" - ")
        detail = f"{status}: {stopped(said[:500])}" if said else f"{status}."
        return ModelFailed(
            f"The model endpoint refused with status {detail}{MENDS.get(status, '')}{why}", "model_refused"
        )
    if isinstance(error.__cause__, httpx2.ConnectTimeout | httpx2.ConnectError):
        return ModelFailed("The model endpoint cannot be reached. Check OPENAI_BASE_URL.", "model_unreachable")
    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException | TimeoutError):
        return ModelFailed("The model did not answer in time. Retry, or look at its endpoint.", "model_timeout")
    if isinstance(error, openai.APIConnectionError):
        return ModelFailed("The model endpoint cannot be reached. Check OPENAI_BASE_URL.", "model_unreachable")
    return ModelFailed("The connection to the model broke off in mid-answer. Retry the run.", "model_broke_off")


@dataclass
class Partial:
    """A reply while it arrives."""

    text: list[str] = field(default_factory=list)
    thinking: list[str] = field(default_factory=list)
    calls: dict[int, dict[str, str]] = field(default_factory=dict)
    finish_reason: str = ""
    usage: dict[str, Any] = field(default_factory=dict)

    def reply(self) -> Reply:
        if not self.finish_reason:
            raise ModelFailed("The model's answer broke off before its end. Retry the run.", "model_broke_off")
        calls = [AskedCall(**self.calls[place]) for place in sorted(self.calls)]
        return Reply("".join(self.text), "".join(self.thinking), calls, self.finish_reason, self.usage)

    def call(self, fragment: dict[str, Any]) -> None:
        known = self.calls.setdefault(self.place_of(fragment), {"id": "", "name": "", "arguments": ""})
        if len(self.calls) > MAX_CALLS:
            raise ModelFailed(f"The model asked for more than {MAX_CALLS} calls at once. Nothing was run.", TOO_MUCH)
        function = fragment.get("function") or {}
        known["id"] = known["id"] or clean(fragment.get("id") or "")
        known["name"] = known["name"] or clean(function.get("name") or "")
        known["arguments"] += clean(function.get("arguments") or "")

    def place_of(self, fragment: dict[str, Any]) -> int:
        """Some endpoints do not number: there, a call begins where an id stands."""
        if fragment.get("index") is not None:
            return int(fragment["index"])
        return len(self.calls) if fragment.get("id") or not self.calls else max(self.calls)


async def read(pieces: endpoint.Pieces, heard: Heard) -> Reply:
    """Parse a stream of server-sent completion chunks. The package's own stream objects cost four times as much."""
    partial, rest, size, answered = Partial(), b"", 0, False
    while piece := await pieces.next():
        *lines, rest = (rest + piece).split(b"\n")
        size += len(piece)
        if size > MAX_BYTES or len(rest) > MAX_LINE:
            raise ModelFailed("The model's answer is too long to be kept. Ask for less at once.", TOO_MUCH)
        for line in lines:
            if line.startswith(b"data:"):
                answered = True
                if not take(line[5:].strip(), partial, heard):
                    return partial.reply()
    if size and not answered:
        raise ModelFailed(f"{NO_ANSWER} Check OPENAI_BASE_URL.", "model_rubbish")
    return partial.reply()


def take(data: bytes, partial: Partial, heard: Heard) -> bool:
    """Add one chunk; False when the stream says that it is done."""
    if data == b"[DONE]":
        return False
    try:
        chunk, end = parse(text := data.decode())
        if end < len(text):
            raise ValueError("There is more than one chunk.")
        if error := chunk.get("error"):
            raise ModelFailed(f"The model endpoint failed: {str(error)[:500]}", "model_refused")
        partial.usage = dict(chunk.get("usage") or partial.usage)
        for choice in chunk.get("choices") or ():
            take_choice(choice, partial, heard)
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError) as error:
        raise ModelFailed(NO_ANSWER, "model_rubbish") from error
    return True


def take_choice(choice: dict[str, Any], partial: Partial, heard: Heard) -> None:
    delta = choice.get("delta") or {}
    if text := delta.get("content"):
        partial.text.append(text := clean(text))
        heard("text", text)
    if thinking := delta.get("reasoning_content"):
        partial.thinking.append(thinking := clean(thinking))
        heard("thinking", thinking)
    for fragment in delta.get("tool_calls") or ():
        partial.call(fragment)
    partial.finish_reason = clean(choice.get("finish_reason") or partial.finish_reason)
