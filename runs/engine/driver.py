"""Carry one run forward: claim it, take turns, write down how that ended. Nothing else moves a running run."""

import logging
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from runs import journal, trees
from runs.context import run_at_hand
from runs.engine import holds, loop
from runs.engine.flow import Scripted
from runs.engine.holds import HandedBack, Hold, fresh_until
from runs.engine.model import Model
from runs.engine.reply import ModelFailed
from runs.engine.steps import Finished, OutOfTurns, Paused, Step, Wait
from runs.engine.structured import data_in
from runs.engine.toolbox import Toolbox
from runs.engine.transcript import Transcript
from runs.faults import fault_point
from runs.journal import LeaseLost
from runs.locks import write
from runs.models import Run, RunQuerySet, ToolCall, WrongStatus
from runs.signals import run_paused
from runs.states import CallState, RunStatus
from runs.wakeup import wake
from teammates.exact import clean
from teammates.prepared import Select, Update, insert

logger = logging.getLogger("sayso.runs")

STATE_SCHEMA = 1
FLOW_TURNS = 10_000  # of a workflow; its steps and loops are bounded by themselves
WITH = ("teammate", "session", "performer_revision")  # of most runs; what trees need besides is fetched by them
TIRED = "It was begun {} times without getting anywhere."
NEWER = "It was left by a newer release of Sayso ({}), which this one cannot read."


def carry_forward(run_id: int) -> None:
    """Take the run as far as it can go without a person. Does nothing when another worker has it."""
    if holds.closed():
        return
    hold = Hold()
    run = claim(run_id, hold)
    if run is None:
        return
    at_hand = run_at_hand.set(run.pk)
    with hold:
        try:
            work(run, hold)
        except (LeaseLost, WrongStatus):
            logger.info("%s is no longer ours", run)
        except HandedBack:
            hand_back(run, hold)
        except ModelFailed as error:
            fail(run, hold, str(error), error.code)
        except (OperationalError, InterfaceError):
            logger.exception("The database refused; once its lease has lapsed, the sweep takes up %s", run)
        except Exception:
            fail(run, hold, "Something broke inside Sayso; the log of the server says what.", "internal")
            raise
        finally:
            run_at_hand.reset(at_hand)


def claim(run_id: int, hold: Hold) -> Run | None:
    """Take the queued run under a fresh lease; of several workers, one gets it."""
    now = timezone.now()
    with write():
        if not _taken(pk=run_id, lease=hold.lease, until=fresh_until(), now=now):
            return None
        (run,) = _claimed(pk=run_id)
        if run.started_at == now:
            run.started_at = None  # as it was before this claim: nothing has been said or called yet
            journal.append(run_id, "run.started")
        fault_point("claim.before_commit")
    fault_point("claim.after_commit")
    return run


@Update
def _taken(pk: Any, lease: Any, until: Any, now: Any) -> tuple[RunQuerySet, dict[str, Any]]:
    return Run.objects.filter(pk=pk, status=RunStatus.QUEUED), {
        "status": RunStatus.RUNNING,
        "lease": lease,
        "lease_until": until,
        "attempt": F("attempt") + 1,
        "started_at": Coalesce(F("started_at"), now),
    }


@Select
def _claimed(pk: Any) -> RunQuerySet:
    return Run.objects.select_related(*WITH).filter(pk=pk)


def work(run: Run, hold: Hold) -> None:
    if run.state_schema > STATE_SCHEMA:
        pause(run, hold, [Wait("attention", None, NEWER.format(run.state_schema))])
    elif run.attempt >= settings.MAX_ATTEMPTS:
        pause(run, hold, [Wait("attention", None, TIRED.format(run.attempt - 1))])
    elif not run.performer.enabled:
        fail(run, hold, f"{run.performer.name} is disabled.", "teammate_disabled")
    else:
        while not settle(run, hold, advance(run, hold)):
            # What it would have waited for has just ended. It goes on from what was said meanwhile.
            run.started_at = run.started_at or timezone.now()


