"""What is read anew while a run goes on: permissions and people may be taken away at any moment, and some given."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from runs.models import Run
from teammates.models import Permission, PermissionRule, TeammateTool
from teammates.performers import Performer
from teammates.prepared import Select
from teammates.tools.registry import Tool


def mode_of(run: Run) -> str:
    """A person may have switched it."""
    (mode,) = _mode(pk=run.pk)
    return mode


def denied_to(run: Run) -> set[str]:
    """Tools that the teammate may not use now: a permission of a run that has begun may be taken away, never given."""
    return set(_denied(teammate=run.teammate_id)) if run.teammate_id else set()


def stands(run: Run, tool: Tool) -> bool:
    """Is there a standing permission? It may be given, or taken back, while the run goes on."""
    return bool(_rules(owner=run.owner_id, user=run.user_id, tool=tool.name))


def is_enabled(performer: Performer) -> bool:
    return bool(_enabled(type(performer), pk=performer.pk))


def asker_is_active(run: Run) -> bool:
    """May the account that asked for the run still ask for anything?"""
    return bool(_active(pk=run.requested_by_id))


@Select
def _mode(pk: Any) -> "QuerySet[Run, str]":
    return Run.objects.filter(pk=pk).values_list("permission_mode", flat=True)


@Select
def _denied(teammate: Any) -> "QuerySet[TeammateTool, str]":
    denied = TeammateTool.objects.filter(teammate_id=teammate, permission=Permission.DENY)
    return denied.values_list("tool", flat=True)


@Select
def _rules(owner: Any, user: Any, tool: Any) -> "QuerySet[PermissionRule, int]":
    return PermissionRule.objects.filter(owner_id=owner, user_id=user, tool=tool).values_list("pk", flat=True)


@Select
def _enabled(kind: type[Performer], pk: Any) -> "QuerySet[Any, int]":
    return kind._default_manager.filter(pk=pk, enabled=True).values_list("pk", flat=True)


@Select
def _active(pk: Any) -> "QuerySet[User, int]":
    return User.objects.filter(pk=pk, is_active=True).values_list("pk", flat=True)
