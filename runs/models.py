"""The machine's rows: sessions, runs, what was said, what was called, and the journal of it all."""

import secrets
import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property

import runs.document_models
import runs.webhook_models  # noqa: F401 - a module of models of its own, for its length
from runs.file_models import RunFile as RunFile
from runs.file_models import random_path as random_path
from runs.run_queries import RunQuerySet as RunQuerySet
from runs.session_models import Session as Session
from runs.session_models import SessionKind as SessionKind
from runs.states import CALL_MOVES, CALL_OPEN, RUN_LIVE, RUN_MOVES, CallState, RunStatus, sources
from runs.task_models import Task
from teammates.legible import without_misleading
from teammates.models import Effort, Mode, Revision, Team, Teammate, Workflow
from teammates.prepared import change
from teammates.records import Record


class WrongStatus(Exception):
    """The row is not in a status that allows this; nothing was changed."""


class Run(Record):
    """One execution of a teammate for one message."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Each index is written with each run: there are those that queries need (below), of Django's own one.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="runs", db_index=False)
    session = models.ForeignKey(Session, models.PROTECT, related_name="runs", db_index=False)
    # Who performs it: exactly one of the three.
    teammate = models.ForeignKey(Teammate, models.PROTECT, null=True, related_name="runs")
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="runs", db_index=False)
    workflow = models.ForeignKey(Workflow, models.PROTECT, null=True, related_name="runs", db_index=False)
    performer_revision = models.ForeignKey(Revision, models.PROTECT, db_index=False)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    retry_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="retries", db_index=False)
    task = models.ForeignKey(Task, models.SET_NULL, null=True, blank=True, related_name="runs", db_index=False)
    # Of a child run: who waits for it, the top of its tree, and the call that its end answers.
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children", db_index=False)
    root = models.ForeignKey("self", models.PROTECT, null=True, related_name="tree", db_index=False)
    called_by = models.OneToOneField("ToolCall", models.PROTECT, null=True, related_name="child")
    depth = models.PositiveSmallIntegerField(default=0)
    message = models.TextField()
    permission_mode = models.CharField(max_length=20, choices=Mode.choices)
    human_in_the_loop = models.BooleanField()
    user_id = models.CharField(max_length=200, blank=True)  # the client's own word for its end user
    metadata = models.JSONField(default=dict)  # the client's own, given back as it is
    dependencies = models.JSONField(default=dict)  # values for the {names} in the instructions, and for tools
    tools = models.JSONField(null=True)  # names, in place of the teammate's own; null: the teammate's
    model = models.CharField(max_length=120, blank=True)
    effort = models.CharField(max_length=10, choices=Effort.choices, blank=True)
    memory = models.BooleanField(default=False)  # begins with what is remembered for its end user
    history = models.BooleanField(default=False)  # begins with earlier answers of other conversations
    max_turns = models.PositiveIntegerField(null=True)
    output_schema = models.JSONField(null=True)  # a JSON Schema; the answer that fits it is `output_data`
    plan_approved = models.BooleanField(default=False)
    # Of a workflow: {step, turn, text}: the step that it has come to, in which turn, and what that step got.
    reached = models.JSONField(null=True)

    status = models.CharField(max_length=20, choices=RunStatus.choices, default=RunStatus.QUEUED)
    open_gates = models.PositiveIntegerField(default=0)
    open_children = models.PositiveIntegerField(default=0)
    last_seq = models.PositiveIntegerField(default=0)
    lease = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    state_schema = models.PositiveSmallIntegerField(default=1)

    output = models.TextField(blank=True)
    output_data = models.JSONField(null=True)
    error = models.TextField(blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    usage = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    woken_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    viewed_at = models.DateTimeField(null=True, blank=True)
    share_token = models.CharField(max_length=43, null=True, blank=True, unique=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-id"]),
            models.Index(fields=["owner", "user_id", "-id"]),
            models.Index(fields=["owner", "teammate", "-id"]),
            models.Index(fields=["task", "-id"], condition=Q(task__isnull=False), name="runs_of_tasks"),
            models.Index(fields=["owner", "status", "-id"]),
            models.Index(fields=["status", "-id"]),
            models.Index(fields=["session", "-id"]),
            models.Index(fields=["root", "status"], condition=Q(root__isnull=False), name="runs_of_trees"),
            models.Index(fields=["parent"], condition=Q(parent__isnull=False), name="runs_below"),
            models.Index(fields=["retry_of"], condition=Q(retry_of__isnull=False), name="retries"),
            models.Index(fields=["team"], condition=Q(team__isnull=False), name="runs_of_teams"),
            models.Index(fields=["workflow"], condition=Q(workflow__isnull=False), name="runs_of_workflows"),
            models.Index(fields=["status", "lease_until"]),
            models.Index(fields=["owner", "user_id", "finished_at"], condition=Q(archived_at=None), name="run_ends"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=RunStatus.values), name="run_status_is_known"),
            models.CheckConstraint(
                condition=Q(permission_mode=Mode.AUTONOMOUS) | Q(human_in_the_loop=True), name="run_mode_needs_people"
            ),
            models.CheckConstraint(
                condition=Q(status=RunStatus.PAUSED) | Q(open_gates=0), name="gates_only_in_a_pause"
            ),
            models.CheckConstraint(
                condition=Q(status=RunStatus.PAUSED) | Q(open_children=0), name="children_only_in_a_pause"
            ),
            models.CheckConstraint(
                condition=Q(teammate__isnull=False, team=None, workflow=None)
                | Q(teammate=None, team__isnull=False, workflow=None)
                | Q(teammate=None, team=None, workflow__isnull=False),
                name="a_run_has_one_performer",
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def performer(self) -> Teammate | Team | Workflow:
        found = self.teammate or self.team or self.workflow
        if found is None:
            raise LookupError(f"{self} has no performer")
        return found

    @property
    def root_pk(self) -> int:
        """The top of the run's tree: itself, where nobody called it."""
        return self.root_id or self.pk

    @cached_property
    def waits_below(self) -> bool:
        """Does a run below wait for a person? `as_shown` has read it for a whole list."""
        if "gated_below" in self.__dict__:
            return bool(self.__dict__["gated_below"])
        parents = dict(Run.objects.tree_of(self).values_list("pk", "parent_id"))
        above = Run.objects.tree_of(self).filter(open_gates__gt=0).values_list("parent_id", flat=True)
        waiting = set(above)
        while waiting and self.pk not in waiting:
            waiting = {parents[pk] for pk in waiting if pk in parents}
        return bool(waiting)

    @property
    def shown(self) -> RunStatus:
        """The status as people see it: a run that waits for runs below it alone is at work."""
        if self.status == RunStatus.PAUSED and not self.open_gates and self.open_children and not self.waits_below:
            return RunStatus.RUNNING
        return RunStatus(self.status)

    @property
    def is_live(self) -> bool:
        return self.status in RUN_LIVE

    @property
    def model_asked(self) -> str:
        """The name of the model of the last turn; without one, of that which failed, or which is to be asked."""
        told = self.usage.get("model") or self.model or self.performer_revision.definition.get("model")
        return str(told or settings.DEFAULT_MODEL)

    @property
    def title(self) -> str:
        """The first line of the message, for lists."""
        words = without_misleading(self.message).strip()
        first = words.splitlines()[0] if words else ""
        return first if len(first) <= 120 else first[:119] + "…"

    def move(self, to: RunStatus, **changes: Any) -> None:
        """Change the status if nobody else has; raise `WrongStatus` and change nothing otherwise."""
        allowed = self.status in sources(RUN_MOVES, to)
        if not allowed or not change(Run, {"pk": self.pk, "status": self.status}, status=to, **changes):
            raise WrongStatus(f"{self}: {self.status} -> {to}")
        self.status = to
        for name, value in changes.items():
            setattr(self, name, value)


