"""Teams and workflows. Read as part of `teammates.models`; a module of their own for its length."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from teammates import json_schemas
from teammates.choices import Mode
from teammates.legible import check_name
from teammates.records import Record

if TYPE_CHECKING:
    from teammates.models import Teammate


class PerformerQuerySet(models.QuerySet[Any]):
    """Of teams and workflows, as `TeammateQuerySet` of teammates."""

    def of_the_house_or(self, user: object) -> "PerformerQuerySet":
        return self if getattr(user, "is_staff", False) else self.of_account(user)

    def of_account(self, user: object) -> "PerformerQuerySet":
        return self.filter(Q(owner=None) | Q(owner=user))

    def unarchived(self) -> "PerformerQuerySet":
        return self.filter(archived_at=None)


class Performer(Record):
    """What teams and workflows share with teammates."""

    slug = models.SlugField("id", max_length=80, unique=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=120, validators=[check_name])
    description = models.CharField(max_length=300, blank=True)
    enabled = models.BooleanField(default=True)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PerformerQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class Team(Performer):
    """A leader with members. Written by `teammates.performers.save_team` only."""

    class Way(models.TextChoices):
        COORDINATE = "coordinate", "Coordinate"  # the leader gives out tasks, then answers
        ROUTE = "route", "Route"  # the leader hands over; the member's answer is the answer
        BROADCAST = "broadcast", "Broadcast"  # all members at once, then the leader sums up
        TASKS = "tasks", "Tasks"  # the leader keeps a list of tasks and works it off

    instructions = models.TextField(blank=True, max_length=100_000)
    model = models.CharField(max_length=120, blank=True, help_text="Of the leader. Empty: the model of SAYSO_MODEL.")
    mode = models.CharField(max_length=20, choices=Way.choices, default=Way.COORDINATE)
    permission_mode = models.CharField(max_length=20, choices=Mode.choices, default=Mode.AUTONOMOUS)


class Member(Record):
    """One place in a team: a teammate or another team."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="members")
    position = models.PositiveSmallIntegerField()
    teammate = models.ForeignKey("teammates.Teammate", models.PROTECT, null=True, related_name="+")
    member_team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["team", "position"], name="one_member_per_place"),
            models.CheckConstraint(
                condition=Q(teammate=None, member_team__isnull=False) | Q(teammate__isnull=False, member_team=None),
                name="a_member_is_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return str(self.performer)

    @property
    def performer(self) -> "Teammate | Team":
        found = self.teammate or self.member_team
        if found is None:
            raise LookupError("A member is a teammate or a team.")
        return found


class Workflow(Performer):
    """A tree of steps (`teammates.steps`). Written by `teammates.performers.save_workflow` only."""

    input_schema = models.JSONField(null=True, blank=True)
    definition = models.JSONField(default=list, blank=True)

    def clean(self) -> None:
        """What every message would have to fit is a JSON Schema for objects."""
        if self.input_schema is None:
            return
        if not isinstance(self.input_schema, dict):
            raise ValidationError({"input_schema": "An input schema is a JSON object."})
        try:
            json_schemas.check(self.input_schema)
        except json_schemas.Unfit as error:
            raise ValidationError({"input_schema": f"This is no JSON Schema: {error}."}) from error
