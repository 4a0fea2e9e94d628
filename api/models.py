"""What the doors keep for themselves."""

from django.conf import settings
from django.db import models

from runs.models import Run
from teammates.records import Record


class Idempotency(Record):
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


class AuditLog(Record):
    """One request that meant to change something, or whose key was refused; never what it carried."""

    # Null where the key was refused: who it was is not known then.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+", db_index=False)
    key = models.CharField(max_length=12, blank=True)  # the key's id at that moment
    auth = models.CharField(max_length=10)  # api_key, none, or other: at the AgentOS door
    method = models.CharField(max_length=7)
    path = models.CharField(max_length=300)
    action = models.CharField(max_length=60, blank=True)
    resource_type = models.CharField(max_length=40, blank=True)
    resource_id = models.CharField(max_length=200, blank=True)
    status_code = models.PositiveSmallIntegerField()
    duration_ms = models.PositiveIntegerField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["owner", "-id"])]

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.status_code}"
