"""Teammates as a TOML file: `load` inserts or updates by id and touches nothing else, `dump` is its inverse."""

import tomllib
from typing import Annotated, Any, Literal

import tomli_w
from django.core.exceptions import ValidationError
from django.db import transaction
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic import ValidationError as BadShape

from teammates import services
from teammates.models import Mode, Teammate
from teammates.tools.registry import registry


class RosterError(Exception):
    """The file is refused as a whole; the message names the teammate and the mend."""


class ToolEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    permission: Literal["", "allow", "ask", "deny"] = ""


def table_of_name(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class TeammateEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,80}$")]
    name: Annotated[str, Field(min_length=1, max_length=120)]
    description: Annotated[str, Field(max_length=300)] = ""
    instructions: Annotated[str, Field(max_length=100_000)] = ""
    model: Annotated[str, Field(max_length=120)] = ""
    tools: list[Annotated[ToolEntry, BeforeValidator(table_of_name)]] = []
    permission_mode: Literal["autonomous", "approval", "plan"] = "approval"
    human_in_the_loop: bool = True
    enabled: bool = True
    history_runs: Annotated[int, Field(ge=0, le=1000)] = 20

    @property
    def tool_rows(self) -> services.Tools:
        return [(tool.name, tool.permission) for tool in self.tools]


class RosterFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    teammates: list[TeammateEntry] = []


def load(text: str) -> list[Teammate]:
    """Write every teammate of the file, or none of them."""
    roster = parse(text)
    check_ids(roster)
    for entry in roster.teammates:
        check_tools(entry)
    with transaction.atomic():
        return [write(entry) for entry in roster.teammates]


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
    if len(place) > 1 and place[0] == "teammates" and isinstance(place[1], int):
        who = called(tables["teammates"][place[1]], place[1]) + ": "
        place = place[2:]
    where = ".".join(str(part) for part in place)
    if problem["type"] == "extra_forbidden":
        return f"{who}“{where}” is not known here. Remove it or correct its spelling."
    return f"{who}“{where}”: {problem['msg']}."


def called(table: Any, index: int) -> str:
    name = table.get("id") if isinstance(table, dict) else None
    return f"Teammate “{name}”" if isinstance(name, str) else f"Teammate number {index + 1}"


def check_ids(roster: RosterFile) -> None:
    ids = [entry.id for entry in roster.teammates]
    if twice := next((slug for slug in ids if ids.count(slug) > 1), None):
        raise RosterError(f"Teammate “{twice}” is in the file twice. Give each its own id.")


def check_tools(entry: TeammateEntry) -> None:
    for name, _ in entry.tool_rows:
        if registry.get(name) is None:
            known = ", ".join(tool.name for tool in registry.all())
            raise RosterError(f"Teammate “{entry.id}”: there is no tool “{name}”. Known here: {known}.")


def write(entry: TeammateEntry) -> Teammate:
    teammate = Teammate.objects.filter(slug=entry.id).first() or Teammate(slug=entry.id)
    for field, value in entry.model_dump(exclude={"id", "tools"}).items():
        setattr(teammate, field, value)
    try:
        services.save(teammate, entry.tool_rows)
    except ValidationError as error:
        raise RosterError(f"Teammate “{entry.id}”: {' '.join(error.messages)}") from error
    return teammate


def dump() -> str:
    """Every teammate of the house that is not archived, in the order of their ids."""
    house = Teammate.objects.unarchived().filter(owner=None).order_by("slug").prefetch_related("tools")
    return tomli_w.dumps({"teammates": [table_of(teammate) for teammate in house]}, multiline_strings=True)


def table_of(teammate: Teammate) -> dict[str, Any]:
    """What `load` needs to make the same again; defaults are left out."""
    table: dict[str, Any] = {"id": teammate.slug, "name": teammate.name}
    for field in ("description", "instructions", "model"):
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
