"""What the doors keep for themselves."""

from django.conf import settings
from django.db import models

from runs.models import Run


class Idempotency(models.Model):
    """Which run a client's key began: the same request again gets the same run."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    route = models.CharField(max_length=60)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # SHA-256 of what was asked for
    run = models.ForeignKey(Run, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "route", "key"], name="one_run_per_key")]

    def __str__(self) -> str:
        return f"{self.route} {self.key}"
