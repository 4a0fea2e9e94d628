"""What may be done to a run from outside the machine: each verb is one function and one transaction."""

import json
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Case, F, Value, When
from django.utils import timezone

from runs import journal, limits, trees
from runs.engine.verdicts import Handed
from runs.errors import Refused
from runs.faults import fault_point
from runs.locks import write
from runs.models import Run, RunQuerySet, Session, SessionKind, WrongStatus
from runs.options import Options, inherited, repeated
from runs.options import check as check_options
from runs.sessions import open_session
from runs.states import RunStatus
from runs.uploads import Given, take
from runs.wakeup import wake
from teammates import json_schemas
from teammates.exact import clean
from teammates.legible import says_nothing
from teammates.models import Mode, Revision, Workflow
from teammates.performers import Performer, kind_of, newest_revision
from teammates.prepared import Select, Update, change, insert

__all__ = ["Refused", "cancel", "reply", "resume", "retry", "start", "switch_mode"]

MESSAGE_LIMIT = 50_000
SESSIONS = {"teammate": SessionKind.AGENT, "team": SessionKind.TEAM, "workflow": SessionKind.WORKFLOW}
NEEDS_PEOPLE = "{} mode needs human in the loop: somebody has to decide."


def start(
    *,
    owner: User,
    teammate: Performer,
    message: str,
    permission_mode: str | None = None,
    human_in_the_loop: bool | None = None,
    session: Session | None = None,
    requested_by: User | None = None,
    retry_of: Run | None = None,
    options: Options | None = None,
    revision: Revision | None = None,
    files: Sequence[Given] = (),
) -> Run:
    """Queue a run of a teammate, a team or a workflow; mode and human in the loop are its own unless given.

    `Refused` says what does not fit; `Limited`, that the end user has used up what is theirs.
    `files` come from `uploads.laid_down`; the run owns them from its first moment.
    """
    options = options or Options(user_id=getattr(teammate, "user_id", ""))
    mode = permission_mode or str(getattr(teammate, "permission_mode", Mode.AUTONOMOUS))
    people = getattr(teammate, "human_in_the_loop", True) if human_in_the_loop is None else human_in_the_loop
    _check(teammate, message, mode, people)
    check_options(options, teammate)
    with write(savepoint=False):
        limits.check(owner, options.user_id)
        if session:
            touch(session)
        else:
            session = open_session(owner, user_id=options.user_id, kind=SESSIONS[kind_of(teammate)])
        run = Run(
            owner=owner,
            session=session,
            **trees.performed_by(teammate),
            performer_revision=revision or newest_revision(teammate),
            requested_by=requested_by or owner,
            retry_of=retry_of,
            message=message,
            permission_mode=mode,
            human_in_the_loop=people,
            last_seq=1,
            **options.fields(),
        )
        insert(run)
        take(run, files)
        journal.begin(run.pk, "run.queued", {"mode": mode})
        wake(run.pk)
    return run


def touch(session: Session, **changes: Any) -> None:
    """Something happens in the conversation, so nobody deletes it before the transaction at hand ends.

    `Refused` (deleted) when somebody has.
    """
    if not change(Session, {"pk": session.pk, "hidden": False}, updated_at=timezone.now(), **changes):
        raise Refused("This conversation was deleted.", field="session_id", code="deleted")


def check_message(message: str) -> None:
    if clean(message) != message:
        raise Refused("The message holds a NUL or half of a character; remove it.", field="message")
    if says_nothing(message):
        raise Refused("Say what is to be done.", field="message", code="empty")
    if len(message) > MESSAGE_LIMIT:
        over = f"The message has {len(message):,} characters; {MESSAGE_LIMIT:,} fit. Put the rest in a file."
        raise Refused(over, field="message", code="too_long")


def _check(teammate: Performer, message: str, mode: str, people: bool) -> None:
    check_message(message)
    if teammate.archived_at:
        raise Refused(f"{teammate.name} is archived. Choose another teammate.", field="teammate", code="archived")
    if not teammate.enabled:
        raise Refused(f"{teammate.name} is disabled. Choose another teammate.", field="teammate", code="disabled")
    check_mode(mode, people=people, workflow=isinstance(teammate, Workflow))
    if isinstance(teammate, Workflow) and teammate.input_schema is not None:
        _check_input(teammate.input_schema, message)


def _check_input(schema: dict[str, Any], message: str) -> None:
    """The message of a workflow with an input schema is JSON that fits it; the refusal names the field."""
    try:
        given = json.loads(message)
    except (ValueError, RecursionError):
        raise Refused("This workflow takes JSON that fits its input schema.", field="message") from None
    try:
        error = json_schemas.first_error(schema, given)
    except json_schemas.UNKNOWABLE:
        why = "The workflow's input schema cannot be checked; mend it on the roster."
        raise Refused(why, field="message") from None
    if error:
        where = ".".join(str(part) for part in error.absolute_path) or "message"
        raise Refused(f"{where}: {error.message}", field=where)


