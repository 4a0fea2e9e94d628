"""The inbox and its cards. Every view guards, reads what was sent, calls one verb and shows the card."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from approvals import services
from approvals.access import approval_for, question_for, waiting_count
from approvals.cards import arguments_of, schema_of
from approvals.editing import EditForm
from approvals.forms import form_for
from approvals.pages import REFUSALS, decided, plan_context, refused, show, unreadable
from approvals.selectors import Listing
from approvals.templatetags.gates import gate_url
from teammates.accounts import Request, signed_in


@signed_in
@require_GET
def inbox(request: Request) -> HttpResponse:
    listing = Listing(request.user, request.GET)
    if listing.gates:
        return show(request, listing.gates[0], listing=listing, at_list=True)
    return render(request, "approvals/inbox.html", {"listing": listing, "at_list": True})


@signed_in
@require_GET
def badge(request: Request) -> HttpResponse:
    return render(request, "approvals/_badge.html", {"count": waiting_count(request.user)})


@signed_in
@require_GET
def approval(request: Request, pk: int) -> HttpResponse:
    return show(request, approval_for(request.user, pk))


@signed_in
@require_GET
def question(request: Request, pk: int) -> HttpResponse:
    gate = question_for(request.user, pk)
    return show(request, gate, **plan_context(gate, request.GET))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: Request, pk: int, verdict: str) -> HttpResponse:
    """GET never decides: it shows the card, for a denial with the field for the reason."""
    gate = approval_for(request.user, pk)
    if request.method != "POST":
        return show(request, gate, state="denying") if verdict == "deny" else redirect(gate_url(gate))
    sent = request.POST
    try:
        services.decide(
            gate,
            verdict,
            by=request.user,
            digest=sent.get("digest", ""),
            reason=sent.get("reason", "").strip(),
            stop="stop" in sent,
        )
    except REFUSALS as refusal:
        return refused(request, gate, refusal, verdict, state="denying" if verdict == "deny" else "")
    return decided(request, gate, verdict)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, pk: int) -> HttpResponse:
    """Change the arguments and allow; every other button only shows the form again."""
    gate = approval_for(request.user, pk)
    sent = request.POST if request.method == "POST" else None
    form = EditForm(arguments_of(gate), schema_of(gate.call), sent)
    if sent is None or sent.get("step") != "allow":
        return show(request, gate, state="editing", form=form)
    if form.errors:
        return unreadable(request, gate, form, "allow", state="editing")
    arguments = form.arguments if form.is_changed else None
    try:
        services.decide(gate, "allow", by=request.user, digest=sent.get("digest", ""), arguments=arguments)
    except REFUSALS as refusal:
        return refused(request, gate, refusal, "allow", form, state="editing")
    return decided(request, gate, "allow", form)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: Request, pk: int) -> HttpResponse:
    """GET never answers: it leads to the question."""
    gate = question_for(request.user, pk)
    if request.method != "POST":
        return redirect(gate_url(gate))
    form = form_for(gate, request.POST)
    if not form.is_valid():
        return unreadable(request, gate, form, "answer")
    try:
        services.answer(
            gate,
            by=request.user,
            digest=request.POST.get("digest", ""),
            answers=form.answers,
            skipped=form.skipped,
            response=form.words,
            stop=form.stop,
        )
    except REFUSALS as refusal:
        return refused(request, gate, refusal, "answer", form)
    return decided(request, gate, "answer", form)