def advance(run: Run, hold: Hold) -> Step:
    definition = run.performer_revision.definition
    transcript, toolbox = Transcript(run, hold, definition), Toolbox(run, hold, definition)
    if run.workflow_id is not None:
        return loop.advance(transcript, Scripted(transcript), toolbox, max_turns=FLOW_TURNS)
    return loop.advance(transcript, Model(run, hold), toolbox, max_turns=run.max_turns or settings.MAX_TURNS)


def settle(run: Run, hold: Hold, step: Step) -> bool:
    """Write down how the stretch ended; False when it has not ended after all."""
    match step:
        case Finished():
            finish(run, hold, step)
        case Paused(waits):
            return pause(run, hold, waits)
        case OutOfTurns(limit):
            fail(run, hold, f"Stopped after {limit} turns without an end.", "max_turns")
    return True


def pause(run: Run, hold: Hold, waits: list[Wait]) -> bool:
    """Let go of the run until people have decided and runs below have ended; its gates open in the same transaction.

    False, and nothing changed, when it waited for runs below only, and all of them have just ended.
    """
    gates = [wait for wait in waits if wait.kind != "child"]
    with trees.step(run, hold.lease):
        children = trees.live_children(run)
        if not gates and not children:
            return False
        run.move(RunStatus.PAUSED, open_gates=len(gates), open_children=children, lease="", lease_until=None)
        for wait in gates:
            if wait.call:
                hold_for_people(run, wait.call)
        if gates:
            run_paused.send(Run, run=run, waits=gates)
            journal.append(run.pk, "run.paused", {"gates": len(gates), **trees.beside(run)})
        trees.stood_still(run)
        fault_point("pause.before_release")
    fault_point("pause.after_release")
    return True


def hold_for_people(run: Run, call: ToolCall) -> None:
    """Fix what will be decided about: these arguments under this definition."""
    if call.state == CallState.OUTCOME_UNKNOWN:
        return
    fixed: dict[str, Any] = {name: getattr(call, name) for name in ("arguments", "effect", "tool_def_hash", "revision")}
    call.move(CallState.WAITING, **fixed, approved_digest="", approved_revision=None)


def finish(run: Run, hold: Hold, end: Finished) -> None:
    output, of_run = end.output, end.last.of_run if end.last else {}
    completed = ("run.completed", {"output": output, "usage": of_run.get("usage", run.usage)})
    ended = {"finished_at": timezone.now(), "lease": "", "lease_until": None}
    data = data_in(output, run.output_schema)
    with trees.step(run, hold.lease, [end.last.line, completed] if end.last else [completed]):
        if end.last:
            insert(end.last.message)
        run.move(RunStatus.COMPLETED, output=output, output_data=data, **of_run, **ended)
        trees.ended(run)
        fault_point("run.finish.before_commit")
    fault_point("run.finish.after_commit")


def fail(run: Run, hold: Hold, error: str, code: str) -> None:
    """End the run with what went wrong, in words for the person, and its calls with it."""
    error = clean(error)  # the words may be a model's, or its endpoint's
    try:
        with trees.step(run, hold.lease):
            now = timezone.now()
            run.refresh_from_db(fields=["status"])  # a pause or an end that was undone left another one here
            told = {"error": error, "error_code": code, "usage": {**run.usage, "model": run.model_asked}}
            run.move(RunStatus.FAILED, finished_at=now, lease="", lease_until=None, **told)
            trees.end_calls(run, now)
            trees.cancel_below(run, "The run above has failed.")
            journal.append(run.pk, "run.failed", {"error": error, "code": code})
            trees.ended(run)
    except (LeaseLost, WrongStatus):
        logger.info("%s ended elsewhere", run)


def hand_back(run: Run, hold: Hold) -> None:
    """This process goes away; whoever comes next takes the run from the queue."""
    try:
        with journal.step(run.pk, hold.lease):
            run.move(RunStatus.QUEUED, lease="", lease_until=None, attempt=0)
            wake(run.pk)
    except (LeaseLost, WrongStatus):
        logger.info("%s ended elsewhere", run)