def reply(
    run: Run,
    message: str,
    *,
    by: User,
    permission_mode: str | None = None,
    human_in_the_loop: bool | None = None,
    options: Options | None = None,
    files: Sequence[Given] = (),
) -> Run:
    """A new run that goes on in the same conversation; not while `run` lives. What is not given is taken over."""
    _check_root(run)
    run.refresh_from_db(fields=["status"])
    if run.is_live:
        raise Refused("This run is still going. Wait until it ends, or stop it.", field="message", code="run_active")
    people = run.human_in_the_loop if human_in_the_loop is None else human_in_the_loop
    return start(
        owner=run.owner,
        teammate=run.performer,
        message=message,
        permission_mode=permission_mode or (run.permission_mode if people else Mode.AUTONOMOUS),
        human_in_the_loop=people,
        session=run.session,
        requested_by=by,
        options=options or inherited(run),
        files=files,
    )


def retry(run: Run, *, by: User) -> Run:
    """A new run with the same message; only once `run` has ended."""
    _check_root(run)
    run.refresh_from_db(fields=["status"])
    if run.is_live:
        raise Refused("This run is still going. Stop it first.", code="run_active")
    return start(
        owner=run.owner,
        teammate=run.performer,
        message=run.message,
        permission_mode=run.permission_mode,
        human_in_the_loop=run.human_in_the_loop,
        session=run.session,
        requested_by=by,
        retry_of=run,
        options=repeated(run),
    )


def _check_root(run: Run) -> None:
    if run.parent_id:
        raise Refused(f"This run is a part of run {run.root_pk}. Go on there.", field="message", code="part_of_a_run")


def check_mode(mode: str, *, people: bool, workflow: bool) -> None:
    """`Refused` for a mode that there is not, or in which such a run cannot be."""
    if mode not in Mode.values:
        raise Refused(f"There is no mode {mode!r}.", field="permission_mode")
    if mode != Mode.AUTONOMOUS and not people:
        raise Refused(NEEDS_PEOPLE.format(Mode(mode).label), field="permission_mode", code="needs_people")
    if mode == Mode.PLAN and workflow:
        raise Refused("A workflow is its own plan: choose another mode.", field="permission_mode")


def switch_mode(run: Run, mode: str, *, by: User) -> None:
    """From now on calls of the run and its tree are asked about as `mode` says. `WrongStatus` once it has ended.

    `Refused` (part_of_a_run) below the top: one member's mode is the whole tree's.
    """
    _check_root(run)
    check_mode(mode, people=run.human_in_the_loop, workflow=run.workflow_id is not None)
    with write():
        lock(run)
        if not Run.objects.filter(pk=run.pk).live().update(permission_mode=mode):
            raise WrongStatus(f"{run} has ended")
        # Runs below do not plan again.
        below = Mode.APPROVAL if mode == Mode.PLAN else mode
        Run.objects.tree_of(run).exclude(pk=run.pk).live().update(permission_mode=below)
        journal.append(run.pk, "mode.changed", {"mode": mode, "by": by.get_username()})
        run.permission_mode = mode


def lock(run: Run) -> None:
    """Let nobody else change the run before this transaction ends: what is read of it from here on stays true.

    Where several transactions write at a time (PostgreSQL) it also gives all who change a tree one order of locks.
    """
    for pk in dict.fromkeys((run.root_pk, run.pk)):
        trees.lock(pk=pk)


def cancel(run: Run, *, by: User, reason: str = "") -> None:
    """End the run and all runs below it now, whatever they are doing; `WrongStatus` when it has ended.

    A call that has started may still finish: its result is kept with the call, and the model never sees it.
    """
    with write(durable=True):
        lock(run)
        run.refresh_from_db(fields=["status", "lease"])
        # First what is below: what it tells the top must stand before the top's end.
        trees.cancel_below(run, reason or "The run above was stopped.")
        trees.cancel_one(run, reason, by=by.get_username(), at=timezone.now())
        trees.ended(run)


def resume(run_id: int, handed: Handed) -> int | None:
    """Hand one decision down to its call; the last one of the pause queues the run and returns that event's seq.

    Runs inside the decision's transaction. `WrongStatus` when the run does not wait (any more).
    """
    handed.apply(run_id)
    if not _one_gate_less(pk=run_id, now=timezone.now()):
        raise WrongStatus(f"run {run_id} is not paused")
    fault_point("gate.decide.before_commit")
    (run,) = _as_it_stands(pk=run_id)
    if run.open_gates:
        return None
    trees.goes_on(run, run.last_seq)
    if run.status != RunStatus.QUEUED:  # it still waits for runs below
        return None
    wake(run_id)
    return journal.append(run_id, "run.resumed", {"pause": run.last_seq})


@Update
def _one_gate_less(pk: Any, now: Any) -> tuple[RunQuerySet, dict[str, Any]]:
    """Of two last decisions at once, exactly one sees the sum come to zero."""
    last = When(open_gates=1, open_children=0, then=Value(RunStatus.QUEUED))
    return Run.objects.filter(pk=pk, status=RunStatus.PAUSED, open_gates__gt=0), {
        "status": Case(last, default=Value(RunStatus.PAUSED)),
        "open_gates": F("open_gates") - 1,
        "woken_at": now,
        "attempt": 0,
    }


@Select
def _as_it_stands(pk: Any) -> RunQuerySet:
    return Run.objects.only("status", "last_seq", "root", "open_gates").filter(pk=pk)
