"""The page of docs: what a door's description says, laid out for reading."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from ninja import NinjaAPI

from api.agentos.description import description as describe_agentos
from api.agentos.door import door as agentos
from api.m8tes.description import description as describe_m8tes
from api.m8tes.door import door as m8tes
from teammates.accounts import Request, signed_in

Said = dict[str, Any]
DOORS = {"m8tes": (describe_m8tes, m8tes), "agentos": (describe_agentos, agentos)}


@dataclass(frozen=True)
class Field:
    """A parameter, or a field of an object. `of` names the object that it is made of, where it is."""

    name: str
    kind: str
    of: str
    required: bool
    usual: str
    note: str
    place: str = ""


@dataclass(frozen=True)
class Answer:
    status: str
    media: str
    kind: str
    of: str


@dataclass(frozen=True)
class Route:
    """One method of one address."""

    name: str
    method: str
    path: str
    summary: str
    note: str
    scope: str
    needs_key: bool
    parameters: list[Field]
    body: list[Field]
    body_media: str
    answers: list[Answer]


@signed_in
@require_safe
def docs(request: Request, door: str = "m8tes") -> HttpResponse:
    title, server, groups, objects = chapters(*DOORS[door])
    context = {"title": title, "server": server, "groups": groups, "objects": objects, "door": door}
    return render(request, "config/docs.html", context)


@cache
def chapters(
    describe: Callable[[NinjaAPI], Said], door: NinjaAPI
) -> tuple[str, str, dict[str, list[Route]], dict[str, list[Field]]]:
    """The routes by tag, and the objects by name."""
    whole = describe(door)
    groups: dict[str, list[Route]] = {}
    for tag, route in routes(whole):
        groups.setdefault(tag, []).append(route)
    objects = {name: fields(schema) for name, schema in whole["components"]["schemas"].items()}
    return whole["info"]["title"], whole["servers"][0]["url"], groups, objects


def routes(whole: Said) -> Iterator[tuple[str, Route]]:
    for path, operations in whole["paths"].items():
        for method, said in operations.items():
            yield said["tags"][0], route(whole, method.upper(), path, said)


def route(whole: Said, method: str, path: str, said: Said) -> Route:
    media, schema = next(iter(said.get("requestBody", {"content": {"": {}}})["content"].items()))
    return Route(
        name=said["operationId"],
        method=method,
        path=path,
        summary=said["summary"],
        note=said.get("description", ""),
        scope=next(iter(said["security"][0]["ApiKey"]), "") if said.get("security") else "",
        needs_key=bool(said.get("security")),
        parameters=[parameter(one) for one in said.get("parameters", [])],
        body=fields(resolved(whole, schema.get("schema", {}))),
        body_media=media,
        answers=list(answers(said["responses"])),
    )


def answers(said: Said) -> Iterator[Answer]:
    for status, response in said.items():
        for media, content in response.get("content", {"": {}}).items():
            if status != "default":
                schema = content.get("schema", {})
                yield Answer(status, media, words(schema) if media == "application/json" else "", object_of(schema))


def parameter(said: Said) -> Field:
    return field(said["name"], said["schema"], required=said["required"], place=said["in"])


def fields(schema: Said) -> list[Field]:
    required = set(schema.get("required", []))
    return [field(name, one, required=name in required) for name, one in schema.get("properties", {}).items()]


def field(name: str, schema: Said, *, required: bool, place: str = "") -> Field:
    usual = "" if schema.get("default") is None else json.dumps(schema["default"])
    return Field(name, words(schema), object_of(schema), required, usual, schema.get("description", ""), place)


# --- a schema in a few words ---


def words(schema: Said) -> str:
    """`integer, 1 to 100`, `list of text`, `Run or null`."""
    if "$ref" in schema:
        return name_of(schema)
    if one_of := schema.get("anyOf"):
        return " or ".join(words(one) for one in one_of)
    if "const" in schema or "enum" in schema:
        return " | ".join(str(value) for value in schema.get("enum", [schema.get("const")]))
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {words(schema.get('items', {}))}"
    if "data" in schema.get("properties", {}):
        return f"a page of {words(schema['properties']['data']['items'])}"
    return bounded("text" if kind == "string" else kind if isinstance(kind, str) else " or ".join(kind), schema)


def bounded(kind: str, schema: Said) -> str:
    if schema.get("format") == "date-time":
        return "moment"
    low = schema.get("minimum", schema.get("minLength"))
    high = schema.get("maximum", schema.get("maxLength"))
    unit = " characters" if kind == "text" else ""
    if high is None:
        return kind
    return f"{kind}, {low} to {high}{unit}" if low is not None else f"{kind}, up to {high}{unit}"


def object_of(schema: Said) -> str:
    """The name of the object inside, however deep."""
    if "$ref" in schema:
        return name_of(schema)
    inner = [*schema.get("anyOf", []), schema.get("items", {}), schema.get("properties", {}).get("data", {})]
    return next((name for one in inner if one and (name := object_of(one))), "")


def resolved(whole: Said, schema: Said) -> Said:
    found: Said = whole["components"]["schemas"][name_of(schema)] if "$ref" in schema else schema
    return found


def name_of(schema: Said) -> str:
    return str(schema["$ref"]).rpartition("/")[2]
