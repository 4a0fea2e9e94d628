"""What the model is shown: made from rows each time, so that nothing has to be thawed after a pause."""

import json
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from runs import journal
from runs.engine import attached, leader
from runs.engine.background import conversation, instructions
from runs.engine.holds import Hold
from runs.engine.reply import AskedCall, Reply, Request
from runs.engine.steps import Said
from runs.faults import fault_point
from runs.models import Message, Run, ToolCall
from runs.states import CallState
from runs.uploads import of_conversation
from teammates.prepared import Select, change, insert
from teammates.tools.registry import Tool

OPEN_RESULT = "(no result)"
CUT_OFF = "Not run: your answer was cut off by the token limit. Ask again with shorter arguments."


class Transcript:
    """One run's conversation; the worker that holds the run adds to it."""

    def __init__(self, run: Run, hold: Hold, definition: dict[str, Any]) -> None:
        self.run, self.hold, self.definition = run, hold, definition
        # Read once: while a worker holds the run, nobody else adds to these, and the toolbox moves these very calls.
        begun = run.started_at is not None  # before this claim: a new run has said and called nothing
        since = run.reached["turn"] if run.reached else 0
        self._messages = _messages(run=run.pk, since=since) if begun else []
        self.calls = _calls(run=run.pk, since=since) if begun else []
        self._files = of_conversation(run)
        self._asked: str | list[attached.Part] | None = None

    @property
    def model(self) -> str:
        return str(self.run.model or self.definition["model"] or settings.DEFAULT_MODEL)

    @property
    def turns(self) -> int:
        return max((message.turn for message in self._messages), default=0)

    def open_calls(self) -> list[ToolCall]:
        return [call for call in self.calls if call.is_open]

    def answer(self) -> str | None:
        """The final text, once the model has answered without asking for a call."""
        last = self._messages[-1] if self._messages else None
        if not last or last.role != Message.Role.ASSISTANT or any(call.turn == last.turn for call in self.calls):
            return None
        return last.text

    def handed_over(self) -> str | None:
        """The answer of a member that the whole task went to."""
        return leader.handed_over(self.definition, self.calls)

    def beginning(self) -> Reply | None:
        """What is asked for before the model is asked anything."""
        return None if self._messages else leader.opening(self.run, self.definition)

    def request(self, tools: list[Tool]) -> Request:
        """The next question to the model. Anything the model says belongs to turn `turns + 1`."""
        if self.run.workflow_id is not None:
            return Request("", [], [], self.turns + 1)  # its definition needs no words
        system = instructions(self.run, self.definition, self._files)
        messages: list[dict[str, Any]] = [{"role": "system", "content": "\n\n".join(system)}] if system else []
        messages += conversation(self.run, int(self.definition.get("history_runs", 20)))
        self._asked = self._asked or attached.content(self.run, self._files, self.hold)
        messages.append({"role": "user", "content": self._asked})
        for message in self._messages:
            messages += self._said(message)
        effort = self.run.effort or self.definition.get("effort", "")
        return Request(self.model, messages, tools, self.turns + 1, effort)

    def _said(self, message: Message) -> list[dict[str, Any]]:
        if message.role == Message.Role.USER:
            return [{"role": "user", "content": message.text}]
        calls = [call for call in self.calls if call.turn == message.turn]
        said: dict[str, Any] = {"role": "assistant", "content": message.text or None}
        if calls:
            said["tool_calls"] = [
                {"id": name_of(c), "type": "function", "function": {"name": c.tool, "arguments": written(c)}}
                for c in calls
            ]
        return [said, *({"role": "tool", "tool_call_id": name_of(c), "content": told(c)} for c in calls)]

    def said(self, reply: Reply) -> Said:
        """The next turn, not yet written."""
        run, turn = self.run, self.turns + 1
        usage = {**reply.usage, **priced(reply.usage, self.model), "model": self.model}
        role = Message.Role.ASSISTANT
        message = Message(run=run, turn=turn, role=role, text=reply.text, thinking=reply.thinking, usage=usage)
        line = ("turn.finished", {"turn": turn, "usage": usage, "reason": reply.finish_reason})
        total = {**added(run.usage, usage, calls=0 if run.workflow_id else 1), "model": self.model}
        return Said(message, line, {"usage": total, "attempt": 0, **come_to(reply)})

    def add(self, reply: Reply) -> None:
        """Keep what the model said, with the calls that it asks for, in one transaction."""
        run, said = self.run, self.said(reply)
        with journal.step(run.pk, self.hold.lease, [said.line]):
            insert(said.message)
            cut = reply.finish_reason == "length"
            calls = [
                self._keep(asked, said.message.turn, ordinal, cut=cut) for ordinal, asked in enumerate(reply.calls)
            ]
            change(Run, {"pk": run.pk}, **said.of_run)
            fault_point("calls.before_commit")
        fault_point("calls.after_save")
        run.usage = said.of_run["usage"]
        self._messages.append(said.message)
        self.calls += calls
        if reply.reached:
            self._forget(reply.reached)

    def _forget(self, reached: dict[str, Any]) -> None:
        """A workflow does not look back behind the step that it has come to."""
        self.run.reached = reached
        self._messages = [message for message in self._messages if message.turn >= reached["turn"]]
        self.calls = [call for call in self.calls if call.turn >= reached["turn"]]

    def _keep(self, asked: AskedCall, turn: int, ordinal: int, *, cut: bool) -> ToolCall:
        """A call of an answer that the token limit cut off is never run, even if it can be read."""
        failed = {"state": CallState.FAILED, "result": CUT_OFF, "finished_at": timezone.now()} if cut else {}
        call = ToolCall(
            run=self.run,
            turn=turn,
            ordinal=ordinal,
            provider_call_id=asked.id[:200],
            tool=asked.name[:200],
            raw_arguments=asked.arguments,
            step=asked.step,
            must_ask=asked.must_ask,
            **failed,
        )
        insert(call)
        journal.append(self.run.pk, "call.proposed", {"call": call.pk, "turn": turn, "tool": call.tool})
        if cut:
            journal.call_ended(call)
        return call


