"""Accounts are Django's users."""

from typing import Any, Literal

from django.contrib.auth.models import Group, User
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils.timezone import now
from django_htmx.middleware import HtmxDetails

from teammates.models import ApiKey
from teammates.prepared import Select, Update

LOCAL_OWNER = "owner"
REVIEWERS = "reviewer"  # the group whose members see every run and decide for it


# "all" and "own" are without deleted conversations.
Sight = Literal["nothing", "everything", "all", "own"]


class Request(HttpRequest):
    """A request after `login_required` and the htmx middleware."""

    user: User
    htmx: HtmxDetails


def local_owner() -> User:
    """The superuser for whom the terminal acts; made when missing, without a password."""
    owner = User.objects.filter(username=LOCAL_OWNER).first()
    return owner or User.objects.create_superuser(LOCAL_OWNER)


def alone(user: User) -> None:
    """Nobody else who says so goes on for this account before the transaction at hand ends, on any database."""
    _touched(pk=user.pk)


@Update
def _touched(pk: Any) -> tuple[QuerySet[User], dict[str, Any]]:
    return User.objects.filter(pk=pk), {"is_active": F("is_active")}


def oversees(user: Any) -> bool:
    """Sees everybody's runs and may decide for them: staff and reviewers."""
    return bool(user.is_staff or _reviewer(user=user.pk))


def sight_of(user: Any) -> Sight:
    """Whose runs this user sees."""
    if not user.is_active:
        return "nothing"
    if user.is_staff:
        return "everything"
    return "all" if oversees(user) else "own"


@Select
def _reviewer(user: Any) -> "QuerySet[Group, int]":
    return Group.objects.filter(user=user, name=REVIEWERS).values_list("pk", flat=True)


def deciders() -> QuerySet[User]:
    """Who may decide for every run; its owner may for each run besides."""
    may = Q(is_staff=True) | Q(groups__name=REVIEWERS)
    return User.objects.filter(may, is_active=True).distinct().order_by("username")


def keys_of(user: User) -> QuerySet[ApiKey]:
    """Those that may work first, each part newest first."""
    return ApiKey.objects.filter(owner=user).order_by(F("revoked_at").desc(nulls_first=True), "-pk")


def working_keys(user: User) -> QuerySet[ApiKey]:
    fresh = Q(expires_at=None) | Q(expires_at__gt=now())
    return ApiKey.objects.filter(fresh, owner=user, revoked_at=None)
