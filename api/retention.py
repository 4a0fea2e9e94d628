"""What the door forgets, a little with each sweep, so that no sweep takes long."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model, QuerySet
from django.utils.timezone import now

from api.idempotency import KEPT
from api.models import AuditLog, Idempotency
from runs.locks import write
from runs.signals import swept
from teammates.prepared import Select

AUDITED = timedelta(days=90)
BITE = 500  # rows of each kind


def forget_old(**kwargs: Any) -> None:
    forget(AuditLog, "at", AUDITED)
    forget(Idempotency, "created_at", KEPT)


def forget(kind: type[Model], field: str, kept: timedelta) -> None:
    """Delete the oldest rows of this kind that are past their time; they were written in the order of their keys."""
    before, oldest = now() - kept, _oldest.first(kind, field)
    if oldest is None or oldest >= before:
        return
    rows = kind._default_manager.order_by("pk")
    bite = [pk for pk, moment in rows.values_list("pk", field)[:BITE] if moment < before]
    with write():
        kind._default_manager.filter(pk__in=bite).delete()


@Select
def _oldest(kind: type[Model], field: str) -> "QuerySet[Any, datetime]":
    return kind._default_manager.order_by("pk").values_list(field, flat=True)[:1]


swept.connect(forget_old)
