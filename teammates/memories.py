"""What is remembered for an account or one of its end users, where a person or a client writes it themselves."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from teammates.accounts import alone
from teammates.errors import Refused
from teammates.models import Memory

LENGTH, FULL = 300, 200  # characters of one, and how many one scope holds


def scope_of(owner: User, user_id: str) -> QuerySet[Memory]:
    """Those of one end user, or with "" those of the account itself; never both."""
    return Memory.objects.filter(owner=owner, user_id=user_id)


def add(
    owner: User, user_id: str, text: str, audience: str = "", *, topics: Sequence[str] = (), longest: int = LENGTH
) -> Memory:
    """A memory for every teammate. `Refused` (exists, full) leaves all as it was."""
    alone(owner)
    known = scope_of(owner, user_id)
    text = fitting(text, longest)
    refuse_twice(known, text)
    if known.count() >= FULL:
        raise Refused(f"There are {FULL} memories here, and no more fit. Delete some.", code="full")
    return Memory.objects.create(owner=owner, user_id=user_id, text=text, audience=audience, topics=list(topics))


def correct(memory: Memory, *, longest: int = LENGTH, **fields: Any) -> Memory:
    """Give it another `text`, `audience` or `topics`. `Refused` (exists) where the scope has that text already."""
    if "text" in fields:
        alone(memory.owner)
        fields["text"] = fitting(fields["text"], longest)
        refuse_twice(scope_of(memory.owner, memory.user_id).exclude(pk=memory.pk), fields["text"])
    for name, value in fields.items():
        setattr(memory, name, value)
    memory.save(update_fields=[*fields, "updated_at"])
    return memory


def fitting(text: str, longest: int) -> str:
    text = text.strip()
    if not 1 <= len(text) <= longest:
        raise Refused(f"A memory has 1 to {longest} characters.", field="content")
    return text


def refuse_twice(known: QuerySet[Memory], text: str) -> None:
    if known.filter(text=text).exists():
        raise Refused("This is remembered already.", field="content", code="exists")
