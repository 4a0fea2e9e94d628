"""Runs within runs: how a child begins, and how its end reaches the run that waits for it.

A transaction that touches several runs of a tree first touches the root's row, so that all take one order of locks.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from runs import journal
from runs.engine import holds
from runs.faults import fault_point
from runs.journal import Happening
from runs.models import Run, RunFile, RunQuerySet, ToolCall
from runs.signals import run_cancelled
from runs.states import CALL_MOVES, CallState, RunStatus, sources
from runs.wakeup import wake
from teammates.exact import clean
from teammates.models import Mode, Team, Teammate
from teammates.performers import Performer, newest_revision
from teammates.prepared import Select, Update, insert
from teammates.tools.delegation import INTERNAL

DEPTH = 6  # runs within runs
SIZE = 500  # runs of one tree
USED = ("prompt_tokens", "completion_tokens", "total_tokens", "model_calls", "cost", "unpriced")
STRICT = [Mode.AUTONOMOUS, Mode.APPROVAL, Mode.PLAN]


class TooLarge(Exception):
    """The tree may not grow further; the message is for the model."""


def step(
    run: Run, lease: str, lines: Sequence[Happening] = (), *, durable: bool = False
) -> AbstractContextManager[None]:
    """As `journal.step`, for what may touch other runs of the tree."""
    return journal.step(run.pk, lease, lines, root=run.root_id, durable=durable)


@Update
def lock(pk: Any) -> tuple[RunQuerySet, dict[str, Any]]:
    """Nobody else changes this run before the transaction at hand ends."""
    return Run.objects.filter(pk=pk), {"last_seq": F("last_seq")}


def begin(parent: Run, call: ToolCall, performer: Performer, message: str) -> Run:
    """A child run of `parent` that answers `call`, inside the transaction that starts the call."""
    root = parent.root or parent
    if parent.depth + 1 > DEPTH:
        raise TooLarge(f"Runs may be nested {DEPTH} deep.")
    if Run.objects.tree_of(parent).count() >= SIZE:
        raise TooLarge(f"A run may have {SIZE} runs below it.")
    root.refresh_from_db(fields=["permission_mode"])  # locked by now: a switch has come before, or comes after
    child = Run(
        owner_id=parent.owner_id,
        session_id=parent.session_id,
        **performed_by(performer),
        performer_revision=newest_revision(performer) if performer != parent.performer else parent.performer_revision,
        requested_by_id=parent.requested_by_id,
        parent=parent,
        root=root,
        called_by=call,
        depth=parent.depth + 1,
        message=message,
        permission_mode=stricter(performer, root),
        human_in_the_loop=root.human_in_the_loop,
        user_id=parent.user_id,
        metadata=parent.metadata,
        dependencies=parent.dependencies,
        memory=parent.memory,
        last_seq=1,
    )
    insert(child)
    journal.begin(child.pk, "run.queued", {"mode": child.permission_mode})
    journal.append(parent.pk, "child.started", {"run": child.pk, "call": call.pk, "name": performer.name})
    wake(child.pk)
    fault_point("child.begin.before_commit")
    return child


def performed_by(performer: Performer) -> dict[str, Performer]:
    if isinstance(performer, Teammate):
        return {"teammate": performer}
    return {"team": performer} if isinstance(performer, Team) else {"workflow": performer}


def stricter(performer: Performer, root: Run) -> str:
    """The stricter of the performer's own mode and the root's; without people nobody could be asked."""
    if not root.human_in_the_loop:
        return Mode.AUTONOMOUS
    of_root = Mode.APPROVAL if root.permission_mode == Mode.PLAN else Mode(root.permission_mode)
    own = Mode(getattr(performer, "permission_mode", Mode.AUTONOMOUS))
    own = Mode.APPROVAL if own == Mode.PLAN else own  # the root plans, members do not plan again
    return max(of_root, own, key=STRICT.index)


def ended(run: Run) -> None:
    """Inside the transaction that ends a child: its end answers its call, and may let the parent go on."""
    if run.parent_id is None or run.called_by_id is None:
        return
    call = ToolCall.objects.get(pk=run.called_by_id)
    if call.state == CallState.STARTED:
        answer(call, run)
    journal.append(run.parent_id, "child.ended", {"run": run.pk, "call": call.pk, "status": run.status})
    one_child_less(run.parent_id)
    stood_still(run)
    fault_point("child.end.before_commit")


def answer(call: ToolCall, run: Run) -> None:
    done = run.status == RunStatus.COMPLETED
    because = run.error or "It was stopped."
    state = CallState.SUCCEEDED if done else CallState.FAILED
    call.move(state, result=run.output if done else because, finished_at=timezone.now())
    journal.call_ended(call)


def one_child_less(parent_id: int) -> None:
    """Of two last children at once, one sees the sum come to zero. A parent that still runs counts for itself."""
    last = When(open_children=1, open_gates=0, then=Value(RunStatus.QUEUED))
    changed = Run.objects.filter(pk=parent_id, status=RunStatus.PAUSED, open_children__gt=0).update(
        status=Case(last, default=Value(RunStatus.PAUSED)),
        open_children=F("open_children") - 1,
        woken_at=timezone.now(),
        attempt=0,
    )
    if changed and Run.objects.filter(pk=parent_id, status=RunStatus.QUEUED).exists():
        wake(parent_id)


def cancel_below(run: Run, reason: str) -> None:
    """End every live run below, at once and without their say."""
    now = timezone.now()
    below = [run.pk]
    while below:
        # Nobody begins or ends one between the look and its end: in PostgreSQL this locks the rows.
        Run.objects.filter(parent_id__in=below).live().update(last_seq=F("last_seq"))
        children = list(Run.objects.filter(parent_id__in=below).live())
        for child in children:
            cancel_one(child, reason, by="", at=now)
        below = [child.pk for child in children]


def cancel_one(run: Run, reason: str, *, by: str, at: datetime) -> None:
    """The part of a cancel that concerns one run: its row, its gates and the calls that have not begun."""
    lease = run.lease
    run.move(RunStatus.CANCELLED, finished_at=at, open_gates=0, open_children=0, lease="", lease_until=None)
    run_cancelled.send(Run, run=run)
    end_calls(run, at)
    journal.append(run.pk, "run.cancelled", {"by": by, "reason": clean(reason)})
    transaction.on_commit(partial(holds.lose, lease))


def end_calls(run: Run, at: datetime) -> None:
    """Those that have not begun never will, and those that a run below would answer have failed."""
    calls = ToolCall.objects.filter(run=run)
    calls.filter(state__in=sources(CALL_MOVES, CallState.CANCELLED)).update(state=CallState.CANCELLED, finished_at=at)
    below = calls.filter(state=CallState.STARTED, tool__in=INTERNAL)
    below.update(state=CallState.FAILED, result="It was stopped.", finished_at=at)


def live_children(run: Run) -> int:
    return 0 if run.teammate_id is not None else Run.objects.filter(parent_id=run.pk).live().count()


# --- what the root's followers see ---


def tell_root(run: Run, kind: str, data: dict[str, Any]) -> None:
    """The same line in the log of the tree's top, where its followers look."""
    if run.root_id is not None:
        journal.append(run.root_id, kind, {**data, "run": run.pk})


