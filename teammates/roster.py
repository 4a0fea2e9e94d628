"""The roster as a TOML file: `load` inserts or updates by id and touches nothing else, `dump` is its inverse."""

import tomllib
from typing import Annotated, Any, Literal, TypeVar

import tomli_w
from django.core.exceptions import ValidationError
from django.db import transaction
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic import ValidationError as BadShape

from teammates import performers, services
from teammates.models import HISTORY_MOST, Mode, Team, Teammate, Workflow
from teammates.performers import Performer
from teammates.tools.registry import registry

P = TypeVar("P", Teammate, Team, Workflow)
KINDS = {"teammates": "Teammate", "teams": "Team", "workflows": "Workflow"}


class RosterError(Exception):
    """The file is refused as a whole; the message names the teammate and the mend."""


class ToolEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    permission: Literal["", "allow", "ask", "deny"] = ""


def table_of_name(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,80}$")]


class TeammateEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    id: Slug
    name: Annotated[str, Field(min_length=1, max_length=120)]
    description: Annotated[str, Field(max_length=300)] = ""
    instructions: Annotated[str, Field(max_length=100_000)] = ""
    role: Annotated[str, Field(max_length=200)] = ""
    goals: Annotated[str, Field(max_length=10_000)] = ""
    model: Annotated[str, Field(max_length=120)] = ""
    effort: Literal["", "low", "medium", "high", "xhigh", "max"] = ""
    tools: list[Annotated[ToolEntry, BeforeValidator(table_of_name)]] = []
    permission_mode: Literal["autonomous", "approval", "plan"] = "approval"
    human_in_the_loop: bool = True
    enabled: bool = True
    history_runs: Annotated[int, Field(ge=0, le=HISTORY_MOST)] = 20

    @property
    def tool_rows(self) -> services.Tools:
        return [(tool.name, tool.permission) for tool in self.tools]


class TeamEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    id: Slug
    name: Annotated[str, Field(min_length=1, max_length=120)]
    description: Annotated[str, Field(max_length=300)] = ""
    instructions: Annotated[str, Field(max_length=100_000)] = ""
    model: Annotated[str, Field(max_length=120)] = ""
    mode: Literal["coordinate", "route", "broadcast", "tasks"] = "coordinate"
    permission_mode: Literal["autonomous", "approval", "plan"] = "autonomous"
    enabled: bool = True
    members: Annotated[list[str], Field(min_length=1)]


class WorkflowEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    id: Slug
    name: Annotated[str, Field(min_length=1, max_length=120)]
    description: Annotated[str, Field(max_length=300)] = ""
    input_schema: dict[str, Any] | None = None
    enabled: bool = True
    steps: Annotated[list[dict[str, Any]], Field(min_length=1)]


class RosterFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    teammates: list[TeammateEntry] = []
    teams: list[TeamEntry] = []
    workflows: list[WorkflowEntry] = []


def load(text: str) -> list[Performer]:
    """Write every teammate, team and workflow of the file, or none of them."""
    roster = parse(text)
    check_ids(roster)
    for entry in roster.teammates:
        check_tools(entry)
    with transaction.atomic():
        teammates = [write(entry) for entry in roster.teammates]
        teams = [write_team(entry) for entry in inner_first(roster.teams)]
        return [*teammates, *teams, *(write_workflow(entry) for entry in roster.workflows)]


def parse(text: str) -> RosterFile:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RosterError(f"This is not TOML: {error}.") from error
    try:
        return RosterFile.model_validate(tables)
    except BadShape as error:
        raise RosterError(in_words(error, tables)) from error


def in_words(error: BadShape, tables: dict[str, Any]) -> str:
    """The first thing that is wrong, with the teammate it is wrong in."""
    problem = error.errors(include_url=False)[0]
    place = list(problem["loc"])
    who = ""
    if len(place) > 1 and place[0] in KINDS and isinstance(place[1], int):
        who = called(KINDS[str(place[0])], tables[str(place[0])][place[1]], place[1]) + ": "
        place = place[2:]
    where = ".".join(str(part) for part in place)
    if problem["type"] == "extra_forbidden":
        return f"{who}“{where}” is not known here. Remove it or correct its spelling."
    return f"{who}“{where}”: {problem['msg']}."


def called(kind: str, table: Any, index: int) -> str:
    name = table.get("id") if isinstance(table, dict) else None
    return f"{kind} “{name}”" if isinstance(name, str) else f"{kind} number {index + 1}"


def check_ids(roster: RosterFile) -> None:
    """Teammates and teams share their ids: members and steps name either by it."""
    members = [*(one.id for one in roster.teammates), *(one.id for one in roster.teams)]
    for kind, ids in (("Teammate", members), ("Workflow", [one.id for one in roster.workflows])):
        if twice := next((slug for slug in ids if ids.count(slug) > 1), None):
            raise RosterError(f"{kind} “{twice}” is in the file twice. Give each its own id.")


def inner_first(teams: list[TeamEntry]) -> list[TeamEntry]:
    """Each team after the teams that are its members."""
    waiting, ordered = {team.id: team for team in teams}, []
    while waiting:
        ready = [team for team in waiting.values() if not (set(team.members) - {team.id}) & set(waiting)]
        if not ready:
            raise RosterError(f"Teams {', '.join(waiting)} are members of each other. A team cannot hold itself.")
        for team in ready:
            ordered.append(waiting.pop(team.id))
    return ordered


