"""How a gate is answered to a browser: a fragment for htmx, a whole page for everybody else, the same card in both."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils import timezone

from approvals.access import approval_for, may_decide, question_for, waiting_for
from approvals.answers import GO_ON, HAPPENED, NOT_HAPPENED, STOP, TRY_AGAIN, words
from approvals.changes import blocks
from approvals.editing import EditForm
from approvals.errors import AlreadyDecided, Invalid, NotAllowed
from approvals.forms import QuestionForm
from approvals.models import Gate, Question, ToolApproval, Verdict
from approvals.plans import revisions
from approvals.selectors import Listing
from approvals.templatetags.gates import gate_url, run_anchor
from teammates.accounts import Request

REFUSALS = (AlreadyDecided, NotAllowed, Invalid)
PRESSED = {"allow": "Allow", "deny": "Deny", "answer": "Send"}
STEPS = {one: one for one in (HAPPENED, NOT_HAPPENED, TRY_AGAIN, GO_ON)} | {
    "approve": "Approve",
    "changes": "Request changes",
    "reject": "Reject and stop",
    "words": "Send my reply",
    "stop": "Stop the run",
    STOP: "Stop the run",
}
TYPED = re.compile(r"reason|words|response|q\d+\.own|blank\..+")

Form = EditForm | QuestionForm


class SeeOther(HttpResponseRedirect):
    status_code = 303


@dataclass(frozen=True)
class Late:
    """A click that did nothing, for the card to say so, and the words that went with it."""

    pressed: str
    at: datetime
    wrote: list[str]


def fresh(user: User, gate: Gate) -> Gate:
    """The gate as it is now, with its run."""
    return approval_for(user, gate.pk) if isinstance(gate, ToolApproval) else question_for(user, gate.pk)


def is_inline(request: Request) -> bool:
    """Does the card stand in its run's page?"""
    return bool(request.POST.get("inline") or request.GET.get("inline"))


def wants_fragment(request: Request) -> bool:
    return bool(request.htmx) and not request.htmx.boosted and not request.htmx.history_restore_request


def show(request: Request, gate: Gate, status: int = 200, **extra: Any) -> HttpResponse:
    """The card: alone, in the inbox' pane, or on a page of its own."""
    if wants_fragment(request) and is_unchanged(request, gate):
        return HttpResponse(status=204)
    context = {"gate": gate, "may_decide": may_decide(request.user, gate), "inline": is_inline(request), **extra}
    context["on_page"] = "on_page" in request.GET  # the plan's own page asks for its card anew
    if wants_fragment(request):
        in_pane = request.htmx.target == "pane"
        return render(request, "approvals/_pane.html" if in_pane else "approvals/_answer.html", context, status=status)
    if isinstance(gate, Question) and gate.kind == Question.Kind.PLAN and not extra.get("at_list"):
        return render(request, "approvals/plan.html", {"revisions": revisions(gate)} | context, status=status)
    if "listing" not in context:
        context["listing"] = Listing(request.user, request.GET)
    return render(request, "approvals/inbox.html", context, status=status)


def is_unchanged(request: Request, gate: Gate) -> bool:
    """A card that only asks whether it is still true, so that nothing under the hand is replaced without need."""
    return gate.is_pending and request.GET.get("shown") == gate.digest


def decided(request: Request, gate: Gate, verdict: str, form: Form | None = None) -> HttpResponse:
    """The card as it stands now. The same may have been decided before, by somebody else or for another reason."""
    gate = fresh(request.user, gate)
    own = gate.decided_by_id == request.user.pk
    other_call = isinstance(gate, ToolApproval) and gate.edited_arguments is not None
    reason = words(form.words if isinstance(form, QuestionForm) else request.POST.get("reason"))
    other_reason = gate.verdict == Verdict.DENY and reason not in ("", gate.reason)
    if other_reason or (not own and (other_call or typed(request.POST, form))):
        return refused(request, gate, AlreadyDecided(gate), verdict, form)
    if wants_fragment(request):
        following = next(iter(waiting_for(request.user)), None)
        return show(request, gate, just_now=own, following=following)
    if own:
        messages.success(request, "Recorded. The run goes on when nothing of it waits any more.")
    return SeeOther(run_anchor(gate) if is_inline(request) else gate_url(gate))


def unreadable(request: Request, gate: Gate, form: Form, verdict: str, state: str = "") -> HttpResponse:
    """The card with what is to be mended; there is nothing to mend where somebody has decided meanwhile."""
    if not gate.is_pending:
        return refused(request, gate, AlreadyDecided(gate), verdict, form)
    return show(request, gate, 422, form=form, state=state)


def refused(
    request: Request, gate: Gate, refusal: Exception, verdict: str, form: Form | None = None, state: str = ""
) -> HttpResponse:
    """The same card, with what went wrong; nothing that was typed is lost."""
    if isinstance(refusal, Invalid):
        if form:
            form.refuse(refusal.errors)
        return show(request, gate, 422, form=form, state=state, errors=refusal.errors)
    gate = fresh(request.user, gate)
    if isinstance(refusal, AlreadyDecided):
        pressed = STEPS.get(request.POST.get("step", ""), PRESSED[verdict])
        return show(request, gate, 409, late=Late(pressed, timezone.now(), typed(request.POST, form)))
    return show(request, gate, 403, not_allowed=True)


def typed(sent: QueryDict, form: Form | None) -> list[str]:
    """What a person has written by themselves: of changed arguments those that differ."""
    if isinstance(form, EditForm):
        unread = form.as_json and form.errors
        return [form.text] if unread else [f"{field.label}: {field.text}" for field in form.changes]
    found = [text for name, texts in sent.lists() if TYPED.fullmatch(name) for text in texts]
    return [text.strip() for text in found if text.strip()]


def plan_context(gate: Question, query: QueryDict) -> dict[str, Any]:
    """The revisions of a plan, and the one that it is compared with."""
    if gate.kind != Question.Kind.PLAN:
        return {}
    every = revisions(gate)
    older = [one for one in every if one.pk != gate.pk and str(one.pk) == query.get("against")]
    return {"revisions": every, "against": older[0] if older else None, "blocks": difference(older, gate)}


def difference(older: list[Question], newer: Question) -> list[Any]:
    return list(blocks(older[0].plan, newer.plan)) if older else []
