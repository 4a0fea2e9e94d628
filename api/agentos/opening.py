"""The open door: without any key, on this machine only, and never for a page of another site."""

import logging
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.timezone import now

from teammates.models import ApiKey
from teammates.prepared import Select

FORWARDED = ("Forwarded", "Via", "X-Real-Ip", "X-Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip")  # and X-Forwarded-…

logger = logging.getLogger("sayso.api")
_serving_loopback = False
_was_open = False  # when somebody last looked


def allow() -> None:
    """For `manage.py serve` on a loopback address; a server that is started by hand never opens the door."""
    global _serving_loopback
    _serving_loopback = not settings.PUBLIC_URL and settings.ALLOWED_HOSTS == settings.LOCAL_HOSTS


def may_open() -> bool:
    """Could the door stand open here at all, whatever keys there are?"""
    return _serving_loopback and not settings.OS_SECURITY_KEY


def stands_open() -> bool:
    """Is there no key at all that would have to be shown?"""
    global _was_open
    if not may_open():
        return False
    found, _was_open = _was_open, not _working(now=now())
    if found and not _was_open:
        logger.info("There is an API key now: the AgentOS routes are closed to programs without one.")
    return _was_open


@Select
def _working(now: Any) -> "QuerySet[ApiKey, int]":
    usable = Q(expires_at=None) | Q(expires_at__gt=now)
    return ApiKey.objects.filter(usable, revoked_at=None).values_list("pk", flat=True)[:1]


def is_open(request: HttpRequest) -> bool:
    """For this very request: it must come from this machine and not through somebody else."""
    return is_direct(request) and stands_open()


def is_direct(request: HttpRequest) -> bool:
    """Proxies say that they are there, or speak HTTP/1.0, which no client of today does."""
    forwarded = any(name in FORWARDED or name.startswith("X-Forwarded-") for name in request.headers)
    return not forwarded and getattr(request, "scope", {}).get("http_version") != "1.0"


def is_foreign(request: HttpRequest) -> bool:
    """Does a page of another site send it? Browsers say so; other clients send neither header."""
    origin: str | None = request.META.get("HTTP_ORIGIN")
    if origin is None:
        return str(request.META.get("HTTP_SEC_FETCH_SITE", "none")) not in ("none", "same-origin")
    if origin in settings.CORS_ORIGINS:
        return False
    try:
        return urlsplit(origin).netloc != request.get_host()
    except ValueError:
        return True
