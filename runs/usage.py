"""What runs have used up in a calendar month, counted from their rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, FloatField, IntegerField, Max, Min, Q, QuerySet, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from runs.models import Run


@dataclass(frozen=True)
class Month:
    """A calendar month in UTC: its first moment, and the first of the next."""

    start: datetime
    end: datetime


def month_of(moment: datetime) -> Month:
    start = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    later = start.month == 12
    return Month(start, start.replace(year=start.year + later, month=1 if later else start.month + 1))


def begun_in(runs: "QuerySet[Run]", month: Month) -> "QuerySet[Run]":
    """Those of `runs` that began in the month; reads no older ones, because keys grow with time."""
    before = runs.filter(created_at__lt=month.start).order_by("-pk").values_list("pk", flat=True).first()
    return runs.filter(pk__gt=before or 0, created_at__lt=month.end)


def sums() -> dict[str, Any]:
    """Aggregates over runs: how many were asked for, the tokens of all, and what they cost where prices are set."""
    return {
        "runs": Count("pk", filter=Q(parent=None)),
        "input_tokens": total("prompt_tokens", IntegerField()),
        "output_tokens": total("completion_tokens", IntegerField()),
        "cost": total("cost", FloatField()),
        "first": Min("pk"),
        "last_at": Max("created_at"),
    }


def total(key: str, kind: "IntegerField[Any, Any] | FloatField[Any, Any]") -> Coalesce:
    return Coalesce(Sum(Cast(KeyTextTransform(key, "usage"), kind)), 0, output_field=kind)
