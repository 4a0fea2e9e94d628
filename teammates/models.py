"""Who works, and with what."""

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from teammates.choices import Effort, Mode, Permission
from teammates.legible import check_name
from teammates.performer_models import Member, Team, Workflow
from teammates.records import Record

__all__ = [
    "AccountSettings",
    "ApiKey",
    "Effort",
    "EndUser",
    "Member",
    "Memory",
    "Mode",
    "Permission",
    "PermissionRule",
    "Revision",
    "Team",
    "Teammate",
    "TeammateQuerySet",
    "TeammateTool",
    "Workflow",
]


HISTORY_MOST = 1000  # earlier runs that a model can be shown


class TeammateQuerySet(models.QuerySet["Teammate"]):
    def of_the_house_or(self, user: object) -> "TeammateQuerySet":
        """What `user` may see and run: the house's teammates and own ones; staff see all."""
        if getattr(user, "is_staff", False):
            return self
        return self.of_account(user)

    def of_account(self, user: object) -> "TeammateQuerySet":
        """Own ones and the house's, also for staff: what an API key sees."""
        return self.filter(Q(owner=None) | Q(owner=user))

    def unarchived(self) -> "TeammateQuerySet":
        return self.filter(archived_at=None)


class Teammate(Record):
    """A model with instructions, tools and a permission mode.

    Written by `teammates.services.save` only; what is no part of its definition, by `teammates.lifecycle`.
    """

    slug = models.SlugField("id", max_length=80, unique=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        help_text="Empty: of the house, everyone may run it and staff edit it.",
    )
    name = models.CharField(max_length=120, validators=[check_name])
    description = models.CharField(max_length=300, blank=True)
    instructions = models.TextField(blank=True, max_length=100_000)
    model = models.CharField(max_length=120, blank=True, help_text="Empty: the model of SAYSO_MODEL.")
    permission_mode = models.CharField(max_length=20, choices=Mode.choices, default=Mode.APPROVAL)
    human_in_the_loop = models.BooleanField(default=True, help_text="May ask questions and wait for decisions.")
    enabled = models.BooleanField(default=True)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    role = models.CharField(max_length=200, blank=True)
    goals = models.TextField(blank=True, max_length=10_000)
    effort = models.CharField(max_length=10, choices=Effort.choices, blank=True, help_text="How long it may think.")
    uses_memory = models.BooleanField(
        null=True, blank=True, help_text="Runs start with what it remembers; empty: as the run says."
    )
    uses_history = models.BooleanField(
        null=True, blank=True, help_text="Runs start with its last answers; empty: as the run says."
    )
    user_id = models.CharField(
        "end user", max_length=200, blank=True, help_text="The client's own name for the one end user it works for."
    )
    metadata = models.JSONField(default=dict, blank=True)
    extras = models.JSONField(default=dict, blank=True)  # what a client sets and nothing here acts on: only given back
    history_runs = models.PositiveSmallIntegerField(
        default=20,
        validators=[MaxValueValidator(HISTORY_MOST)],
        help_text="Earlier runs of a conversation that the model is shown.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TeammateQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(permission_mode=Mode.AUTONOMOUS) | Q(human_in_the_loop=True),
                name="teammate_mode_needs_people",
                violation_error_message="Approval and Plan first need human in the loop: somebody has to decide.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class TeammateTool(Record):
    """One tool that a teammate has, and what is set for it here; empty permission: its mode decides."""

    teammate = models.ForeignKey(Teammate, models.CASCADE, related_name="tools")
    tool = models.CharField(max_length=120)
    permission = models.CharField(max_length=10, choices=Permission.choices, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["teammate", "tool"], name="one_row_per_tool")]

    def __str__(self) -> str:
        return self.tool


class Revision(Record):
    """A performer as it was; a run reads only the one that it started with."""

    kind = models.CharField(max_length=20, default="teammate")
    performer = models.BigIntegerField()
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "performer", "number"], name="one_revision_per_number")]

    def __str__(self) -> str:
        return f"{self.kind} {self.performer} revision {self.number}"


class PermissionRule(Record):
    """A standing permission: calls of this tool need no approval any more, in runs of this account and end user."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="permission_rules")
    user_id = models.CharField(max_length=200, blank=True)
    tool = models.CharField(max_length=120)
    source = models.CharField(max_length=20, default="api")  # api, or remembered with a decision
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "user_id", "tool"], name="one_rule_per_tool")]

    def __str__(self) -> str:
        return f"{self.tool} needs no approval"


class EndUser(Record):
    """Whom a client works for, under the client's own name for them; it has no account here."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="end_users")
    user_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=320, blank=True)
    company = models.CharField(max_length=200, blank=True)
    metadata = models.JSONField(default=dict)
    run_limit = models.PositiveIntegerField(null=True)  # runs of a calendar month
    cost_limit_cents = models.PositiveIntegerField(null=True)  # of a calendar month
    rate_per_minute = models.PositiveIntegerField(null=True)  # runs
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "user_id"], name="one_end_user_per_name")]

    def __str__(self) -> str:
        return self.user_id


class Memory(Record):
    """What is remembered for one account and, where given, one end user; by one teammate or, without it, by all."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    teammate = models.ForeignKey(Teammate, models.CASCADE, null=True, blank=True)
    user_id = models.CharField(max_length=200, blank=True)
    audience = models.CharField(max_length=40, blank=True)  # a client's own word
    text = models.TextField(max_length=2000)
    topics = models.JSONField(default=list)  # a client's own words
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["owner", "user_id", "-id"])]
        verbose_name_plural = "memories"

    def __str__(self) -> str:
        return self.text[:60]


class ApiKey(Record):
    """A bearer key `sayso_<key_id>_<secret>`; only the digest of the secret is kept."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    name = models.CharField(max_length=120)
    made_by = models.ForeignKey("self", models.CASCADE, null=True, editable=False, related_name="made")
    key_id = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} (sayso_{self.key_id}_…)"


class AccountSettings(Record):
    """What an account has set for its clients. Without a row everything is at its default."""

    owner = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    require_end_user_id = models.BooleanField(default=False)  # nothing is made without a `user_id`
    # Of each end user who has none of their own; null: no limit.
    run_limit = models.PositiveIntegerField(null=True)
    cost_limit_cents = models.PositiveIntegerField(null=True)
    rate_per_minute = models.PositiveIntegerField(null=True)
    kept = models.JSONField(default=dict)  # switches of clients that nothing here acts on

    def __str__(self) -> str:
        return f"settings of {self.owner_id}"
