"""Who may see a run: one answer for pages, sockets and the admin."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db.models import QuerySet
from django.http import Http404

from runs.models import Run, RunQuerySet, Session
from teammates.accounts import Sight, oversees, sight_of
from teammates.prepared import Select

Someone = User | AnonymousUser | AbstractBaseUser
RELATED = ("teammate", "team", "workflow", "session", "owner", "requested_by", "performer_revision")


def visible_runs(user: Someone) -> RunQuerySet:
    return Run.objects.visible_to(user)


def run_for(user: Someone, pk: int) -> Run:
    """The run, or `Http404`: never "found, but not yours"."""
    found = _runs(sight_of(user), pk=pk, user=user.pk)
    if not found:
        raise Http404(f"No run {pk}.")
    return found[0]


@Select
def _runs(sight: Sight, pk: Any, user: Any) -> RunQuerySet:
    return Run.objects.seen(sight, user).select_related(*RELATED).filter(pk=pk)


def may_control(user: Someone, run: Run) -> bool:
    """Stop, reply to and retry: the owner and staff; a reviewer only decides."""
    return bool(run.owner_id == user.pk or getattr(user, "is_staff", False))


def may_see(user: User, pk: int) -> bool:
    """As `run_for`, for who does not need the row."""
    return bool(_seen(sight_of(user), pk=pk, user=user.pk))


@Select
def _seen(sight: Sight, pk: Any, user: Any) -> "QuerySet[Run, int]":
    return Run.objects.seen(sight, user).filter(pk=pk).values_list("pk", flat=True)


def visible_sessions(user: User) -> QuerySet[Session]:
    """Conversations, by the same rule as their runs; deleted ones are not listed for anybody."""
    if not user.is_active:
        return Session.objects.none()
    there = Session.objects.filter(hidden=False)
    return there if oversees(user) else there.filter(owner=user)


def session_for(user: User, pk: int) -> Session:
    """The conversation, or `Http404`. Staff may still look at one that was deleted, as at its runs."""
    found = Session.objects.all() if user.is_active and user.is_staff else visible_sessions(user)
    try:
        return found.select_related("owner", "teammate").get(pk=pk)
    except Session.DoesNotExist:
        raise Http404(f"No conversation {pk}.") from None
