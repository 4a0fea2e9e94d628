"""The open door: without any key, on this machine only, and never for a page of another site."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.timezone import now

from teammates.models import ApiKey

FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via")

_serving_loopback = False


def allow() -> None:
    """For `manage.py serve` on a loopback address; a server that is started by hand never opens the door."""
    global _serving_loopback
    _serving_loopback = not settings.PUBLIC_URL and settings.ALLOWED_HOSTS == settings.LOCAL_HOSTS


def stands_open() -> bool:
    """Is there no key at all that would have to be shown?"""
    if not _serving_loopback or settings.OS_SECURITY_KEY:
        return False
    working = ApiKey.objects.filter(revoked_at=None).exclude(expires_at__lte=now())
    return not working.exists()


def is_open(request: HttpRequest) -> bool:
    """For this very request: it must come from this machine and not through somebody else."""
    return not any(name in request.headers for name in FORWARDED) and stands_open()


def is_foreign(request: HttpRequest) -> bool:
    """Does a page of another site send it? Browsers say so; other clients send neither header."""
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
    own = urlsplit(origin).netloc == request.get_host()
    return not own and origin not in settings.CORS_ORIGINS
