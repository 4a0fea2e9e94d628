"""Lists in pages: `{data, meta}` (contract 6)."""

from collections.abc import Callable
from time import perf_counter
from typing import Annotated, Any, Literal

from django.db.models import QuerySet
from django.http import HttpResponse
from ninja import Field, Schema

from api.agentos.answers import answer

LARGEST = 1000
Limit = Annotated[int, Field(ge=1, le=LARGEST)]
Number = Annotated[int, Field(ge=0, le=10**9)]  # page 0 is the first one, too


class Page(Schema):
    limit: Limit = 20
    page: Number = 1

    def of(self, rows: "QuerySet[Any]") -> list[Any]:
        start = (max(self.page, 1) - 1) * self.limit
        return list(rows[start : start + self.limit])


class Sorted(Page):
    sort_by: str = "created_at"
    sort_order: Literal["asc", "desc"] = "desc"

    def order(self, rows: "QuerySet[Any]", columns: dict[str, str]) -> "QuerySet[Any]":
        """By one of the columns; by when it was made, where the client names another one."""
        column = columns.get(self.sort_by, "pk")
        return rows.order_by(*(f"-{name}" if self.sort_order == "desc" else name for name in (column, "pk")))


def page_of(rows: "QuerySet[Any]", page: Page, shapes: Callable[[list[Any]], list[dict[str, Any]]]) -> HttpResponse:
    """One page; `shapes` gets its rows together, so that what they need is read once."""
    began = perf_counter()
    total = rows.count()
    data = shapes(page.of(rows))
    meta = {
        "page": page.page,
        "limit": page.limit,
        "total_pages": -(-total // page.limit),
        "total_count": total,
        "search_time_ms": round((perf_counter() - began) * 1000, 2),
    }
    return answer({"data": data, "meta": meta})
