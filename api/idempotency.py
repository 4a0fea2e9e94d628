"""`Idempotency-Key`: the same request again, also at the same time, gets the same run."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError
from django.http import HttpRequest
from django.utils.timezone import now

from api.models import Idempotency
from runs.errors import Refused
from runs.locks import write
from runs.models import Run

HEADER = "HTTP_IDEMPOTENCY_KEY"  # as `META` has it
KEPT = timedelta(hours=24)


@dataclass(frozen=True)
class Begun:
    """The run, and whether an earlier request began it."""

    run: Run
    replayed: bool


def once(request: HttpRequest, owner: Any, route: str, asked: dict[str, Any], begin: Callable[[], Run]) -> Begun:
    """`begin` in one transaction with the key, so that a failed start leaves no key behind.

    `Refused` (key_reused) when the key came with another request before.
    """
    key = request.META.get(HEADER, "")
    if not key:
        return Begun(begin(), replayed=False)
    if len(key) > 255:
        raise Refused("An Idempotency-Key may have 255 characters.", code="invalid")
    name = {"owner": owner, "route": route, "key": key}
    print_ = fingerprint(asked)
    if earlier := known(name, print_):
        return earlier
    try:
        with write():
            if earlier := known(name, print_):  # the first of two at once has just committed
                return earlier
            run = begin()
            Idempotency.objects.create(**name, fingerprint=print_, run=run)
    except IntegrityError:  # both wrote at once, where there are several writers (PostgreSQL)
        if earlier := known(name, print_):
            return earlier
        raise
    return Begun(run, replayed=False)


def known(name: dict[str, Any], print_: str) -> Begun | None:
    Idempotency.objects.filter(**name, created_at__lt=now() - KEPT).delete()
    found = Idempotency.objects.select_related("run").filter(**name).first()
    if found is None:
        return None
    if found.fingerprint != print_:
        raise Refused("This Idempotency-Key was used for another request.", code="key_reused")
    return Begun(found.run, replayed=True)


def fingerprint(asked: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
