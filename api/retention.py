"""What the door forgets, a little with each sweep, so that no sweep takes long."""

from datetime import timedelta
from typing import Any

from django.db.models import Model
from django.utils.timezone import now

from api.idempotency import KEPT
from api.models import AuditLog, Idempotency
from runs.locks import write
from runs.signals import swept

AUDITED = timedelta(days=90)
BITE = 500  # rows of each kind


def forget_old(**kwargs: Any) -> None:
    forget(AuditLog, "at", AUDITED)
    forget(Idempotency, "created_at", KEPT)


def forget(kind: type[Model], field: str, kept: timedelta) -> None:
    """Delete the oldest rows of this kind that are past their time; they were written in the order of their keys."""
    rows, before = kind._default_manager.order_by("pk"), now() - kept
    oldest = rows.values_list(field, flat=True).first()
    if oldest is None or oldest >= before:
        return
    bite = [pk for pk, moment in rows.values_list("pk", field)[:BITE] if moment < before]
    with write():
        kind._default_manager.filter(pk__in=bite).delete()


swept.connect(forget_old)
