"""Memories of the account and of its end users; the two never mix (contract 2.8)."""

from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Field, Path, Query, Router, Schema

from api.auth import READ, WRITE, Request
from api.m8tes.answers import answer, iso, nothing
from api.m8tes.pages import Page, page_of
from api.m8tes.scope import end_user, one_of
from runs.locks import write
from teammates import memories
from teammates.models import Memory

router = Router(tags=["memories"])
MemoryId = Annotated[int, Path(ge=1, lt=2**63)]
Audience = Annotated[str, Field(max_length=40)]


class NewMemory(Schema):
    content: str
    user_id: Annotated[str, Field(max_length=200)] | None = None
    audience: Audience | None = None


class Correction(Schema):
    content: str | None = None
    audience: Audience | None = None


class MemoryFilter(Page):
    user_id: str | None = None
    query: str | None = None


@router.post("", auth=WRITE, summary="Remember something")
def create(request: Request, body: NewMemory) -> HttpResponse:
    with write():
        made = memories.add(request.auth.user, end_user(request.auth, body.user_id), body.content, body.audience or "")
    return answer(memory_shape(made), 201)


@router.get("", auth=READ, summary="List what is remembered in one scope, newest first")
def memory_list(request: Request, query: Query[MemoryFilter]) -> HttpResponse:
    """What teammates remembered themselves, too: `agent_instance_id` names the one that it is for."""
    rows = memories.scope_of(request.auth.user, query.user_id or "")
    if query.query:
        rows = rows.filter(text__icontains=query.query)
    return page_of(rows, query, memory_shape)


@router.patch("/{memory_id}", auth=WRITE, summary="Correct what is remembered")
def correct(request: Request, memory_id: MemoryId, body: Correction, user_id: str | None = None) -> HttpResponse:
    sent: dict[str, Any] = {"text": body.content, "audience": body.audience}
    with write():
        memory = memory_of(request, memory_id, user_id)
        memories.correct(memory, **{name: value for name, value in sent.items() if value is not None})
    return answer(memory_shape(memory))


@router.delete("/{memory_id}", auth=WRITE, summary="Forget")
def forget(request: Request, memory_id: MemoryId, user_id: str | None = None) -> HttpResponse:
    with write():
        memory_of(request, memory_id, user_id).delete()
    return nothing()


def memory_of(request: Request, pk: int, user_id: str | None) -> Memory:
    """Of exactly this scope: without a `user_id`, of the account's own."""
    mine = Memory.objects.filter(owner=request.auth.user).select_related("owner")
    memory: Memory = one_of(mine, pk, user_id or "", "memory")
    return memory


def memory_shape(memory: Memory) -> dict[str, Any]:
    return {
        "id": memory.pk,
        "user_id": memory.user_id or None,
        "content": memory.text,
        "source": "agent" if memory.teammate_id else "api",
        "agent_instance_id": memory.teammate_id,
        "audience": memory.audience or None,
        "scope": "teammate" if memory.teammate_id else memory.audience or "account",
        "created_at": iso(memory.created_at),
    }