def stood_still(run: Run) -> None:
    """Inside the step with which a run stops moving: if nothing of its tree moves now, its top is paused for followers.

    The pause of a top with gates of its own tells so itself.
    """
    alone = run.root_id is None and (run.open_gates > 0 or run.open_children == 0)
    if alone or Run.objects.tree_of(run).filter(status__in=(RunStatus.QUEUED, RunStatus.RUNNING)).exists():
        return
    if gates := open_gates(run):
        journal.append(run.root_pk, "run.paused", {"gates": gates})


def moves(run: Run) -> bool:
    """Does anything of the tree move below its top?"""
    return Run.objects.filter(root_id=run.root_pk, status__in=(RunStatus.QUEUED, RunStatus.RUNNING)).exists()


def beside(run: Run) -> dict[str, bool]:
    """What the pause of a top says about the runs below it: with some that move the tree does not stand still."""
    return {"moves": True} if run.root_id is None and run.open_children and moves(run) else {}


def waits_for_people(run: Run) -> bool:
    """Does the tree of this top stand still before open gates?"""
    if run.status != RunStatus.PAUSED:
        return False
    return run.open_children == 0 or (not moves(run) and open_gates(run) > 0)


def open_gates(run: Run) -> int:
    return sum(Run.objects.tree_of(run).values_list("open_gates", flat=True))


def goes_on(run: Run, pause: int) -> None:
    """Inside the decision that lets a child go on: its top goes on for its followers."""
    if run.root_id is not None:
        journal.append(run.root_id, "run.resumed", {"pause": pause, "run": run.pk})


def path_of(run: Run) -> list[Run]:
    """From the top to the run: the breadcrumb of a gate."""
    found = [run]
    while (above := found[0].parent) is not None:
        found.insert(0, above)
    return found


# --- a run with all that is below it ---


def below(run: Run) -> list[Run]:
    """The run and every run below it, the oldest first."""
    if run.teammate_id is not None:  # teams and workflows call others, teammates nobody
        return [run]
    if run.parent_id is None:
        return list(Run.objects.tree_of(run).order_by("pk"))
    found, level = [run], [run]
    while level := list(Run.objects.filter(parent__in=level)):
        found += level
    return sorted(found, key=lambda one: one.pk)


def usage_of(run: Run) -> dict[str, Any]:
    """Tokens, model calls and known cost of the run and of all below it, by the names of `Run.usage`."""
    total: dict[str, Any] = {}
    for one in below(run):
        used = one.usage
        if "cost" not in used and "unpriced" not in used and used.get("model_calls"):
            used = {**used, "unpriced": used["model_calls"]}  # a row from before they were counted
        for name in USED:
            if name in used:
                total[name] = round(total.get(name, 0) + used[name], 6)
    return total


def calls_of(run: Run) -> "QuerySet[ToolCall]":
    """Of the run and of all below it."""
    return ToolCall.objects.filter(run__in=below(run))


def files_of(run: Run) -> list[RunFile]:
    """What the run was given, and what it and all below it wrote."""
    if run.teammate_id is not None:
        return _files(run=run.pk)
    written = Q(run__in=below(run), kind=RunFile.Kind.OUTPUT)
    files = RunFile.objects.filter(written | Q(run=run))
    return list(files.select_related("run__teammate", "run__team", "run__workflow").order_by("pk"))


@Select
def _files(run: Any) -> "QuerySet[RunFile]":
    return RunFile.objects.filter(run_id=run).order_by("pk")
