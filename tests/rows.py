"""Rows as a run leaves them, written directly: what a page shows is tested without running anything."""

from django.contrib.auth.models import User
from django.utils import timezone

from approvals.models import Question, ToolApproval
from runs.models import Event, Message, Run, Session, ToolCall
from teammates.models import Teammate
from teammates.services import current_revision, save


def teammate(slug="clerk", mode="approval", **fields) -> Teammate:
    made = Teammate(slug=slug, name=fields.pop("name", "Refund clerk"), permission_mode=mode, **fields)
    save(made, [("write_file", ""), ("announce", "")])
    return made


def run_of(owner: User, by: Teammate, message="Refund order 10428", status="running", **fields) -> Run:
    session = Session.objects.create(owner=owner)
    ended = status in ("completed", "failed", "cancelled")
    return Run.objects.create(
        owner=owner,
        session=session,
        teammate=by,
        performer_revision=current_revision(by),
        requested_by=owner,
        message=message,
        permission_mode=by.permission_mode,
        human_in_the_loop=True,
        status=status,
        started_at=timezone.now(),
        finished_at=timezone.now() if ended else None,
        **fields,
    )


def event(run: Run, kind: str, **data) -> int:
    run.last_seq += 1
    Event.objects.create(run=run, seq=run.last_seq, kind=kind, data=data)
    Run.objects.filter(pk=run.pk).update(last_seq=run.last_seq)
    return run.last_seq


def said(run: Run, turn: int, text: str, **fields) -> Message:
    return Message.objects.create(run=run, turn=turn, role="assistant", text=text, **fields)


def called(run: Run, turn: int, tool: str, arguments: dict | None, state="succeeded", ordinal=0, **fields) -> ToolCall:
    fields.setdefault("effect", "effect")
    fields.setdefault("started_at", None if state in ("proposed", "waiting", "ready") else timezone.now())
    return ToolCall.objects.create(
        run=run, turn=turn, ordinal=ordinal, tool=tool, arguments=arguments, state=state, **fields
    )


def approval_of(call: ToolCall, **fields) -> ToolApproval:
    fields = {"title": "Publish an announcement", "risk": "write_external", "digest": "d" * 64, **fields}
    return ToolApproval.objects.create(run=call.run, call=call, arguments=call.arguments, **fields)


def plan_of(run: Run, text: str, **fields) -> Question:
    return Question.objects.create(run=run, kind="plan", plan=text, digest="d" * 64, **fields)
