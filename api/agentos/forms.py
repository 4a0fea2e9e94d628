"""What clients send about runs: forms, urlencoded or multipart, with fields that nobody foresaw (contract 2.2, 2.5)."""

import json
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Schema
from pydantic import BeforeValidator

from api.agentos.errors import Problem
from api.reading import Unreadable, check, read
from teammates.exact import finite, no_number, once

Given = Annotated[str | None, BeforeValidator(lambda value: value or None)]  # an empty field is none


class NewRun(Schema):
    message: Annotated[str, Field(min_length=1)]
    stream: bool = False
    session_id: Given = None
    user_id: Given = None
    version: Annotated[int | None, Field(ge=1, lt=2**31), BeforeValidator(lambda value: value or None)] = None
    background: bool = False
    stream_events: bool = True


class NewTreeRun(NewRun):
    """Of teams and workflows. `monitor` is taken, and changes nothing: every run is looked at."""

    stream: bool = True
    monitor: bool = True


class RunPage(Schema):
    limit: Annotated[int, Field(ge=1, le=200)] = 20
    page: Annotated[int, Field(ge=1, le=10**6)] = 1


class RunFilter(RunPage):
    session_id: Annotated[str, Field(min_length=1)]
    status: Literal["PENDING", "RUNNING", "PAUSED", "COMPLETED", "ERROR", "CANCELLED"] | None = None


class Continue(Schema):
    tools: str = ""
    requirements: str = ""
    step_requirements: str = ""
    session_id: Given = None
    user_id: Given = None
    stream: bool = True
    stream_events: bool = True


def extra(request: HttpRequest, name: str) -> dict[str, Any]:
    """One of the JSON fields; what is not a JSON object, or cannot be kept, is dropped in silence."""
    try:
        value: dict[str, Any] = read(request.POST.get(name, "").encode())
    except Unreadable:
        return {}
    return value


def items_in(text: str, field: str) -> list[Any]:
    """The decisions of a continue; 400 says what is wrong with them, and nothing changes."""
    if not text.strip():
        return []
    try:
        items = json.loads(text, parse_constant=no_number, parse_float=finite, object_pairs_hook=once)
        check(items)
    except (ValueError, RecursionError):
        raise Problem(400, f"Invalid JSON in {field} field") from None
    except Unreadable as error:
        raise Problem(400, f"{field}: {error}") from None
    if not isinstance(items, list):
        raise Problem(400, f"The {field} field must be a JSON array")
    return items
