"""What waits for a person: list, approve, answer, and the mode that decides what will wait (contract 1.8)."""

from typing import Annotated

from django.http import HttpResponse
from ninja import Path, Router

from api.auth import DECIDE, SEE, Request
from api.m8tes.answers import answer
from api.m8tes.bodies import Answers, NewMode, Verdict
from api.m8tes.errors import Problem
from api.m8tes.scope import run_of
from api.m8tes.shapes import PLAN_HEADER, gate_shape
from approvals import services
from approvals.answers import APPROVE
from approvals.errors import AlreadyDecided
from approvals.models import Gate, Question, ToolApproval
from approvals.selectors import gates_in_tree
from runs.models import Run
from runs.states import GateStatus, RunStatus
from runs.trees import below

router = Router(tags=["gates"])
RunId = Annotated[int, Path(ge=1, lt=2**63)]
VIA = "m8tes"


@router.get("/{run_id}/permissions", auth=SEE, summary="Everything that waited or waits, oldest first")
def permissions(request: Request, run_id: RunId, user_id: str | None = None) -> HttpResponse:
    return answer([gate_shape(gate) for gate in gates_in_tree(run_of(request.auth, run_id, user_id))])


@router.post("/{run_id}/approve", auth=DECIDE, summary="Allow or deny one tool call")
def approve(request: Request, run_id: RunId, body: Verdict, user_id: str | None = None) -> HttpResponse:
    run = run_of(request.auth, run_id, user_id)
    gate = gate_of(run, body.request_id)
    if not isinstance(gate, ToolApproval):
        raise Problem(422, "This is a question: send its answer to /answer.", "not_an_approval")
    refuse_closed(gate)
    try:
        decided = services.decide(
            gate,
            body.decision,
            by=request.auth.user,
            digest=gate.digest,
            via=VIA,
            reason=body.reason or "",
            remember=body.remember,
        )
    except AlreadyDecided as late:
        raise too_late(late.gate) from None
    return answer({**gate_shape(decided), "resumed": is_resumed(gate.run)})


@router.post("/{run_id}/answer", auth=DECIDE, summary="Answer a question, or decide about a plan")
def give_answer(request: Request, run_id: RunId, body: Answers, user_id: str | None = None) -> HttpResponse:
    run = run_of(request.auth, run_id, user_id)
    question = question_of(run, body.request_id)
    is_plan = question.kind == Question.Kind.PLAN
    plan = plan_answer(question, body.answers) if is_plan else ""
    answers = {} if is_plan else by_text(question, body.answers)
    try:
        services.answer(
            question,
            by=request.auth.user,
            digest=question.digest,
            via=VIA,
            answers={"plan": APPROVE} if plan == APPROVE else answers,
            response="" if plan == APPROVE else plan,
        )
    except AlreadyDecided as late:
        raise Problem(409, "This question has been answered already.", "already_answered") from late
    return answer({"status": "ok", "resumed": is_resumed(question.run)})


@router.patch("/{run_id}/permission-mode", auth=DECIDE, summary="Change what will be asked about")
def permission_mode(request: Request, run_id: RunId, body: NewMode, user_id: str | None = None) -> HttpResponse:
    run = run_of(request.auth, run_id, user_id)
    services.switch_mode(run, body.permission_mode, by=request.auth.user)
    return answer({"permission_mode": body.permission_mode})


# --- finding and refusing ---


def gate_of(run: Run, request_id: str) -> Gate:
    kind, _, number = request_id.rpartition("-")
    model = {"approval": ToolApproval, "question": Question}.get(kind)
    rows = model.objects.filter(run__in=below(run)).select_related("call", "run") if model else None
    known = number.isascii() and number.isdigit() and len(number) < 19
    gate = rows.filter(pk=int(number)).first() if rows is not None and known else None
    if gate is None:
        raise Problem(404, f"Run {run.pk} has no request {request_id!r}.", "gate_not_found")
    found: Gate = gate
    return found


def refuse_closed(gate: Gate) -> None:
    """What can be said before anything is tried; a race is told by `too_late` in the same words."""
    if gate.status in (GateStatus.CANCELLED, GateStatus.SUPERSEDED):
        raise Problem(404, "This request is closed: its run was stopped, or it was replaced.", "gate_cancelled")
    if gate.is_pending and gate.run.status != RunStatus.PAUSED:
        raise Problem(409, "The run is not waiting.", "run_not_active")


def too_late(gate: Gate) -> Problem:
    gate.refresh_from_db()
    if gate.status in (GateStatus.CANCELLED, GateStatus.SUPERSEDED):
        return Problem(404, "This request is closed: its run was stopped, or it was replaced.", "gate_cancelled")
    if gate.is_pending:
        return Problem(409, "The run is not waiting, or the call has changed.", "run_not_active")
    how = "expired" if gate.status == GateStatus.EXPIRED else gate.verdict
    return Problem(404, f"This was decided already: {how}.", "gate_resolved_otherwise")


def question_of(run: Run, request_id: str | None) -> Question:
    """The question that is meant; without an id the oldest that is open. 409 when none waits."""
    if request_id is not None:
        gate = gate_of(run, request_id)
        if not isinstance(gate, Question):
            raise Problem(422, "This is a tool call: decide it with /approve.", "not_a_question")
        if not gate.is_pending:
            raise Problem(409, "This question is closed.", "already_answered")
        return gate
    found = Question.objects.pending().filter(run__in=below(run)).select_related("call", "run").order_by("pk").first()
    if found is None or found.run.status != RunStatus.PAUSED:
        raise Problem(409, "No question of this run waits for an answer.", "run_not_awaiting")
    question: Question = found
    return question


def by_text(question: Question, sent: dict[str, str | list[str]]) -> dict[str, str | list[str]]:
    """The answers under the keys of the core: clients key by text or by header, and a lone one by anything."""
    items = question.questions
    if len(items) == 1 and len(sent) == 1:
        return {key_of(items[0]): next(iter(sent.values()))}
    headers = {item["header"].casefold(): key_of(item) for item in items}
    texts = {item["question"]: key_of(item) for item in items}
    return {texts.get(key) or headers.get(key.strip().casefold(), key): value for key, value in sent.items()}


def key_of(item: dict[str, str]) -> str:
    return item.get("id") or item["question"]


def plan_answer(question: Question, sent: dict[str, str | list[str]]) -> str:
    """`Approve`, or what should change. Clients key it by the header or the plan's text, and a lone one by anything."""
    keys = [key for key in sent if key == question.plan or key.strip().casefold() == PLAN_HEADER.casefold()]
    if len(sent) > 1 and len(keys) != 1:
        raise Problem(422, f"Give the answer to the plan under {PLAN_HEADER!r}.", "invalid")
    said = next((sent[key] for key in keys or sent), "")
    value = (said if isinstance(said, str) else ", ".join(said)).strip()
    return APPROVE if value.casefold() == APPROVE.casefold() else value


def is_resumed(run: Run) -> bool:
    """Did the last decision let the run go on?"""
    return not Run.objects.filter(pk=run.pk, status=RunStatus.PAUSED).exists()
