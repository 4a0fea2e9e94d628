"""Who may see and who may change a teammate."""

from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404

from teammates.models import Teammate, TeammateQuerySet


def visible_teammates(user: User) -> TeammateQuerySet:
    return Teammate.objects.of_the_house_or(user).unarchived().select_related("owner").prefetch_related("tools")


def teammate_for(user: User, slug: str) -> Teammate:
    """The teammate, or 404: absent and not yours are the same."""
    return get_object_or_404(visible_teammates(user), slug=slug)


def may_edit(user: User, teammate: Teammate) -> bool:
    """Staff change the teammates of the house, everybody else their own."""
    return user.is_staff if teammate.owner is None else teammate.owner == user
