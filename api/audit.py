"""Who asked the door for what: one row for each request that meant to change something (`AuditLog`)."""

import logging
from functools import partial
from time import monotonic

from django.contrib.auth.models import User
from django.db import Error
from django.http import HttpRequest, HttpResponse
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from api.models import AuditLog
from api.streams import Held
from runs.afterwards import afterwards
from runs.locks import write
from teammates.exact import clean
from teammates.models import ApiKey
from teammates.prepared import insert

logger = logging.getLogger("sayso.api")

VERBS = {"POST": "create", "PATCH": "update", "PUT": "update", "DELETE": "delete"}
# Whoever has no key shall not be able to fill the table.
REFUSALS = parse("60 per minute")
refusals = FixedWindowRateLimiter(MemoryStorage())


def record(request: HttpRequest, response: HttpResponse, began: float) -> None:
    """Write the row, if the request has earned one: it was a known caller's, or its key was refused."""
    caller = getattr(request, "auth", None)
    refused = caller is None and response.status_code == 401 and refusals.hit(REFUSALS)
    if not refused and (caller is None or request.method not in VERBS):
        return
    owner, key = getattr(caller, "user", None), getattr(caller, "key", None)
    took = int((monotonic() - began) * 1000)
    row = partial(keep, request, response.status_code, took, owner, key)
    if isinstance(response, Held):  # its first byte need not wait; whoever has it whole finds the row
        afterwards(row)
    else:
        row()


def keep(request: HttpRequest, status: int, took: int, owner: User | None, key: ApiKey | None) -> None:
    try:
        write_down(request, status, took, owner, key)
    except Error:  # what was asked for has happened all the same, and the client has heard of it
        logger.exception("%s %s is missing from the audit log", request.method, request.path)


def write_down(request: HttpRequest, status: int, took: int, owner: User | None, key: ApiKey | None) -> None:
    match = request.resolver_match
    with write():
        row = AuditLog(
            owner=owner,
            key=key.key_id if key else "",
            auth="api_key" if key else "other" if owner else "none",
            method=request.method or "",
            path=clean(request.path_info)[:300],
            action=action_of(request) if owner else "authenticate",
            resource_type=next(iter(words(request)), "")[:40],
            resource_id=clean(str(next(iter(match.kwargs.values()), "")))[:200] if match else "",
            status_code=status,
            duration_ms=took,
        )
        insert(row)


def action_of(request: HttpRequest) -> str:
    """`runs.create`, `runs.cancel`, `agents.update`: the resource, and what was done or where."""
    resource, *below = words(request) or [""]
    return f"{resource}.{below[-1] if below else VERBS[request.method or '']}"[:60]


def words(request: HttpRequest) -> list[str]:
    """The words of the address that are the same for everybody, behind the door's own prefix."""
    match = request.resolver_match
    parts = match.route.removeprefix("api/v2/").split("/") if match and match.route else []
    return [part for part in parts if part and not part.startswith("<")]
