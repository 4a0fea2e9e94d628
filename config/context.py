from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from api.middleware import known_host
from approvals.access import waiting_count
from runs.access import visible_runs


def shell(request: HttpRequest) -> dict[str, object]:
    """What the navigation of every page shows; looked up only by pages that have one."""
    user = getattr(request, "user", None)
    server = {"version": settings.VERSION, "host": request.get_host() if known_host(request) else ""}
    if user is None or not user.is_authenticated:
        return server
    return {
        **server,
        "section": section(request),
        "waiting_count": SimpleLazyObject(lambda: waiting_count(user)),
        "live_runs": SimpleLazyObject(lambda: visible_runs(user).roots().live().count()),
        "role": SimpleLazyObject(lambda: role(user)),
    }


def section(request: HttpRequest) -> str:
    """Which item of the navigation the page belongs to."""
    match = request.resolver_match
    if match is None:
        return ""
    if match.view_name in ("home", "runs:start"):  # a message that is refused is shown on home again
        return "home"
    return match.namespace or "settings"


def role(user: object) -> str:
    """What this person may do, in a word."""
    if getattr(user, "is_superuser", False):
        return "owner"
    if getattr(user, "is_staff", False):
        return "staff"
    groups = getattr(user, "groups", None)
    return "reviewer" if groups is not None and groups.filter(name="reviewer").exists() else "member"
