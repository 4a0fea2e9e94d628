"""Accounts are Django's users."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from django.contrib.auth.models import Group, User
from django.contrib.auth.views import redirect_to_login
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import now
from django_htmx.middleware import HtmxDetails

from teammates.models import ApiKey
from teammates.prepared import Select, Update

LOCAL_OWNER = "owner"
REVIEWERS = "reviewer"  # the group whose members see every run and decide for it


# "all" and "own" are without deleted conversations.
Sight = Literal["nothing", "everything", "all", "own"]


class Request(HttpRequest):
    """A request after `signed_in` and the htmx middleware."""

    user: User
    htmx: HtmxDetails


View = TypeVar("View", bound=Callable[..., Any])


def signed_in(view: View) -> View:
    """For people with an account. Others sign in first, and come to what they opened, or to the page whose form they
    sent: what a form sends has no page of its own.
    """

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        return redirect_to_login(request.get_full_path() if request.method in ("GET", "HEAD") else sent_from(request))

    return guarded  # type: ignore[return-value]  # it takes and gives what the view does


def sent_from(request: HttpRequest) -> str:
    """The page of ours that a form was sent from; home where that is not known."""
    page = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}):
        return "/"
    return urlsplit(page)._replace(scheme="", netloc="", fragment="").geturl()


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
