"""Memories, by end user (contract 6): the rows that teammates recall, and the m8tes door's too."""

from typing import Annotated, Any

from django.db.models import Count, Max, QuerySet
from django.http import Http404, HttpResponse
from ninja import Field, Query, Router, Schema

from api.agentos.answers import answer, iso, nothing
from api.agentos.auth import READ, WRITE, Request
from api.agentos.pages import Page, Sorted, page_of
from runs.locks import write
from teammates import memories
from teammates.models import Memory

router = Router(tags=["memories"])
LONGEST = 2000
SORTED = {"updated_at": "updated_at", "user_id": "user_id", "memory_id": "pk"}
UserId = Annotated[str, Field(max_length=200)]
Topics = Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=50)]


class Remembered(Schema):
    memory: str
    user_id: UserId | None = None
    topics: Topics | None = None


class MemoryFilter(Sorted):
    user_id: str | None = None
    agent_id: str | None = None
    team_id: str | None = None
    topics: list[str] = []
    search_content: str | None = None
    sort_by: str = "updated_at"


class MemoryIds(Schema):
    memory_ids: Annotated[list[str], Field(min_length=1, max_length=1000)]
    user_id: str | None = None


def memories_of(request: Request, user_id: str | None) -> "QuerySet[Memory]":
    """All of the account, or those of one end user."""
    rows = Memory.objects.filter(owner=request.auth.user).select_related("teammate", "owner")
    return rows.filter(user_id=user_id) if user_id else rows


def memory_of(request: Request, memory_id: str, user_id: str | None) -> Memory:
    found = memories_of(request, user_id).filter(pk__in=numbers([memory_id])).first()
    if found is None:
        raise Http404("Memory not found")
    return found


def numbers(ids: list[str]) -> list[int]:
    """Those that can be ours."""
    return [int(text) for text in ids if text.isascii() and text.isdecimal() and len(text) < 19]


@router.post("/memories", auth=WRITE, summary="Remember something")
def create(request: Request, body: Remembered) -> HttpResponse:
    """For every teammate. Without a `user_id` for the account itself; 409 when it is remembered already."""
    with write():
        made = memories.add(
            request.auth.user, body.user_id or "", body.memory, topics=body.topics or [], longest=LONGEST
        )
    return answer(memory_shape(made))


@router.get("/memories", auth=READ, summary="List memories")
def memory_list(request: Request, query: Query[MemoryFilter]) -> HttpResponse:
    rows = memories_of(request, query.user_id)
    if query.agent_id:
        rows = rows.filter(teammate__slug=query.agent_id)
    if query.search_content:
        rows = rows.filter(text__icontains=query.search_content)
    if query.team_id:
        rows = rows.none()
    if wanted := {topic for part in query.topics for topic in part.split(",") if topic}:
        rows = rows.filter(pk__in=[pk for pk, topics in rows.values_list("pk", "topics") if wanted <= set(topics)])
    return page_of(query.order(rows, SORTED), query, lambda page: [memory_shape(memory) for memory in page])


@router.delete("/memories", auth=WRITE, summary="Forget several")
def forget_many(request: Request, body: MemoryIds) -> HttpResponse:
    """What is not there is forgotten already."""
    with write():
        memories_of(request, body.user_id).filter(pk__in=numbers(body.memory_ids)).delete()
    return nothing()


@router.get("/memories/{memory_id}", auth=READ, summary="Look at a memory")
def memory(request: Request, memory_id: str, user_id: str | None = None) -> HttpResponse:
    return answer(memory_shape(memory_of(request, memory_id, user_id)))


@router.patch("/memories/{memory_id}", auth=WRITE, summary="Correct a memory")
def correct(request: Request, memory_id: str, body: Remembered) -> HttpResponse:
    changes: dict[str, Any] = {"text": body.memory} | ({} if body.topics is None else {"topics": body.topics})
    with write():
        found = memory_of(request, memory_id, body.user_id)
        memories.correct(found, longest=LONGEST, **changes)
    return answer(memory_shape(found))


@router.delete("/memories/{memory_id}", auth=WRITE, summary="Forget")
def forget(request: Request, memory_id: str, user_id: str | None = None) -> HttpResponse:
    with write():
        memories_of(request, user_id).filter(pk__in=numbers([memory_id])).delete()
    return nothing()


@router.get("/memory_topics", auth=READ, summary="List all topics")
def topics(request: Request, user_id: str | None = None) -> HttpResponse:
    every = memories_of(request, user_id).values_list("topics", flat=True)
    return answer(sorted({topic for topics in every for topic in topics}))


@router.get("/user_memory_stats", auth=READ, summary="Count what is remembered of each end user")
def stats(request: Request, query: Query[Page]) -> HttpResponse:
    """The last one of whom something was learned comes first."""
    rows = Memory.objects.filter(owner=request.auth.user).exclude(user_id="").values("user_id")
    counted = rows.annotate(count=Count("pk"), last=Max("updated_at")).order_by("-last", "user_id")
    return page_of(counted, query, lambda page: [stats_shape(row) for row in page])


def stats_shape(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "user_id": row["user_id"],
        "total_memories": row["count"],
        "last_memory_updated_at": iso(row["last"]),
    }


def memory_shape(memory: Memory) -> dict[str, Any]:
    return {
        "memory_id": str(memory.pk),
        "memory": memory.text,
        "topics": memory.topics,
        "agent_id": memory.teammate.slug if memory.teammate else None,
        "team_id": None,
        "user_id": memory.user_id or None,
        "updated_at": iso(memory.updated_at),
    }
