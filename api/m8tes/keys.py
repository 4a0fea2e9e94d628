"""API keys: a key manages itself and the keys that it made, one with `admin:*` all of its account (contract 3)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, TypeVar

from django.http import Http404, HttpResponse
from django.utils.timezone import now
from ninja import Field, Path, Router, Schema

from api.auth import ANY, Caller, Request
from api.m8tes.answers import answer, iso
from api.m8tes.errors import Problem
from runs.locks import write
from teammates import keys
from teammates.models import ApiKey

router = Router(tags=["keys"])
KeyId = Annotated[int, Path(ge=1, lt=2**63)]
LISTED = 200  # the newest; more are a matter for the settings page
STATUS = {"too_many_keys": 429, "missing_scope": 403, "key_not_active": 409}

T = TypeVar("T")


class NewKey(Schema):
    name: Annotated[str, Field(min_length=1, max_length=120)]
    expires_in_days: Annotated[int, Field(ge=1, le=3650)] | None = None


@router.get("", auth=ANY, summary="The key that this request came with")
def info(request: Request) -> HttpResponse:
    return answer({"has_key": True, "prefix": prefix(request.auth.key)})


@router.post("", auth=ANY, summary="Make a key; its text is in this answer only")
def create(request: Request, body: NewKey) -> HttpResponse:
    ends = now() + timedelta(days=body.expires_in_days) if body.expires_in_days else None
    key, text = managed(lambda: keys.make_by(request.auth.key, body.name, ends))
    return answer(made_shape(key, text), 201)


@router.delete("", auth=ANY, summary="Revoke the key that this request came with, and those that it made")
def revoke_own(request: Request) -> HttpResponse:
    managed(lambda: keys.revoke(request.auth.key))
    return answer({"has_key": False, "prefix": None})


@router.get("/all", auth=ANY, summary="The keys that this key manages, newest first")
def every(request: Request) -> HttpResponse:
    rows = keys.manageable(request.auth.key).select_related("owner").order_by("-pk")[:LISTED]
    return answer([key_shape(key) for key in rows])


@router.post("/rotate", auth=ANY, summary="A new text for the key that this request came with")
def rotate_own(request: Request) -> HttpResponse:
    key = request.auth.key
    text = managed(lambda: keys.rotate(key, by=key))
    return answer(made_shape(key, text))


@router.post("/{key_id}/rotate", auth=ANY, summary="A new text for a key; the old one opens nothing any more")
def rotate(request: Request, key_id: KeyId) -> HttpResponse:
    key = key_of(request.auth, key_id)
    text = managed(lambda: keys.rotate(key, by=request.auth.key))
    return answer(made_shape(key, text))


@router.delete("/{key_id}", auth=ANY, summary="Revoke a key, and those that it made")
def revoke(request: Request, key_id: KeyId) -> HttpResponse:
    key = key_of(request.auth, key_id)
    managed(lambda: keys.revoke(key))
    return answer(key_shape(key))


def key_of(caller: Caller, pk: int) -> ApiKey:
    found = keys.manageable(caller.key).select_related("owner").filter(pk=pk).first()
    if found is None:
        raise Http404(f"There is no key {pk} that this key manages.")
    return found


def managed(act: Callable[[], T]) -> T:
    try:
        with write():
            return act()
    except keys.KeyRefused as refused:
        raise Problem(STATUS[refused.code], str(refused), refused.code) from None


def prefix(key: ApiKey) -> str:
    return f"sayso_{key.key_id}"


def key_shape(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.pk,
        "name": key.name,
        "prefix": prefix(key),
        "scopes": key.scopes,
        "active": keys.is_usable(key),
        "created_at": iso(key.created_at),
        "last_used_at": iso(key.last_used_at),
        "expires_at": iso(key.expires_at),
    }


def made_shape(key: ApiKey, text: str) -> dict[str, Any]:
    return {"id": key.pk, "name": key.name, "api_key": text, "prefix": prefix(key), "expires_at": iso(key.expires_at)}
