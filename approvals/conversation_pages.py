"""The pages of conversations: the list, one thread, and a reply."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from approvals.access import may_decide
from approvals.conversations import exchanges, memories_of, rows_of, waiting_in
from approvals.models import Gate
from runs import services
from runs.access import may_control, session_for, visible_sessions
from runs.forms import one_line_end
from runs.models import Run, Session
from runs.services import Refused
from runs.sessions import names_of, tokens_of
from teammates.accounts import Request, signed_in

PAGE, THREAD = 30, 20


@signed_in
@require_safe
def conversation_list(request: Request) -> HttpResponse:
    """The last one that something happened in comes first; a page at a time, from a key."""
    found = visible_sessions(request.user)
    who = request.GET.get("for", "")[:200]
    narrowed = found.filter(user_id=who) if who else found
    before = key_in(request.GET.get("before", ""))
    sessions = list(older_than(narrowed, before).select_related("owner", "teammate")[: PAGE + 1])
    context = {
        "rows": rows_of(sessions[:PAGE]),
        "older": sessions[PAGE - 1].pk if len(sessions) > PAGE else None,
        "is_first": not before,
        "who": who,
    }
    return render(request, "conversations/list.html", context)


def older_than(sessions: "QuerySet[Session]", before: int | None) -> "QuerySet[Session]":
    last = sessions.filter(pk=before).first() if before else None
    if last:
        earlier = Q(updated_at__lt=last.updated_at) | Q(updated_at=last.updated_at, pk__lt=last.pk)
        sessions = sessions.filter(earlier)
    return sessions.order_by("-updated_at", "-pk")


def key_in(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


@signed_in
@require_safe
def detail(request: Request, pk: int) -> HttpResponse:
    return page(request, session_for(request.user, pk))


def page(request: Request, session: Session, status: int = 200, **extra: Any) -> HttpResponse:
    """The newest runs of the thread, or those before one."""
    runs, before = runs_of(session), key_in(request.GET.get("before", ""))
    shown = list((runs.filter(pk__lt=before) if before else runs).order_by("-pk")[: THREAD + 1])
    newest = shown[0] if shown and not before else runs.order_by("-pk").first()
    waiting, (memories, memory_count) = waiting_in(session), memories_of(session)
    context = {
        **common(request, session, newest, waiting),
        "exchanges": exchanges(reversed(shown[:THREAD]), waiting),
        "state": list(session.session_state.items()),  # a key of it may have the name of a method
        "metadata": list(session.metadata.items()),
        "earlier": shown[THREAD - 1].pk if len(shown) > THREAD else None,
        "is_newest": not before,
        "count": runs.count(),
        "tokens": tokens_of(session),
        "memories": memories,
        "memory_count": memory_count,
        **extra,
    }
    return render(request, "conversations/detail.html", context, status=status)


def runs_of(session: Session) -> "QuerySet[Run]":
    related = ("teammate", "team", "workflow", "owner", "requested_by", "performer_revision", "session")
    return Run.objects.filter(session=session).roots().select_related(*related)


def common(request: Request, session: Session, newest: Run | None, waiting: list[Gate]) -> dict[str, Any]:
    """What the parts that are asked for again need too."""
    return {
        "waiting": waiting,
        "may_decide": any(may_decide(request.user, gate) for gate in waiting),
        "session": session,
        "name": names_of([session]).get(session.pk) or "Conversation without a message",
        "run": newest,
        "may_control": newest is not None and not session.hidden and may_control(request.user, newest),
        "reply_to": reverse("conversations:reply", args=[session.pk]),
    }


@signed_in
@require_safe
def exchange(request: Request, pk: int, number: int) -> HttpResponse:
    """One run of the thread, for a page that asks again while it lives; 204 when nothing has happened."""
    session = session_for(request.user, pk)
    found = runs_of(session).filter(pk=number).first()
    if found is None:
        raise Http404(f"No run {number} here.")
    if request.GET.get("seen") == str(found.last_seq):
        return HttpResponse(status=204)
    newest = runs_of(session).order_by("-pk").first()
    waiting = waiting_in(session)
    one = {"one": exchanges([found], waiting)[0], "is_newest": newest == found}
    context = {**common(request, session, newest, waiting), **one}
    return render(request, "conversations/_changed.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def reply(request: Request, pk: int) -> HttpResponse:
    """A new run after the newest one; the thread goes on with it. Who only comes here is shown the thread."""
    if request.method != "POST":
        return redirect("conversations:detail", pk)
    session = session_for(request.user, pk)
    newest = runs_of(session).order_by("-pk").first()
    if newest is None or session.hidden or not may_control(request.user, newest):
        raise PermissionDenied("You may look at this conversation, but not write in it.")
    message = one_line_end(request.POST.get("message", ""))
    try:
        run = services.reply(newest, message, by=request.user)
    except Refused as refusal:
        return page(request, session, 422, draft=message, refusal=refusal)
    return redirect(f"{reverse('conversations:detail', args=[session.pk])}#run-{run.pk}")
