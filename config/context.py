"""What the shell around every page shows: where one is, who one is, and what waits."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from approvals.access import waiting_count
from runs.access import visible_runs
from teammates.accounts import REVIEWERS

SECTIONS = {"home": "home", "settings": "settings", "password": "settings", "keys": "settings"}


def shell(request: HttpRequest) -> dict[str, Any]:
    """The figures are counted only where a template shows them."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {"version": settings.VERSION}
    return {
        "version": settings.VERSION,
        "section": section_of(request),
        "role": SimpleLazyObject(lambda: role_of(user)),
        "waiting_count": SimpleLazyObject(lambda: waiting_count(user)),
        "live_runs": SimpleLazyObject(lambda: visible_runs(user).live().count()),
    }


def section_of(request: HttpRequest) -> str:
    match = request.resolver_match
    return (match.namespace or SECTIONS.get(match.url_name or "", "")) if match else ""


def role_of(user: User) -> str:
    if user.is_superuser or user.is_staff:
        return "owner" if user.is_superuser else "staff"
    return "reviewer" if user.groups.filter(name=REVIEWERS).exists() else "member"
