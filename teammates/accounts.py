"""Accounts are Django's users."""

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils.timezone import now

from teammates.models import ApiKey

LOCAL_OWNER = "owner"
REVIEWERS = "reviewer"  # the group whose members see every run and decide for it


def local_owner() -> User:
    """The superuser for whom the terminal acts; made when missing, without a password."""
    owner = User.objects.filter(username=LOCAL_OWNER).first()
    return owner or User.objects.create_superuser(LOCAL_OWNER)


def signed_in(request: HttpRequest) -> User:
    """The person, behind a guard that lets nobody else pass."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


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
