"""Answers as bytes. ASCII, because clients cut lines at characters that JSON leaves as they are (contract 1.9)."""

import json
from datetime import datetime
from typing import Any

from django.http import HttpResponse


def answer(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(json.dumps(data), status=status, headers=headers, content_type="application/json")


def nothing() -> HttpResponse:
    return HttpResponse(status=204)


def iso(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
