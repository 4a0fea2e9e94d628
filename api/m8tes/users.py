"""End users: profiles under the client's own names, and what each may use up (contract 2.12)."""

from typing import Annotated, Any

from django.http import Http404, HttpResponse
from ninja import Field, Query, Router, Schema

from api.auth import READ, WRITE, Request
from api.m8tes.answers import answer, iso, nothing
from api.m8tes.pages import Page, page_of
from runs.locks import write
from teammates import end_users
from teammates.models import EndUser

router = Router(tags=["users"])
Limit = Annotated[int, Field(ge=0, lt=2**31)]
LIMITS = ("run_limit", "cost_limit_cents", "rate_per_minute")


class Profile(Schema):
    name: Annotated[str, Field(max_length=200)] | None = None
    email: Annotated[str, Field(max_length=320)] | None = None
    company: Annotated[str, Field(max_length=200)] | None = None
    metadata: dict[str, Any] | None = None
    run_limit: Limit | None = None
    cost_limit_cents: Limit | None = None
    rate_per_minute: Limit | None = None

    def fields(self) -> dict[str, Any]:
        """What was sent. Null takes a limit away; anywhere else it is as good as absent."""
        sent = self.model_dump(exclude_unset=True, exclude={"user_id"})
        return {name: value for name, value in sent.items() if value is not None or name in LIMITS}


class NewUser(Profile):
    user_id: Annotated[str, Field(min_length=1, max_length=200)]


@router.post("", auth=WRITE, summary="Make an end user known")
def create(request: Request, body: NewUser) -> HttpResponse:
    with write():
        user = end_users.add(request.auth.user, body.user_id, **body.fields())
    return answer(user_shape(user), 201)


@router.get("", auth=READ, summary="List end users, newest first")
def user_list(request: Request, query: Query[Page]) -> HttpResponse:
    return page_of(EndUser.objects.filter(owner=request.auth.user), query, user_shape)


@router.get("/{path:user_id}", auth=READ, summary="Look at an end user")
def detail(request: Request, user_id: str) -> HttpResponse:
    return answer(user_shape(user_of(request, user_id)))


@router.patch("/{path:user_id}", auth=WRITE, summary="Change what is sent, and nothing else")
def change(request: Request, user_id: str, body: Profile) -> HttpResponse:
    with write():
        user = end_users.change(user_of(request, user_id), **body.fields())
    return answer(user_shape(user))


@router.delete("/{path:user_id}", auth=WRITE, summary="Forget an end user; runs and memories stay")
def delete(request: Request, user_id: str) -> HttpResponse:
    with write():
        user_of(request, user_id).delete()
    return nothing()


def user_of(request: Request, user_id: str) -> EndUser:
    found = EndUser.objects.filter(owner=request.auth.user, user_id=user_id).first()
    if found is None:
        raise Http404(f"There is no user {user_id!r}.")
    return found


def user_shape(user: EndUser) -> dict[str, Any]:
    return {
        "id": user.pk,
        "user_id": user.user_id,
        "name": user.name or None,
        "email": user.email or None,
        "company": user.company or None,
        "metadata": user.metadata,
        **{name: getattr(user, name) for name in LIMITS},
        "created_at": iso(user.created_at),
        "updated_at": iso(user.updated_at),
    }
