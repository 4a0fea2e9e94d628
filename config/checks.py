"""Combinations of settings that cannot be meant."""

from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import ERROR, CheckMessage, Error, Warning, register, run_checks
from django.core.exceptions import ImproperlyConfigured


@register()
def check_address(**kwargs: Any) -> list[CheckMessage]:
    """`SAYSO_URL` is an origin: scheme, host, maybe a port."""
    if not settings.PUBLIC_URL:
        return []
    try:
        url = urlsplit(settings.PUBLIC_URL)
        whole = url.scheme in ("http", "https") and bool(url.hostname) and (url.port or True)
    except ValueError:
        whole = False
    if not whole:
        return [Error("SAYSO_URL is not an address.", hint="Write it like https://sayso.example.", id="sayso.E001")]
    if url.path or url.query or url.fragment or url.username:
        hint = f"Write {url.scheme}://{url.netloc.rpartition('@')[2]}; Sayso lives at the root of its host."
        return [Error("SAYSO_URL has more than scheme, host and port.", hint=hint, id="sayso.E002")]
    return []


@register()
def check_database(**kwargs: Any) -> list[CheckMessage]:
    engine = settings.DATABASES["default"]["ENGINE"]
    if engine.endswith("postgresql") and find_spec("psycopg") is None:
        hint = "pip install 'sayso[postgres]', or unset DATABASE_URL to use SQLite."
        return [Error("DATABASE_URL names PostgreSQL, and psycopg is not installed.", hint=hint, id="sayso.E003")]
    return []


@register()
def check_redis(**kwargs: Any) -> list[CheckMessage]:
    """Several processes need PostgreSQL: a shared SQLite file has one writer at a time."""
    if not settings.REDIS_URL:
        return []
    found: list[CheckMessage] = []
    if find_spec("channels_redis") is None:
        hint = "pip install 'sayso[redis]', or unset REDIS_URL to run in one process."
        found.append(Error("REDIS_URL is set, and channels-redis is not installed.", hint=hint, id="sayso.E004"))
    if "sqlite" in settings.DATABASES["default"]["ENGINE"]:
        hint = "Set DATABASE_URL to a PostgreSQL database, or unset REDIS_URL to run in one process."
        found.append(Error("REDIS_URL is set, but the database is SQLite.", hint=hint, id="sayso.E008"))
    return found


@register(deploy=True)
def check_shared_secret(**kwargs: Any) -> list[CheckMessage]:
    if settings.REDIS_URL and not settings.SECRET_KEY_GIVEN:
        hint = "Set SAYSO_SECRET_KEY to the same long random text on every machine."
        return [Warning("Each SAYSO_DATA has a secret key of its own.", hint=hint, id="sayso.W001")]
    return []


def refuse() -> None:
    """Raise `ImproperlyConfigured` with every error and its mend, for what is started without a command of Django's."""
    errors = [message for message in run_checks() if message.level >= ERROR]
    if errors:
        raise ImproperlyConfigured("\n".join(f"{error.msg} {error.hint or ''}".strip() for error in errors))


@register(deploy=True)
def check_debug(**kwargs: Any) -> list[CheckMessage]:
    if settings.DEBUG and settings.SECURE:
        return [Error("SAYSO_DEBUG is on at a public address.", hint="Unset SAYSO_DEBUG.", id="sayso.E005")]
    return []
