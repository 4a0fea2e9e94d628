"""JSON as clients of this door read it: UTF-8, but for the characters at which they cut lines (contract 1.3)."""

import json
from datetime import datetime
from typing import Any

from django.http import HttpResponse

encode = json.JSONEncoder(ensure_ascii=False).encode
CUTTING = str.maketrans({mark: f"\\u{ord(mark):04x}" for mark in "\u0085\u2028\u2029"})


def written(data: Any) -> str:
    """One line. The marks stand only inside strings, where their escapes mean the same."""
    text = encode(data)
    return text if text.isascii() else text.translate(CUTTING)


def answer(data: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(written(data).encode(), status=status, content_type="application/json")


def epoch(moment: datetime) -> int:
    return int(moment.timestamp())


def present(shape: dict[str, Any]) -> dict[str, Any]:
    """Without what is null: the original leaves it out, but inside of tools."""
    return {key: value for key, value in shape.items() if value is not None}


def iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def nothing() -> HttpResponse:
    return HttpResponse(status=204)
