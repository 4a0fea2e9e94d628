"""Lists: one page at a time, newest first, from a key (contract 0.6)."""

from collections.abc import Callable
from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import HttpResponse
from ninja import Field, Schema

from api.m8tes.answers import answer


class Page(Schema):
    """The query of every list; `starting_after` is the id of the last item that the client has."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    starting_after: int | None = None


def page_of(rows: "QuerySet[Any] | list[Any]", page: Page, shape: Callable[[Any], dict[str, Any]]) -> HttpResponse:
    """One page of `rows` by id, newest first; or of those of the page that were found, with one more if there is.

    Costs the same wherever it is in the list.
    """
    if isinstance(rows, QuerySet):
        if page.starting_after is not None:
            rows = rows.filter(pk__lt=page.starting_after)
        rows = list(rows.order_by("-pk")[: page.limit + 1])
    found = rows
    data = [shape(row) for row in found[: page.limit]]
    more = len(found) > page.limit
    return answer({"data": data, "has_more": more, "next_starting_after": data[-1]["id"] if more else None})


def whole(data: list[dict[str, Any]]) -> HttpResponse:
    """A list that is never long, as one page."""
    return answer({"data": data, "has_more": False, "next_starting_after": None})
