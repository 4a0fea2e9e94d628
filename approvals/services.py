"""What people do with gates. Every way in (pages, doors, admin, commands) calls these, each one transaction."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from approvals import answers as reading
from approvals import expiry, standing
from approvals.access import lock, may_decide
from approvals.answers import Given
from approvals.asking import name_of, tell_inbox
from approvals.errors import AlreadyDecided, Invalid, NotAllowed, Stale
from approvals.models import Decision, Gate, Question, ToolApproval, Verdict
from runs import journal, trees
from runs import services as runs
from runs.access import may_control
from runs.digest import digest_of, same
from runs.engine.verdicts import Answered, Attested, GoOn, Handed, MayNotRun, MayRun, TryAgain
from runs.locks import write
from runs.models import Message, Run, ToolCall, WrongStatus
from runs.states import GateStatus, RunStatus
from teammates.legible import stopped
from teammates.models import Mode
from teammates.prepared import insert
from teammates.tools.registry import registry

__all__ = ["AlreadyDecided", "Invalid", "NotAllowed", "Stale", "answer", "decide", "switch_mode"]


def decide(
    approval: ToolApproval,
    verdict: str,
    *,
    by: User,
    digest: str,
    via: str = "page",
    arguments: dict[str, Any] | None = None,
    reason: str = "",
    stop: bool = False,
    remember: bool = False,
) -> ToolApproval:
    """Allow or deny one exact call, the one whose `digest` was shown.

    `arguments` replace the proposed ones and are checked against the tool's schema; `stop` ends the run as well;
    `remember` also allows later calls of this tool, where that can be (`standing.can_remember`). The same decision
    again changes nothing, but may still remember. Raises `NotAllowed`, `Invalid`, `Stale` or `AlreadyDecided`.
    """
    if verdict not in (Verdict.ALLOW, Verdict.DENY):
        raise Invalid({"": "Decide to allow or to deny."})
    if stop and verdict == Verdict.ALLOW:
        raise Invalid({"": "A call is allowed, or denied and the run stopped; not both."})
    reason = reading.limited(reason, "reason", "A reason")
    expiry.settle(approval)
    with write(durable=True, savepoint=False):
        lock(approval)
        _guard(approval, by)
        edited = None if arguments is None or same(arguments, approval.arguments) else arguments
        if not approval.is_pending:
            _settled(approval, verdict, edited, stop=stop)
            return standing.remembered(approval) if remember else approval
        _as_shown(approval, digest)
        handed = _allow(approval, edited, by) if verdict == Verdict.ALLOW else _deny(approval, by, reason)
        _record(approval, verdict, by, via, reason=reason, edited_arguments=edited)
        _hand_down(approval, handed, by, stop=stop, reason=reason)
        return standing.remembered(approval) if remember else approval


def _guard(gate: Gate, by: User) -> None:
    if not may_decide(by, gate):
        raise NotAllowed


def _as_shown(gate: Gate, digest: str) -> None:
    """What was shown is what waits, and what waits is what would run."""
    if digest != gate.digest or (gate.call and digest_of(gate.run, gate.call) != gate.digest):
        raise Stale(gate)
    if gate.run.status != RunStatus.PAUSED:
        raise AlreadyDecided(gate)


def _settled(approval: ToolApproval, verdict: str, edited: dict[str, Any] | None, *, stop: bool) -> None:
    """The same decision again is no news; any other comes too late."""
    equal = approval.status == GateStatus.DECIDED and approval.verdict == verdict
    equal = equal and (edited is None or same(edited, approval.edited_arguments))
    if not equal or (stop and approval.run.status != RunStatus.CANCELLED):
        raise AlreadyDecided(approval)


def _allow(approval: ToolApproval, edited: dict[str, Any] | None, by: User) -> Handed:
    call, tool = approval.call, registry.get(approval.call.tool)
    if tool is None:
        raise Invalid({"": "This tool no longer exists, so it cannot run. Deny the call, or stop the run."})
    note = call.note  # of an edit before the tool changed and asked again
    if edited is not None or tool.user_input:
        call.arguments = reading.fits(tool, edited if edited is not None else approval.arguments)
    if edited is not None:
        call.revision += 1
        note = reading.what_changed(approval.arguments, edited)
    return MayRun(
        call=call,
        arguments=call.arguments,
        revision=call.revision,
        digest=digest_of(approval.run, call),
        permitted_by=f"allowed by {by.get_username()}",
        note=note,
    )


def _deny(approval: ToolApproval, by: User, reason: str) -> Handed:
    because = f" Reason: {stopped(reason)}" if reason else " No reason was given."
    return MayNotRun(approval.call, f"Denied by a person ({by.get_username()}).{because} Do not repeat this call.")


def _record(gate: Gate, verdict: str, by: User, via: str, **fields: Any) -> None:
    """The one place where a gate becomes decided: of two at once, the row lets one through."""
    now = timezone.now()
    try:
        gate.move(GateStatus.DECIDED, verdict=verdict, decided_by=by, decided_via=via, decided_at=now, **fields)
    except WrongStatus:
        gate.refresh_from_db()
        raise AlreadyDecided(gate) from None
    approval = gate if isinstance(gate, ToolApproval) else None
    edited = approval.edited_arguments if approval else None
    decision = Decision(
        approval=approval,
        question=gate if isinstance(gate, Question) else None,
        run=gate.run,
        verdict=verdict,
        digest=gate.digest,
        revision=gate.revision,
        arguments=approval.arguments if approval and edited is None else edited,
        reason=fields.get("reason", ""),
        by=by,
        via=via,
    )
    insert(decision)
    told = {"gate": name_of(gate), "verdict": verdict, "by": by.get_username()}
    journal.append(gate.run_id, "gate.decided", told)
    trees.tell_root(gate.run, "gate.decided", told)
    tell_inbox(gate.run, name_of(gate))


def _hand_down(gate: Gate, handed: Handed, by: User, *, stop: bool, reason: str) -> None:
    try:
        if stop:
            handed.apply(gate.run_id)
            runs.cancel(gate.run, by=by, reason=reason)
        else:
            runs.resume(gate.run_id, handed)
    except WrongStatus:
        raise AlreadyDecided(gate) from None


def switch_mode(run: Run, mode: str, *, by: User, via: str = "mode") -> None:
    """Change what the run and its whole tree ask about.

    To autonomous also allows each waiting call that only the mode had made wait. Questions, plans and calls of tools
    that always ask, or have fields for a person, stay open. Raises `runs.services.Refused`, `WrongStatus`.
    """
    if not may_control(by, run):
        raise NotAllowed
    with write(durable=True):
        runs.switch_mode(run, mode, by=by)
        waiting = ToolApproval.objects.pending().filter(run__in=Run.objects.tree_of(run))
        for approval in waiting.select_related("call", "run"):
            expiry.settle(approval)
            if mode == Mode.AUTONOMOUS and approval.is_pending and standing.only_the_mode_asks(approval):
                decide(approval, Verdict.ALLOW, by=by, digest=approval.digest, via=via)


def answer(
    question: Question,
    *,
    by: User,
    digest: str,
    via: str = "page",
    answers: dict[str, Any] | None = None,
    skipped: list[str] | None = None,
    response: str = "",
    notes: dict[str, str] | None = None,
    stop: bool = False,
) -> Question:
    """Answer one question of any kind, the one whose `digest` was shown. Raises as `decide` does.

    ask: `answers` by question text with `notes`, the rest in `skipped`, or `response`. plan: {"plan": "Approve"}, else
    `response` is feedback. unknown: {"outcome": …} with the result in `response`. attention: {"attention": …}.
    external: `response`. input: `answers` by field. `stop` ends the run instead.
    """
    got = reading.given(answers, skipped, response, notes)
    with write(durable=True, savepoint=False):
        lock(question)
        _guard(question, by)
        if not question.is_pending:
            return _answered(question, got, by, stop=stop)
        _as_shown(question, digest)
        if stop:
            _record(question, Verdict.DENY, by, via, reason=got.response)
            _hand_down(question, GoOn(), by, stop=True, reason=got.response or "stopped at a question")
            return question
        handed, verdict, fields = READ[question.kind](question, got, by)
        _record(question, verdict, by, via, **fields)
        _hand_down(question, handed, by, stop=got.answers.get("attention") == reading.STOP, reason=got.response)
    return question


def _answered(question: Question, got: Given, by: User, *, stop: bool) -> Question:
    """The same answer again is no news."""
    equal = question.status == GateStatus.DECIDED and stop == (question.verdict == Verdict.DENY)
    if equal and not stop:
        try:
            _, verdict, fields = READ[question.kind](question, got, by)
        except Invalid:
            raise AlreadyDecided(question) from None
        equal = all(getattr(question, name) == value for name, value in {"verdict": verdict, **fields}.items())
    if equal:
        return question
    raise AlreadyDecided(question)


Read = tuple[Handed, str, dict[str, Any]]


def _call(question: Question) -> ToolCall:
    if question.call is None:
        raise LookupError(f"{question} has no call")
    return question.call


def _read_ask(question: Question, got: Given, by: User) -> Read:
    full = reading.answers_to(question, got)
    fields = {"answers": full.answers, "skipped": full.skipped, "notes": full.notes, "response": full.response}
    return Answered(_call(question), reading.told(full)), Verdict.ANSWER, fields


def _read_plan(question: Question, got: Given, by: User) -> Read:
    turn = Message.objects.filter(run_id=question.run_id, role=Message.Role.ASSISTANT).latest("turn").turn
    note = f" Note: {got.response}" if got.response else ""
    if got.answers.get("plan") == reading.APPROVE:
        told = f"Revision {question.revision} of the plan is approved.{note} Carry it out now."
        fields = {"answers": {"plan": reading.APPROVE}, "response": got.response}
        return Answered(question.call, told, turn, plan_approved=True), Verdict.ALLOW, fields
    if not got.response:
        raise Invalid({"response": "Say what should change, or approve the plan."})
    told = f"Changes are asked for: {got.response}"
    return Answered(question.call, told, turn), Verdict.ANSWER, {"response": got.response}


def _read_unknown(question: Question, got: Given, by: User) -> Read:
    choice = reading.one_of(got, "outcome", (reading.HAPPENED, reading.NOT_HAPPENED, reading.TRY_AGAIN))
    fields = {"answers": {"outcome": choice}, "response": got.response}
    call, name = _call(question), by.get_username()
    if choice == reading.TRY_AGAIN:
        return TryAgain(call), Verdict.ANSWER, fields
    happened = choice == reading.HAPPENED
    told = f"{'It happened' if happened else 'It did not happen'}, says {name}. {got.response}".strip()
    return Attested(call, happened, told, by.pk), Verdict.ANSWER, fields


def _read_attention(question: Question, got: Given, by: User) -> Read:
    choice = reading.one_of(got, "attention", (reading.GO_ON, reading.STOP))
    return GoOn(), Verdict.ANSWER, {"answers": {"attention": choice}}


def _read_external(question: Question, got: Given, by: User) -> Read:
    result = got.response or str(got.answers.get("result", ""))
    if not result:
        raise Invalid({"result": "Give the result of the call."})
    return Answered(_call(question), result), Verdict.ANSWER, {"answers": {"result": result}}


def _read_input(question: Question, got: Given, by: User) -> Read:
    call, tool = _call(question), registry.get(_call(question).tool)
    if tool is None:
        raise Invalid({"": "This tool no longer exists. Stop the run."})
    call.arguments = reading.filled(tool, call.arguments or {}, got)
    call.revision += 1
    by_whom = f"filled in by {by.get_username()}"
    handed = MayRun(call, call.arguments, call.revision, digest_of(question.run, call), by_whom, note=f"({by_whom})")
    return handed, Verdict.ANSWER, {"answers": got.answers}


READ: dict[str, Callable[[Question, Given, User], Read]] = {
    Question.Kind.ASK: _read_ask,
    Question.Kind.PLAN: _read_plan,
    Question.Kind.UNKNOWN: _read_unknown,
    Question.Kind.ATTENTION: _read_attention,
    Question.Kind.EXTERNAL: _read_external,
    Question.Kind.INPUT: _read_input,
}
