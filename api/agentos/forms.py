"""What clients send about runs: forms, urlencoded or multipart, with fields that nobody foresaw (contract 2.2, 2.5)."""

import json
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Schema
from pydantic import BeforeValidator

from api.agentos.errors import Problem

Given = Annotated[str | None, BeforeValidator(lambda value: value or None)]  # an empty field is none


class NewRun(Schema):
    message: Annotated[str, Field(min_length=1)]
    stream: bool = False
    session_id: Given = None
    user_id: Given = None
    version: Annotated[int | None, BeforeValidator(lambda value: value or None)] = None
    background: bool = False
    stream_events: bool = True


class Continue(Schema):
    tools: str = ""
    session_id: Given = None
    user_id: Given = None
    stream: bool = True
    stream_events: bool = True


def extra(request: HttpRequest, name: str) -> dict[str, Any]:
    """One of the JSON fields; what is not a JSON object is dropped in silence, as clients expect."""
    try:
        value = json.loads(request.POST.get(name, ""))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def tools_in(text: str) -> list[dict[str, Any]]:
    """The decisions of a continue; 400 says what is wrong with them, and nothing changes."""
    if not text.strip():
        return []
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        raise Problem(400, "Invalid JSON in tools field") from None
    if not isinstance(items, list):
        raise Problem(400, "The tools field must be a JSON array")
    return items
