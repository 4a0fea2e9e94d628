"""Run one tool's function in a thread of its own, for at most its time, and tell its outcome as text."""

import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from contextvars import copy_context
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from django.db import connection
from django.db.models import F
from django.utils import timezone

from runs import cores, journal, trees
from runs.engine.holds import Hold
from runs.faults import fault_point
from runs.files import RunFiles, RunMemories
from runs.locks import write
from runs.models import Run, Session, ToolCall
from runs.states import CallState
from teammates.exact import clean, flaw_in
from teammates.tools import ToolContext, ToolError
from teammates.tools.registry import Tool

logger = logging.getLogger("sayso.tools")

T = TypeVar("T")

RESULT_LIMIT = 100_000  # characters of a result that the model is told


TOLD_BY_TOOLS = ("note", "todos", "call.progress")


@dataclass(frozen=True)
class Outcome:
    """How a call ended, what the model is told, and what the conversation's shared state is now."""

    succeeded: bool
    result: str
    shared: dict[str, Any] | None = None

    @property
    def state(self) -> CallState:
        return CallState.SUCCEEDED if self.succeeded else CallState.FAILED


class TimedOut(Exception):
    """No result within the tool's time; the function may still be at work. Of a look-up: nothing is known."""


def execute(run: Run, call: ToolCall, tool: Tool, arguments: dict[str, Any], hold: Hold) -> Outcome:
    """The outcome of the call. `TimedOut` after `tool.timeout` seconds; interrupted when the run is taken away."""
    work: Callable[[], Outcome] = partial(_outcome, run, call, tool, arguments)
    outcome: Outcome = _aside(tool, hold, work, late=partial(keep_as_evidence, call))
    return outcome


def look_up(call: ToolCall, tool: Tool, hold: Hold) -> Outcome | None:
    """What the tool's own look-up says became of the call; None: it never arrived. `TimedOut` when it cannot say."""
    return _aside(tool, hold, partial(_found, call, tool), late=lambda found: None)


def _found(call: ToolCall, tool: Tool) -> Outcome | None:
    if tool.reconcile is None:
        raise LookupError(f"{tool.name} has no look-up")
    try:
        result = tool.reconcile(str(call.idempotency_key))
    except (Exception, SystemExit) as error:  # whatever it is, nothing is known then
        logger.warning("The look-up of %s failed", call, exc_info=True)
        raise TimedOut from error
    return None if result is None else Outcome(True, as_text(result))


def _aside(tool: Tool, hold: Hold, do: Callable[[], T], *, late: Callable[[T], None]) -> T:
    """Do it in a thread of its own, for at most the tool's time; a result that nobody waits for any more is `late`."""
    future: Future[T] = Future()
    work = partial(copy_context().run, _work, future, do, late)
    threading.Thread(target=work, name=f"tool-{tool.name}", daemon=True).start()
    try:
        return hold.wait(future, tool.timeout, finish=True)
    except TimeoutError:
        if future.cancel():  # so that a late result is kept as evidence
            raise TimedOut from None
        return future.result()


def _work(future: "Future[T]", do: Callable[[], T], late: Callable[[T], None]) -> None:
    cores.use_all()
    try:
        result = do()
        try:
            future.set_result(result)
        except InvalidStateError:  # the run was stopped meanwhile
            late(result)
    except TimedOut as error:
        with suppress(InvalidStateError):
            future.set_exception(error)
    finally:
        connection.close()


def _outcome(run: Run, call: ToolCall, tool: Tool, arguments: dict[str, Any]) -> Outcome:
    try:
        if tool.wants_context:  # others who work in the conversation may have changed it
            run.session.refresh_from_db(fields=["session_state"])
        shared = deepcopy(run.session.session_state)
        given = [context_of(run, call, shared)] if tool.wants_context else []
        fault_point("tool.before_send")
        result = as_text(tool.function(*given, **arguments))
        fault_point("tool.after_send")
        return Outcome(True, result, plain(shared))
    except ToolError as error:
        return Outcome(False, as_text(str(error)))
    except (Exception, SystemExit) as error:  # a tool's failure, whatever it is, is an answer to the model
        logger.warning("%s failed", call, exc_info=True)
        return Outcome(False, as_text(f"{type(error).__name__}: {error}"))


def as_text(value: Any) -> str:
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, TypeError):  # it holds itself, or has odd keys: the call has succeeded all the same
        text = str(value)
    text = clean(text)
    return text if len(text) <= RESULT_LIMIT else text[:RESULT_LIMIT] + "\n(cut here)"


def plain(shared: dict[str, Any]) -> dict[str, Any] | None:
    """The state as JSON can hold it; None, and so unchanged, where it cannot."""
    try:
        state: dict[str, Any] = json.loads(json.dumps(shared, allow_nan=False))
        if flaw := flaw_in(state):
            raise ValueError(flaw)
    except (ValueError, TypeError):
        logger.warning("A tool left a session state that is not JSON; it is not kept", exc_info=True)
        return None
    return state


def context_of(run: Run, call: ToolCall, shared: dict[str, Any]) -> ToolContext:
    return ToolContext(
        key=str(call.idempotency_key),
        run_id=run.pk,
        files=RunFiles(run, call),
        memories=RunMemories(run),
        note=partial(note, run.pk),
        session_state=shared,
        dependencies=run.dependencies,
    )


def note(run_id: int, kind: str, data: dict[str, Any]) -> None:
    if kind not in TOLD_BY_TOOLS:
        raise ToolError(f"A tool may tell {', '.join(TOLD_BY_TOOLS)}, not {kind}.")
    if kind == "todos" and not are_todos(data.get("items")):
        raise ToolError('Todos are told as {"items": [{"text": "…", "done": false}]}.')
    with write():
        journal.tell(run_id, kind, data)


def are_todos(items: Any) -> bool:
    """Pages and clients show them: what they cannot show would stay in the log for good."""
    return isinstance(items, list) and all(
        isinstance(item, dict) and isinstance(item.get("text"), str) for item in items
    )


def share(session: Session, state: dict[str, Any]) -> None:
    """Keep the keys that a tool changed; those that other runs of the conversation changed meanwhile stay theirs."""
    before = session.session_state
    gone = before.keys() - state.keys()
    changed = {key: value for key, value in state.items() if key not in before or before[key] != value}
    if gone or changed:
        Session.objects.filter(pk=session.pk).update(hidden=F("hidden"))  # keeps the row for us (PostgreSQL)
        session.refresh_from_db(fields=["session_state"])
        kept = {key: value for key, value in session.session_state.items() if key not in gone}
        session.session_state = kept | changed
        session.save(update_fields=["session_state"])


def keep_as_evidence(call: ToolCall, outcome: Outcome) -> None:
    """The run went on without this result; the call keeps it, unless a later attempt has begun.

    A run that has not ended tells it, as its call will not end again. Where a person is asked what became of the call,
    it only stands beside the question.
    """
    this = ToolCall.objects.filter(pk=call.pk, started_at=call.started_at)
    end = {"state": outcome.state, "result": outcome.result, "finished_at": timezone.now()}
    with write():
        trees.lock(pk=call.run_id)
        if not this.filter(state=CallState.STARTED).update(**end):
            this.filter(state=CallState.OUTCOME_UNKNOWN).update(result=outcome.result)
        elif Run.objects.live().filter(pk=call.run_id).exists():
            journal.call_ended(this.get())
