"""What starts runs without a person at hand: tasks, and what triggers them."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from teammates.models import Effort, Mode, Teammate
from teammates.records import Record


class Task(Record):
    """A message that is given to a teammate again and again. Written by `runs.jobs` only."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tasks")
    teammate = models.ForeignKey(Teammate, models.PROTECT, related_name="tasks")
    name = models.CharField(max_length=200)
    instructions = models.TextField()
    expected_output = models.TextField(blank=True)
    goals = models.TextField(blank=True)
    tools = models.JSONField(default=list)  # names, in place of the teammate's own; none: the teammate's
    user_id = models.CharField(max_length=200, blank=True)
    permission_mode = models.CharField(max_length=20, choices=Mode.choices, blank=True)
    model = models.CharField(max_length=120, blank=True)
    effort = models.CharField(max_length=10, choices=Effort.choices, blank=True)
    uses_memory = models.BooleanField(null=True)  # null: as the teammate does
    uses_history = models.BooleanField(null=True)
    enabled = models.BooleanField(default=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["owner", "-id"])]

    def __str__(self) -> str:
        return self.name

    @property
    def message(self) -> str:
        """What the teammate is told."""
        parts = [self.instructions]
        parts += [f"Goals: {self.goals}"] if self.goals else []
        parts += [f"Expected output: {self.expected_output}"] if self.expected_output else []
        return "\n\n".join(parts)


class Trigger(Record):
    """What starts a task's runs: a schedule, or a request to an address of its own. Written by `runs.schedules` only.

    A schedule is armed while `next_due` is set, and only then: not while it or its task is disabled.
    """

    class Kind(models.TextChoices):
        SCHEDULE = "schedule"
        WEBHOOK = "webhook"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="triggers")
    task = models.ForeignKey(Task, models.CASCADE, related_name="triggers")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    enabled = models.BooleanField(default=True)
    cron = models.CharField(max_length=200, blank=True)
    interval_seconds = models.PositiveIntegerField(null=True)
    run_at = models.DateTimeField(null=True)
    timezone = models.CharField(max_length=64, default="UTC")
    next_due = models.DateTimeField(null=True)
    token_digest = models.CharField(max_length=64, null=True, unique=True)  # of the address; the token is not kept
    last_fired_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)  # why the last moment started no run; empty when it did
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_due"], condition=Q(next_due__isnull=False), name="triggers_armed"),
            models.Index(fields=["owner", "-id"]),
        ]
        constraints = [
            models.UniqueConstraint(fields=["task"], condition=Q(kind="webhook"), name="one_address_per_task"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} of task {self.task_id}"
