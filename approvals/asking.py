"""Opening and closing gates inside the transaction that pauses or ends a run."""

from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.dispatch import receiver

from approvals import answers
from approvals.models import Gate, Question, ToolApproval, Verdict
from runs import clock, journal, trees
from runs.digest import digest_of, digest_of_text
from runs.engine.steps import Wait
from runs.faults import fault_point
from runs.live.hub import hub
from runs.models import Run
from runs.signals import run_cancelled, run_paused
from runs.states import GateStatus
from teammates.prepared import insert
from teammates.tools.questions import STEP_INPUT, AskUserQuestionArguments
from teammates.tools.registry import Tool, registry

INBOX = "inbox"  # the hub's topic; its items are (owner of the run, name of the gate)


def name_of(gate: Gate) -> str:
    """The gate's name in events and on pages."""
    return f"{'approval' if isinstance(gate, ToolApproval) else 'question'}-{gate.pk}"


def tell_inbox(run: Run, gate: str) -> None:
    transaction.on_commit(partial(hub.publish, [(INBOX, (run.owner_id, gate))]))


@receiver(run_paused)
def ask(run: Run, waits: list[Wait], **kwargs: Any) -> None:
    """Open one gate for each thing that the run waits for. A failure here undoes the pause."""
    for wait in waits:
        gate = approval_of(run, wait) if wait.kind == "approval" else question_of(run, wait)
        opened: dict[str, Any] = {"gate": name_of(gate), "kind": wait.kind}
        if wait.call:
            opened |= {"call": wait.call.pk, "turn": wait.call.turn}
        journal.append(run.pk, "gate.opened", opened)
        trees.tell_root(run, "gate.opened", opened)
        tell_inbox(run, name_of(gate))
        fault_point("gate.create.before_commit")


def approval_of(run: Run, wait: Wait) -> ToolApproval:
    call = wait.call
    tool = registry.get(call.tool) if call else None
    if call is None or tool is None:
        raise LookupError("An approval is for a call of a tool that exists.")
    gate = ToolApproval(
        run=run,
        call=call,
        revision=call.revision,
        digest=digest_of(run, call),
        why=wait.why[:300],
        title=tool.title,
        consequence=tool.consequence,
        risk=tool.risk,
        arguments=call.arguments,
        expires_at=clock.now() + timedelta(hours=settings.APPROVAL_HOURS) if settings.APPROVAL_HOURS else None,
    )
    return insert(gate)


def question_of(run: Run, wait: Wait) -> Question:
    fields: dict[str, Any] = {"run": run, "call": wait.call, "kind": wait.kind, "why": wait.why[:300]}
    if wait.kind == "plan":
        fields |= plan_fields(run, wait)
    else:
        fields["digest"] = digest_of(run, wait.call) if wait.call else digest_of_text(run, wait.why, 1)
        fields |= ask_fields(wait) if wait.kind == "ask" else {"questions": our_questions(wait)}
    return insert(Question(**fields))


def ask_fields(wait: Wait) -> dict[str, Any]:
    if wait.call and wait.call.tool == STEP_INPUT.name:
        return {"questions": (wait.call.arguments or {})["questions"]}
    asked = AskUserQuestionArguments.model_validate(wait.call.arguments if wait.call else {})
    return {
        "questions": [item.model_dump(exclude_none=True) for item in asked.questions],
        "preview_format": asked.previewFormat,
    }


def plan_fields(run: Run, wait: Wait) -> dict[str, Any]:
    """The next revision; the one that was sent back is history now."""
    earlier = Question.objects.filter(run=run, kind=Question.Kind.PLAN)
    revision = earlier.count() + 1
    earlier.filter(status=GateStatus.DECIDED, verdict=Verdict.ANSWER).update(status=GateStatus.SUPERSEDED)
    digest = digest_of(run, wait.call) if wait.call else digest_of_text(run, wait.text, revision)
    return {"plan": wait.text, "revision": revision, "digest": digest}


def our_questions(wait: Wait) -> list[dict[str, Any]]:
    """Questions that we word; unlike a model's, they may have no options."""
    tool = registry.get(wait.call.tool) if wait.call else None
    title = tool.title if tool else (wait.call.tool if wait.call else "")
    match wait.kind:
        case "unknown":
            return [
                item("outcome", f"Did “{title}” happen?", (answers.HAPPENED, answers.NOT_HAPPENED, answers.TRY_AGAIN))
            ]
        case "attention":
            return [item("attention", "Should the run go on?", (answers.GO_ON, answers.STOP))]
        case "external":
            return [item("result", f"Result of {title}", ())]
        case _:
            return [item(name, label_of(tool, name), ()) for name in (tool.user_input if tool else ())]


def label_of(tool: Tool | None, name: str) -> str:
    spec = tool.schema.get("properties", {}).get(name, {}) if tool else {}
    return str(spec.get("description") or name.replace("_", " ").capitalize())


def item(name: str, question: str, labels: tuple[str, ...]) -> dict[str, Any]:
    options = [{"label": label} for label in labels]
    return {"id": name, "question": question, "header": name[:12], "multiSelect": False, "options": options}


@receiver(run_cancelled)
def close(run: Run, **kwargs: Any) -> None:
    """The run has ended: what it waited for waits no more."""
    for model in (ToolApproval, Question):
        for gate in model.objects.pending().filter(run=run):
            gate.move(GateStatus.CANCELLED)
            closed = {"gate": name_of(gate), "status": GateStatus.CANCELLED}
            journal.append(run.pk, "gate.closed", closed)
            trees.tell_root(run, "gate.closed", closed)
            tell_inbox(run, name_of(gate))