@Select
def _messages(run: Any, since: Any) -> "QuerySet[Message]":
    return Message.objects.filter(run_id=run, turn__gte=since)


@Select
def _calls(run: Any, since: Any) -> "QuerySet[ToolCall]":
    return ToolCall.objects.filter(run_id=run, retried_as=None, turn__gte=since)


def come_to(reply: Reply) -> dict[str, Any]:
    return {"reached": reply.reached} if reply.reached else {}


def added(total: dict[str, Any], one: dict[str, Any], calls: int = 1) -> dict[str, Any]:
    """Usage of a run: tokens of all turns, how often a model was asked, and how soon the first turn began.

    `cost` is the cost of those turns of which it is known, `unpriced` the number of the others.
    """
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    counted = {name: count for name in names if isinstance(count := one.get(name), int)}  # an endpoint may say anything
    summed = {name: total.get(name, 0) + counted.get(name, 0) for name in names}
    cost = {"cost": round(total.get("cost", 0) + one["cost"], 6)} if "cost" in one else {}
    unpriced = total.get("unpriced", 0) + (0 if cost else calls)
    soon = one.get("time_to_first_token")
    first = {"time_to_first_token": soon} if isinstance(soon, float) else {}
    counts = {"model_calls": total.get("model_calls", 0) + calls, **({"unpriced": unpriced} if unpriced else {})}
    return {**first, **total, **summed, **cost, **counts}


def priced(usage: dict[str, Any], model: str) -> dict[str, float]:
    """What one turn cost, where its tokens and the model's price (`SAYSO_PRICES`) are known; the script is free."""
    prices = settings.PRICES.get(model, (0.0, 0.0) if model == "demo" else None)
    if prices is None or (any(prices) and not isinstance(usage.get("prompt_tokens"), int)):
        return {}
    tokens = (usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or 0)
    return {"cost": round(sum(count * price for count, price in zip(tokens, prices, strict=True)) / 1_000_000, 6)}


def name_of(call: ToolCall) -> str:
    """Our own name for a call: providers repeat theirs."""
    return f"call_{call.turn}_{call.ordinal}"


def written(call: ToolCall) -> str:
    """The arguments as the model is to remember them: as they ran, where a person changed them."""
    if call.note and call.arguments is not None:
        return json.dumps(call.arguments, ensure_ascii=False)
    return call.raw_arguments if call.arguments is not None else "{}"


def told(call: ToolCall) -> str:
    """What the model hears of a call."""
    result = call.result if call.state in (CallState.SUCCEEDED, CallState.FAILED, CallState.DENIED) else OPEN_RESULT
    return f"{call.note}\n{result}" if call.note else result
