"""The human side: what waits for a person, and what people decided."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from runs.models import Run, ToolCall, WrongStatus
from runs.states import GATE_MOVES, GateStatus, sources
from teammates.accounts import Sight, sight_of
from teammates.prepared import change
from teammates.records import Record


class Verdict(models.TextChoices):
    ALLOW = "allow", "Allowed"
    DENY = "deny", "Denied"
    ANSWER = "answer", "Answered"


class GateQuerySet(models.QuerySet[Any]):
    def pending(self) -> "GateQuerySet":
        return self.filter(status=GateStatus.PENDING)

    def visible_to(self, user: Any) -> "GateQuerySet":
        """Gates of the runs that this user sees (`RunQuerySet.visible_to`)."""
        return self.seen(sight_of(user), user.pk)

    def seen(self, sight: Sight, user: Any) -> "GateQuerySet":
        """What somebody sees who sees so much."""
        if sight == "nothing":
            return self.none()
        if sight == "everything":
            return self
        there = self.filter(run__session__hidden=False)
        return there if sight == "all" else there.filter(run__owner=user)


class Gate(Record):
    """Where a run waits for a person. Decided by `approvals.services` only, each by one conditional UPDATE."""

    run = models.ForeignKey(Run, models.CASCADE)
    call = models.ForeignKey(ToolCall, models.CASCADE, null=True)
    status = models.CharField(max_length=20, choices=GateStatus.choices, default=GateStatus.PENDING)
    revision = models.PositiveIntegerField(default=1)
    digest = models.CharField(max_length=64)  # of the exact call; a decision must name it
    why = models.CharField(max_length=300, blank=True)  # why it asked, in our words
    verdict = models.CharField(max_length=10, choices=Verdict.choices, blank=True)
    reason = models.TextField(blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_via = models.CharField(max_length=20, blank=True)  # page, m8tes, agentos, mode
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True)

    objects = GateQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["pk"]
        indexes = [models.Index(fields=["status", "-id"]), models.Index(fields=["run", "status"])]

    @property
    def is_pending(self) -> bool:
        return self.status == GateStatus.PENDING

    def move(self, to: GateStatus, **changes: Any) -> None:
        """Change the status of this revision if nobody else has; raise `WrongStatus` and change nothing otherwise."""
        allowed = self.status in sources(GATE_MOVES, to)
        this = {"pk": self.pk, "status": self.status, "revision": self.revision, "digest": self.digest}
        if not allowed or not change(type(self), this, status=to, **changes):
            raise WrongStatus(f"{self}: {self.status} -> {to}")
        self.status = to
        for name, value in changes.items():
            setattr(self, name, value)


class ToolApproval(Gate):
    """May this exact call run? Title, consequence and risk are the registry's words at the moment of asking."""

    call = models.ForeignKey(ToolCall, models.CASCADE, related_name="approvals")
    run = models.ForeignKey(Run, models.CASCADE, related_name="approvals")
    title = models.CharField(max_length=200)
    consequence = models.CharField(max_length=300, blank=True)
    risk = models.CharField(max_length=20)
    arguments = models.JSONField()  # as proposed
    edited_arguments = models.JSONField(null=True)  # as allowed, where the person changed them
    remembered = models.BooleanField(default=False)  # the decision left a standing permission
    expires_at = models.DateTimeField(null=True, db_index=True)  # by the database's clock; then it is not allowed

    def __str__(self) -> str:
        return f"approval {self.pk}"


class Question(Gate):
    """Something that only a person can say."""

    class Kind(models.TextChoices):
        ASK = "ask", "Question"
        PLAN = "plan", "Plan"
        INPUT = "input", "Missing input"
        EXTERNAL = "external", "Outside result"
        UNKNOWN = "unknown", "Outcome unknown"
        ATTENTION = "attention", "Needs attention"

    run = models.ForeignKey(Run, models.CASCADE, related_name="questions")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    questions = models.JSONField(default=list)  # product 4.1: [{question, header, options, multiSelect, …}]
    preview_format = models.CharField(max_length=10, default="markdown")
    plan = models.TextField(blank=True)  # kind plan: this revision's text
    answers = models.JSONField(default=dict)  # {question text: label, words, or a list of them}
    skipped = models.JSONField(default=list)
    notes = models.JSONField(default=dict)
    response = models.TextField(blank=True)  # a free reply instead of answers

    class Meta(Gate.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["run"],
                condition=Q(kind="plan", status=GateStatus.PENDING),
                name="one_open_plan_per_run",
            )
        ]

    def __str__(self) -> str:
        return f"question {self.pk}"


class Decision(Record):
    """What a person decided, as it was shown to them. Only ever added."""

    approval = models.ForeignKey(ToolApproval, models.CASCADE, null=True, related_name="decisions")
    question = models.ForeignKey(Question, models.CASCADE, null=True, related_name="decisions")
    run = models.ForeignKey(Run, models.CASCADE, related_name="decisions")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    digest = models.CharField(max_length=64)
    revision = models.PositiveIntegerField()
    arguments = models.JSONField(null=True)  # that may run
    reason = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="decisions")
    via = models.CharField(max_length=20)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.by} on {self.approval or self.question}"
