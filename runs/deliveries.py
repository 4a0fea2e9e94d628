"""Telling webhooks: the row is written with the change that it tells of, and sent afterwards, until it arrives."""

import hashlib
import hmac
import json
import threading
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from runs import egress
from runs.egress import Answer
from runs.faults import fault_point
from runs.locks import write
from runs.models import Run
from runs.wakeup import wake_delivery
from runs.webhook_models import Delivery, Webhook
from teammates.prepared import Select

# By the kind of the line in the journal: the event, and what the run then is in the words of who hears it.
EVENTS = {
    "run.started": ("run.started", "running"),
    "run.paused": ("run.awaiting_input", "awaiting_approval"),
    "run.completed": ("run.completed", "completed"),
    "run.failed": ("run.failed", "failed"),
    "run.cancelled": ("run.failed", "cancelled"),
}
HEARING = """
    SELECT hook.id FROM runs_webhook hook
    JOIN runs_run run ON run.owner_id = hook.owner_id AND run.user_id = hook.user_id
    WHERE run.id = %s AND run.parent_id IS NULL AND hook.active
"""
OUTPUT_LENGTH = 100_000  # characters of the answer that are sent along
PAUSES = (2, 4)  # seconds after the first and the second attempt; there is one more attempt than pauses
OWNED = timedelta(seconds=60)  # how long an attempt keeps others away; longer than one can take
GONE = 410
AT_ONCE = 20  # exchanges of one process, so that addresses that hang do not keep runs from its threads
AT_MOST = 100  # messages of one sweep

exchanges = threading.BoundedSemaphore(AT_ONCE)


def announce(run_id: int, seq: int, kind: str) -> None:
    """Write what webhooks shall hear of this line, inside the transaction that writes it."""
    with connection.cursor() as cursor:  # every run asks this at least twice, and mostly nobody hears
        cursor.execute(HEARING, [run_id])
        hearing = [row[0] for row in cursor.fetchall()]
    if not hearing:
        return
    event, status = EVENTS[kind]
    webhooks = [hook for hook in Webhook.objects.filter(pk__in=hearing) if event in hook.events]
    if webhooks:
        body = told(Run.objects.get(pk=run_id), f"evt_{run_id}_{seq}", event, status)
        for webhook in webhooks:
            delivery = Delivery.objects.create(
                webhook=webhook,
                run_id=run_id,
                event_type=event,
                event_id=f"evt_{run_id}_{seq}",
                body=body,
                next_try_at=timezone.now(),
            )
            transaction.on_commit(partial(wake_delivery, delivery.pk))


def told(run: Run, event_id: str, event: str, status: str) -> str:
    """The body: in ASCII, so that no receiver can misread the bytes that are signed."""
    data: dict[str, Any] = {
        "run_id": run.pk,
        "status": status,
        "teammate_id": run.teammate_id,
        "task_id": run.task_id,
        "user_id": run.user_id or None,
        "metadata": run.metadata,
        "output": run.output[:OUTPUT_LENGTH] or None,
        "output_data": run.output_data,
        "error": run.error or None,
        "error_code": run.error_code or None,
    }
    now = timezone.now().isoformat().replace("+00:00", "Z")
    return json.dumps({"id": event_id, "type": event, "created_at": now, "data": data})


def deliver(pk: int) -> None:
    """Make one attempt, if one is due. Safe to call twice: one of the callers makes it."""
    if not exchanges.acquire(blocking=False):
        return  # the sweep comes back to it
    try:
        delivery = claim(pk)
        if delivery is None:
            return
        connection.close()  # who waits for a stranger holds none
        record(delivery, attempt(delivery))
    finally:
        exchanges.release()


def claim(pk: int) -> Delivery | None:
    now = timezone.now()
    with write():
        due = Delivery.objects.filter(pk=pk, status=Delivery.Status.PENDING, next_try_at__lte=now)
        if not due.update(attempts=F("attempts") + 1, next_try_at=now + OWNED):
            return None
        return Delivery.objects.select_related("webhook").get(pk=pk)


def attempt(delivery: Delivery) -> Answer:
    if not delivery.webhook.active:
        return Answer(None, "The webhook was switched off before this was sent.")
    if delivery.attempts > len(PAUSES) + 1:
        return Answer(None, "The last attempt was cut off, and nobody knows how it ended.")
    body = delivery.body.encode("ascii")
    fault_point("webhook.before_send")
    answer = egress.post(delivery.webhook.url, body, headers(delivery, body))
    fault_point("webhook.after_send")
    return answer


def headers(delivery: Delivery, body: bytes) -> dict[str, str]:
    """The signature covers the event's id, which all attempts share, the moment of this one, and the body."""
    moment = str(int(timezone.now().timestamp()))
    signed = b".".join([delivery.event_id.encode(), moment.encode(), body])
    signature = hmac.new(delivery.webhook.secret.encode(), signed, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Sayso",
        "Webhook-Id": delivery.event_id,
        "Webhook-Timestamp": moment,
        "Webhook-Signature": f"v1={signature}",
    }


def record(delivery: Delivery, answer: Answer) -> None:
    """Write how the attempt ended, unless it took so long that another one has begun. 410 ends it for good."""
    tried, status = delivery.attempts, Delivery.Status.PENDING
    pause = PAUSES[tried - 1] if tried <= len(PAUSES) else None
    if answer.status is not None and 200 <= answer.status < 300:
        status, pause = Delivery.Status.DELIVERED, None
    elif pause is None or answer.status == GONE or not delivery.webhook.active:
        status, pause = Delivery.Status.FAILED, None
    with write():
        mine = Delivery.objects.filter(pk=delivery.pk, attempts=tried, status=Delivery.Status.PENDING)
        mine.update(
            status=status,
            next_try_at=None if pause is None else timezone.now() + timedelta(seconds=pause),
            response_status=answer.status,
            response_body=answer.text,
        )
        if answer.status == GONE:
            Webhook.objects.filter(pk=delivery.webhook_id).update(active=False)
        if pause is not None:
            transaction.on_commit(partial(wake_delivery, delivery.pk, after=pause))


def resend() -> int:
    """Wake what is due and whose message was lost; how many."""
    waiting = _waiting(now=timezone.now())
    for pk in waiting:
        wake_delivery(pk)
    return len(waiting)


@Select
def _waiting(now: Any) -> "QuerySet[Delivery, int]":
    due = Delivery.objects.filter(status=Delivery.Status.PENDING, next_try_at__lte=now)
    return due.order_by("next_try_at").values_list("pk", flat=True)[:AT_MOST]
