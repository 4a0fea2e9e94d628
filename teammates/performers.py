"""Teams and workflows: how they are written, and what a run of them keeps of their definition."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from teammates.models import Member, Revision, Team, Teammate, Workflow
from teammates.prepared import Select
from teammates.steps import Step, Steps, performers_in, tools_in

Performer = Teammate | Team | Workflow
DEPTH_LIMIT = 5  # of performers within performers
KEPT = 100  # definitions of workflows that are kept as they were read
_read: dict[tuple[int, datetime], list[Step]] = {}


@dataclass(frozen=True)
class Reference:
    """A teammate or a team by its id, as members and steps name it."""

    kind: str
    slug: str


def find(reference: Reference) -> Teammate | Team | None:
    rows: Any = Teammate.objects if reference.kind == "teammate" else Team.objects
    found: Teammate | Team | None = rows.filter(slug=reference.slug, archived_at=None).first()
    return found


@transaction.atomic
def save_team(team: Team, members: Iterable[Teammate | Team]) -> Revision | None:
    """Write the team with its members in this order; give the new revision if there is one.

    `ValidationError` and nothing written when it would hold itself, nest too deeply, or a field does not fit.
    """
    team.full_clean()
    found = list(members)
    if not found or found != members_of(team):  # who is in it already may stay
        check_members(team, found)
    team.save()
    team.members.all().delete()
    Member.objects.bulk_create(
        Member(
            team=team,
            position=place,
            teammate=one if isinstance(one, Teammate) else None,
            member_team=one if isinstance(one, Team) else None,
        )
        for place, one in enumerate(found)
    )
    return _revise("team", team.pk, team_definition(team, found))


def members_of(team: Team) -> list[Teammate | Team]:
    return [one.performer for one in team.members.select_related("teammate", "member_team")] if team.pk else []


def check_members(team: Team, found: list[Teammate | Team]) -> None:
    """`ValidationError` when these cannot be the members of this team."""
    if not found:
        raise ValidationError({"members": "A team needs at least one member."})
    slugs = [one.slug for one in found]
    if len(set(slugs)) < len(slugs):
        raise ValidationError({"members": "Name each member once."})
    for one in found:
        if one.owner_id not in (None, team.owner_id):
            raise ValidationError({"members": f"{one.name} belongs to another account than the team."})
        if isinstance(one, Team):
            _check_nesting(team, one, 1)


def _check_nesting(team: Team, within: Team, depth: int) -> None:
    if within.slug == team.slug:
        raise ValidationError({"members": f"{team.name} cannot be a member of itself."})
    if depth >= DEPTH_LIMIT:
        raise ValidationError({"members": f"Teams may be nested {DEPTH_LIMIT} deep."})
    for member in within.members.select_related("member_team"):
        if member.member_team:
            _check_nesting(team, member.member_team, depth + 1)


@transaction.atomic
def save_workflow(workflow: Workflow) -> Revision | None:
    """Write the workflow and give the new revision if there is one; `ValidationError` names the step that is wrong."""
    workflow.full_clean()
    steps = check_steps(workflow.definition)
    workflow.save()
    return _revise("workflow", workflow.pk, workflow_definition(workflow, steps))


def check_steps(definition: Any) -> list[Step]:
    """The steps, whose teammates, teams and tools are all there; `ValidationError` names the first that is not."""
    steps = Steps.read(definition)
    for reference in performers_in(steps):
        if find(Reference(*reference)) is None:
            raise ValidationError({"definition": f"There is no {reference[0]} “{reference[1]}”."})
    return steps


def team_definition(team: Team, members: list[Teammate | Team]) -> dict[str, Any]:
    return {
        "slug": team.slug,
        "name": team.name,
        "instructions": team.instructions,
        "model": team.model,
        "mode": team.mode,
        "members": [described(one) for one in members],
        "tools": [],
    }


def workflow_definition(workflow: Workflow, steps: list[Any]) -> dict[str, Any]:
    found = [one for reference in performers_in(steps) if (one := find(Reference(*reference)))]
    return {
        "slug": workflow.slug,
        "name": workflow.name,
        "instructions": "",
        "model": "",
        "input_schema": workflow.input_schema,
        "steps": workflow.definition,
        "members": [described(one) for one in found],
        "tools": [{"name": name, "permission": ""} for name in tools_in(steps)],
    }


def steps_of(revision: Revision) -> list[Step]:
    """The steps of a workflow as a run keeps them; nobody changes these objects.

    They were checked when they were kept: a tool that is gone since fails the step that needs it.
    """
    key = (revision.pk, revision.made_at)
    if (steps := _read.get(key)) is None:
        if len(_read) >= KEPT:
            _read.clear()
        steps = _read[key] = Steps.adapter.validate_python(revision.definition["steps"])
    return steps


def described(one: Teammate | Team) -> dict[str, Any]:
    kind = "team" if isinstance(one, Team) else "teammate"
    return {"kind": kind, "id": one.slug, "name": one.name, "description": one.description}


def _revise(kind: str, pk: int, definition: dict[str, Any]) -> Revision | None:
    """Keep the definition as it now is, unless the latest revision says the same."""
    latest = Revision.objects.filter(kind=kind, performer=pk).order_by("number").last()
    if latest and latest.definition == definition:
        return None
    number = latest.number + 1 if latest else 1
    return Revision.objects.create(kind=kind, performer=pk, number=number, definition=definition)


def kind_of(performer: Performer) -> str:
    if isinstance(performer, Teammate):
        return "teammate"
    return "team" if isinstance(performer, Team) else "workflow"


def newest_revision(performer: Performer) -> Revision:
    """The one that a new run starts with."""
    found = _newest.first(kind=kind_of(performer), performer=performer.pk)
    if found is None:
        raise Revision.DoesNotExist(f"{performer} was never saved by its service")
    return found


@Select
def _newest(kind: Any, performer: Any) -> "QuerySet[Revision]":
    return Revision.objects.filter(kind=kind, performer=performer).order_by("-number")[:1]
