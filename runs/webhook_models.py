"""Who is told of what happens to runs: addresses of clients, and the log of what was sent there."""

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac

from teammates.records import Record


def new_seed() -> str:
    return secrets.token_hex(32)


class Webhook(Record):
    """An address that hears of the account's runs, or of one end user's. Written by `runs.webhooks` only."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="webhooks")
    user_id = models.CharField(max_length=200, blank=True)
    url = models.TextField()
    events = models.JSONField(default=list)
    active = models.BooleanField(default=True)
    seed = models.CharField(max_length=64, default=new_seed)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["owner", "user_id"], condition=Q(active=True), name="webhooks_that_hear")]

    def __str__(self) -> str:
        return self.url

    @property
    def secret(self) -> str:
        """What signs its deliveries. It is worked out from the seed and SAYSO_SECRET_KEY, so no row holds it."""
        return "whsec_" + salted_hmac("runs.webhook", self.seed, algorithm="sha256").hexdigest()


class Delivery(Record):
    """One event for one address: what is sent, and how that went. Written by `runs.deliveries` only."""

    class Status(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    run = models.ForeignKey("runs.Run", models.CASCADE, related_name="deliveries")
    event_type = models.CharField(max_length=40)
    event_id = models.CharField(max_length=60)
    body = models.TextField()
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    response_status = models.PositiveSmallIntegerField(null=True)
    response_body = models.TextField(blank=True)  # its beginning, or why nothing came
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [models.Index(fields=["next_try_at"], condition=Q(status="pending"), name="deliveries_to_send")]
        constraints = [models.UniqueConstraint(fields=["webhook", "event_id"], name="one_delivery_per_event")]

    def __str__(self) -> str:
        return f"{self.event_type} {self.event_id}"
