"""Conversations. Read as part of `runs.models`; a module of their own for its length."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from teammates.models import Teammate
from teammates.records import Record


class SessionKind(models.TextChoices):
    AGENT = "agent", "Agent"
    TEAM = "team", "Team"
    WORKFLOW = "workflow", "Workflow"


class Session(Record):
    """Runs that share a history; `key` is the client's own word for it, or a UUID4 of ours."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False)
    kind = models.CharField(max_length=20, choices=SessionKind.choices, default=SessionKind.AGENT)
    key = models.CharField(max_length=200, default=uuid.uuid4)
    user_id = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=200, blank=True)  # empty: what its first message says
    metadata = models.JSONField(default=dict)  # the client's own, given back as it is
    summary = models.JSONField(null=True)  # the client's own
    teammate = models.ForeignKey(Teammate, models.SET_NULL, null=True, related_name="+")  # it was begun for
    session_state = models.JSONField(default=dict)
    hidden = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)  # a message came, or it was changed

    class Meta:
        indexes = [models.Index(fields=["owner", "-id"]), models.Index(fields=["owner", "-updated_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "kind", "key"], condition=Q(hidden=False), name="one_session_per_key"
            )
        ]

    def __str__(self) -> str:
        return self.key
