"""Who may see and who may change a teammate, a team or a workflow."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from teammates.models import Team, Teammate, TeammateQuerySet, Workflow
from teammates.performer_models import PerformerQuerySet
from teammates.performers import Performer
from teammates.prepared import Select


def visible_teammates(user: User) -> TeammateQuerySet:
    return Teammate.objects.of_the_house_or(user).unarchived().select_related("owner").prefetch_related("tools")


def visible_teams(user: User) -> PerformerQuerySet:
    return Team.objects.of_the_house_or(user).unarchived().select_related("owner")


def visible_workflows(user: User) -> PerformerQuerySet:
    return Workflow.objects.of_the_house_or(user).unarchived().select_related("owner")


def startable(user: User) -> list[Performer]:
    """All who can be given a message by this person."""
    return [one for kind in (Teammate, Team, Workflow) for one in _startable(kind, user.is_staff, user=user.pk)]


def startable_named(user: User, *kinds: type[Performer], slug: str) -> Performer | None:
    """Of these kinds the one with this id, if this person can give it a message."""
    found = [one for kind in kinds for one in _startable(kind, user.is_staff, user=user.pk, slug=slug)]
    return found[0] if found else None


@Select
def _startable(kind: Any, everybody: bool, user: Any, **named: Any) -> "QuerySet[Any]":
    there: QuerySet[Any] = kind.objects.unarchived() if everybody else kind.objects.of_account(user).unarchived()
    return there.filter(enabled=True, **named)


def teammate_for(user: User, slug: str) -> Teammate:
    """The teammate, or 404: absent and not yours are the same."""
    return get_object_or_404(visible_teammates(user), slug=slug)


def team_for(user: User, slug: str) -> Team:
    found: Any = get_object_or_404(visible_teams(user), slug=slug)
    return found  # type: ignore[no-any-return]  # a queryset of two models


def workflow_for(user: User, slug: str) -> Workflow:
    found: Any = get_object_or_404(visible_workflows(user), slug=slug)
    return found  # type: ignore[no-any-return]  # a queryset of two models


def may_edit(user: User, performer: Performer) -> bool:
    """Staff change what is of the house, everybody else their own."""
    return user.is_staff if performer.owner is None else performer.owner == user