def write_team(entry: TeamEntry) -> Team:
    if Teammate.objects.filter(slug=entry.id).exists():
        raise RosterError(f"Team “{entry.id}”: a teammate has this id. Give the team its own.")
    team = of_the_house(Team, entry.id)
    for field, value in entry.model_dump(exclude={"id", "members"}).items():
        setattr(team, field, value)
    if entry.id in entry.members:
        raise RosterError(f"Team “{entry.id}”: it cannot be a member of itself.")
    members = [member_named(entry.id, slug) for slug in entry.members]
    try:
        performers.save_team(team, members)
    except ValidationError as error:
        raise RosterError(f"Team “{entry.id}”: {' '.join(error.messages)}") from error
    return team


def member_named(team: str, slug: str) -> Teammate | Team:
    found = Teammate.objects.filter(slug=slug).first() or Team.objects.filter(slug=slug).first()
    if found is None:
        raise RosterError(f"Team “{team}”: there is no teammate or team “{slug}”.")
    return found


def write_workflow(entry: WorkflowEntry) -> Workflow:
    workflow = of_the_house(Workflow, entry.id)
    for field, value in entry.model_dump(exclude={"id", "steps"}).items():
        setattr(workflow, field, value)
    workflow.definition = entry.steps
    try:
        performers.save_workflow(workflow)
    except ValidationError as error:
        raise RosterError(f"Workflow “{entry.id}”: {' '.join(error.messages)}") from error
    return workflow


def of_the_house(kind: type[P], slug: str) -> P:
    """The one of this id, out of the archive if it is there, or a new one."""
    if slug in services.RESERVED:
        raise RosterError(services.RESERVED_WORD.format(slug))
    found = kind._default_manager.filter(slug=slug).first() or kind(slug=slug)
    if found.owner_id is not None:
        raise RosterError(f"{kind.__name__} “{slug}” belongs to an account. Give the one of the house another id.")
    found.archived_at = None
    return found


def check_tools(entry: TeammateEntry) -> None:
    for name, _ in entry.tool_rows:
        if registry.given(name) is None:
            known = ", ".join(tool.name for tool in registry.all())
            raise RosterError(f"Teammate “{entry.id}”: there is no tool “{name}”. Known here: {known}.")


def write(entry: TeammateEntry) -> Teammate:
    teammate = of_the_house(Teammate, entry.id)
    unsaid = {"role", "goals", "effort"} - entry.model_fields_set  # files from before they could be there
    for field, value in entry.model_dump(exclude={"id", "tools", *unsaid}).items():
        setattr(teammate, field, value)
    try:
        services.save(teammate, entry.tool_rows)
    except ValidationError as error:
        raise RosterError(f"Teammate “{entry.id}”: {' '.join(error.messages)}") from error
    return teammate


def dump() -> str:
    """Every teammate, team and workflow of the house, in the order of their ids."""
    house = Teammate.objects.unarchived().filter(owner=None).order_by("slug").prefetch_related("tools")
    tables = {"teammates": [table_of(teammate) for teammate in house]}
    if teams := [table_of_team(team) for team in Team.objects.unarchived().filter(owner=None).order_by("slug")]:
        tables["teams"] = teams
    flows = Workflow.objects.unarchived().filter(owner=None).order_by("slug")
    if workflows := [table_of_workflow(workflow) for workflow in flows]:
        tables["workflows"] = workflows
    return tomli_w.dumps(tables, multiline_strings=True)


def table_of_team(team: Team) -> dict[str, Any]:
    table: dict[str, Any] = {"id": team.slug, "name": team.name}
    for field in ("description", "instructions", "model"):
        if getattr(team, field):
            table[field] = getattr(team, field)
    table |= {"mode": str(team.mode), "permission_mode": str(team.permission_mode)}
    if not team.enabled:
        table["enabled"] = False
    table["members"] = [member.slug for member in performers.members_of(team)]
    return table


def table_of_workflow(workflow: Workflow) -> dict[str, Any]:
    table: dict[str, Any] = {"id": workflow.slug, "name": workflow.name}
    if workflow.description:
        table["description"] = workflow.description
    if workflow.input_schema is not None:
        table["input_schema"] = workflow.input_schema
    if not workflow.enabled:
        table["enabled"] = False
    table["steps"] = workflow.definition
    return table


def table_of(teammate: Teammate) -> dict[str, Any]:
    """What `load` needs to make the same again; defaults are left out."""
    table: dict[str, Any] = {"id": teammate.slug, "name": teammate.name}
    for field in ("description", "instructions", "role", "goals", "model", "effort"):
        if getattr(teammate, field):
            table[field] = getattr(teammate, field)
    table["permission_mode"] = str(Mode(teammate.permission_mode))
    usual = Teammate()
    for field in ("human_in_the_loop", "enabled", "history_runs"):
        if getattr(teammate, field) != getattr(usual, field):
            table[field] = getattr(teammate, field)
    table["tools"] = [
        {"name": name, "permission": permission} if permission else name
        for name, permission in services.tools_of(teammate)
    ]
    return table
