"""What may be done to a webhook: each verb is one function and one transaction."""

from django.utils import timezone

from runs.deliveries import EVENTS
from runs.egress import check_url
from runs.errors import Refused
from runs.locks import write
from runs.webhook_models import Webhook, new_seed

KNOWN = list(dict.fromkeys(event for event, _ in EVENTS.values()))
USUAL = ("run.completed", "run.failed", "run.awaiting_input")


def save(webhook: Webhook, *, rotate: bool = False) -> Webhook:
    """Write a new or changed webhook; `Refused` when a field does not fit.

    `rotate` gives it a new secret; what is sent from then on, again included, is signed with it.
    """
    check_url(webhook.url)
    webhook.events = list(dict.fromkeys(webhook.events))
    if unknown := [event for event in webhook.events if event not in KNOWN]:
        raise Refused(
            f"There is no event {unknown[0]!r}: use {', '.join(KNOWN)}.", field="events", code="unknown_event"
        )
    if not webhook.events:
        raise Refused("Name at least one event.", field="events")
    if len(webhook.user_id) > 200:
        raise Refused("A user_id may have 200 characters.", field="user_id")
    webhook.seed = new_seed() if rotate else webhook.seed
    changes = {"url": webhook.url, "events": webhook.events, "active": webhook.active, "updated_at": timezone.now()}
    with write():
        if webhook.pk:  # not the secret that another request may be making; nothing when it was removed meanwhile
            Webhook.objects.filter(pk=webhook.pk).update(**changes, **({"seed": webhook.seed} if rotate else {}))
        else:
            webhook.save()
    return webhook


def remove(webhook: Webhook) -> None:
    """The webhook and its log; what has not been sent never will be."""
    with write():
        webhook.delete()