class Message(Record):
    """What was said to and by the model, in the order of `id`; the run's own message is on the run."""

    class Role(models.TextChoices):
        ASSISTANT = "assistant"
        USER = "user"  # feedback that is not the answer to a call, such as on a plan given as text

    run = models.ForeignKey(Run, models.CASCADE, related_name="messages", db_index=False)
    turn = models.PositiveIntegerField()
    role = models.CharField(max_length=20, choices=Role.choices)
    text = models.TextField(blank=True)
    thinking = models.TextField(blank=True)
    usage = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["run", "turn", "role"], name="one_message_per_turn_and_role")]

    def __str__(self) -> str:
        return f"{self.role} in turn {self.turn} of run {self.run_id}"


def new_nonce() -> str:
    return secrets.token_hex(16)


class ToolCall(Record):
    """One call that the model asked for. (run, turn, ordinal) is its name; the provider's id is only remembered."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="calls", db_index=False)
    turn = models.PositiveIntegerField()
    ordinal = models.PositiveIntegerField()
    provider_call_id = models.CharField(max_length=200, blank=True)
    tool = models.CharField(max_length=200)
    raw_arguments = models.TextField(blank=True)  # as the model wrote them
    arguments = models.JSONField(null=True)  # as they will run; null: could not be read
    effect = models.CharField(max_length=20, blank=True)
    tool_def_hash = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=20, choices=CallState.choices, default=CallState.PROPOSED)
    permitted_by = models.CharField(max_length=200, blank=True)  # why it may run, in words: "by mode", "allowed by ana"
    must_ask = models.CharField(max_length=200, blank=True)  # why a person has to decide, whatever the mode says
    revision = models.PositiveIntegerField(default=1)
    nonce = models.CharField(max_length=32, default=new_nonce)
    approved_digest = models.CharField(max_length=64, blank=True)
    approved_revision = models.PositiveIntegerField(null=True)
    idempotency_key = models.UUIDField(default=uuid.uuid4, unique=True)
    step = models.CharField(max_length=200, blank=True)  # the place in its workflow that the call stands for
    result = models.TextField(blank=True)
    note = models.TextField(blank=True)  # told to the model beside the result: a person changed the arguments
    attested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    retried_as = models.OneToOneField("self", models.PROTECT, null=True, related_name="retry_of")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["turn", "ordinal"]
        constraints = [
            models.UniqueConstraint(fields=["run", "turn", "ordinal"], name="one_call_per_place"),
            models.CheckConstraint(condition=Q(state__in=CallState.values), name="call_state_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.tool} ({self.turn}.{self.ordinal} of run {self.run_id})"

    @property
    def is_open(self) -> bool:
        return self.state in CALL_OPEN and not self.retried_as_id

    @property
    def seconds(self) -> float | None:
        if self.started_at and self.finished_at:
            return (self.finished_at - self.started_at).total_seconds()
        return None

    def move(self, to: CallState, **changes: Any) -> None:
        """Change the state if nobody else has; raise `WrongStatus` and change nothing otherwise."""
        allowed = self.state in sources(CALL_MOVES, to)
        if not allowed or not change(ToolCall, {"pk": self.pk, "state": self.state}, state=to, **changes):
            raise WrongStatus(f"{self}: {self.state} -> {to}")
        self.state = to
        for name, value in changes.items():
            setattr(self, name, value)


class Event(Record):
    """One line of a run's journal; `seq` counts 1, 2, 3 … without a gap. Written by `runs.journal` only."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="events", db_index=False)
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=30)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["run", "seq"]
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="one_event_per_seq")]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"
