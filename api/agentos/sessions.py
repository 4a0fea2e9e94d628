"""Sessions: conversations by the client's own id, with their runs (contract 6). They are the pages' conversations."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpResponse
from ninja import Field, Query, Router, Schema

from api.agentos.answers import answer, nothing
from api.agentos.auth import READ, WRITE, Request
from api.agentos.errors import Problem
from api.agentos.flat import flat_runs, page_of_runs, with_rows
from api.agentos.forms import RunPage
from api.agentos.ids import uuid_of
from api.agentos.kinds import AGENT, KINDS
from api.agentos.pages import Sorted, page_of
from api.agentos.performing import performer_of
from api.agentos.session_shapes import detail_shape, list_shapes
from runs import sessions
from runs.locks import write
from runs.models import Run, RunQuerySet, Session
from teammates.prepared import Select

router = Router(tags=["sessions"])
Kind = Literal["agent", "team", "workflow"]
State = dict[str, Any]
SORTED = {"updated_at": "updated_at", "session_name": "name", "session_id": "key"}
Moment = Annotated[int, Field(ge=0, le=253_402_300_799)]  # in seconds


class Which(Schema):
    """Which of the sessions with this id: those of other kinds and of other end users are not there."""

    type: Kind = "agent"
    user_id: str | None = None


class SessionFilter(Sorted):
    type: Kind = "agent"
    component_id: str | None = None
    user_id: str | None = None
    session_name: str | None = None


class NewSession(Schema):
    session_id: str | None = None
    session_name: str | None = None
    session_state: State | None = None
    metadata: State | None = None
    user_id: str | None = None
    agent_id: str | None = None
    team_id: str | None = None
    workflow_id: str | None = None


class SessionChange(Schema):
    session_name: str | None = None
    session_state: State | None = None
    metadata: State | None = None
    summary: State | None = None


class SessionName(Schema):
    session_name: Annotated[str, Field(min_length=1)]


class SessionIds(Schema):
    session_ids: Annotated[list[str], Field(min_length=1, max_length=1000)]
    session_types: Annotated[list[Kind], Field(min_length=1, max_length=1000)]


class RunsOf(Which, RunPage):
    created_after: Moment | None = None
    created_before: Moment | None = None


def sessions_of(request: Request) -> "QuerySet[Session]":
    return Session.objects.filter(owner=request.auth.user, hidden=False)


def session_of(request: Request, key: str, which: Which) -> Session:
    """The session, or `Http404`: of this kind, and of this end user where one is given."""
    session = _session.first(owner=request.auth.user, key=key, kind=which.type)
    if session is None or (which.user_id and session.user_id != which.user_id):
        raise Http404("Session not found")
    return session


@Select
def _session(owner: Any, key: Any, kind: Any) -> "QuerySet[Session]":
    found = Session.objects.filter(owner=owner, hidden=False, key=key, kind=kind)
    return found.select_related("teammate", "owner")[:1]


@router.get("", auth=READ, summary="List sessions")
def session_list(request: Request, query: Query[SessionFilter]) -> HttpResponse:
    return page_of(query.order(filtered(request, query), SORTED), query, list_shapes)


def filtered(request: Request, query: SessionFilter) -> "QuerySet[Session]":
    rows = sessions_of(request).filter(kind=query.type)
    runs = Run.objects.filter(session=OuterRef("pk"))
    if query.user_id:
        rows = rows.filter(user_id=query.user_id)
    if query.component_id:
        own, slug = Q(teammate__slug=query.component_id), query.component_id
        by = Q(teammate__slug=slug) | Q(team__slug=slug) | Q(workflow__slug=slug)
        rows = rows.filter(own | Exists(runs.filter(by, parent=None)))
    if query.session_name:
        rows = rows.annotate(opening=Subquery(runs.order_by("pk").values("message")[:1]))
        named = Q(name__icontains=query.session_name)
        rows = rows.filter(named | Q(name="", opening__icontains=query.session_name))
    return rows


@router.post("", auth=WRITE, summary="Begin a session")
def create(request: Request, body: NewSession, query: Query[Which]) -> HttpResponse:
    """409 when there is one with this id."""
    kind = next(kind for kind in KINDS if kind.word == query.type)
    slug = getattr(body, f"{kind.word}_id")
    performer = performer_of(request, kind, slug) if slug else None
    session = sessions.begin(
        request.auth.user,
        body.session_id or "",
        user_id=body.user_id or "",
        name=body.session_name or "",
        session_state=body.session_state or {},
        metadata=body.metadata or {},
        kind=kind.session,
        teammate=performer if kind is AGENT else None,
    )
    return answer(detail_shape(session), 201)


@router.delete("", auth=WRITE, summary="Delete sessions")
def delete_many(request: Request, body: SessionIds, user_id: str | None = None) -> HttpResponse:
    """All of them in one transaction; those that are not there are deleted already."""
    if len(body.session_ids) != len(body.session_types):
        raise Problem(400, "Give one of session_types for each of session_ids.")
    with write(durable=True):
        for key, kind in zip(body.session_ids, body.session_types, strict=True):
            remove(request, sessions_of(request).filter(key=key, kind=kind), user_id)
    return nothing()


def remove(request: Request, rows: "QuerySet[Session]", user_id: str | None) -> None:
    for session in rows.filter(user_id=user_id) if user_id else rows:
        sessions.delete(session, by=request.auth.user)


@router.get("/{session_id}", auth=READ, summary="Look at a session")
def detail(request: Request, session_id: str, query: Query[Which]) -> HttpResponse:
    return answer(detail_shape(session_of(request, session_id, query)))


@router.patch("/{session_id}", auth=WRITE, summary="Change a session")
def change(request: Request, session_id: str, body: SessionChange, query: Query[Which]) -> HttpResponse:
    sent = {
        "name": body.session_name,
        "session_state": body.session_state,
        "metadata": body.metadata,
        "summary": body.summary,
    }
    session = session_of(request, session_id, query)
    return answer(detail_shape(sessions.change(session, **{name: v for name, v in sent.items() if v is not None})))


@router.post("/{session_id}/rename", auth=WRITE, summary="Rename a session")
def rename(request: Request, session_id: str, body: SessionName, query: Query[Which]) -> HttpResponse:
    return answer(detail_shape(sessions.change(session_of(request, session_id, query), name=body.session_name)))


@router.delete("/{session_id}", auth=WRITE, summary="Delete a session")
def delete(request: Request, session_id: str, user_id: str | None = None) -> HttpResponse:
    """With its runs; those that live are stopped. What is not there is deleted already."""
    remove(request, sessions_of(request).filter(key=session_id), user_id)
    return nothing()


@router.get("/{session_id}/runs", auth=READ, summary="List the runs of a session")
def run_list(request: Request, session_id: str, query: Query[RunsOf]) -> HttpResponse:
    """Oldest first; of a long session the newest `limit`, and with `page` those before them."""
    session = session_of(request, session_id, query)
    runs = runs_in(session)
    if query.created_after is not None:
        runs = runs.filter(created_at__gte=datetime.fromtimestamp(query.created_after, UTC))
    if query.created_before is not None:
        runs = runs.filter(created_at__lte=datetime.fromtimestamp(query.created_before, UTC))
    return answer(page_of_runs(session, runs, query.limit, query.page))


def runs_in(session: Session) -> RunQuerySet:
    return Run.objects.roots().filter(session=session)


@router.get("/{session_id}/runs/{run_id}", auth=READ, summary="Look at a run of a session")
def run(request: Request, session_id: str, run_id: str, query: Query[Which]) -> HttpResponse:
    session = session_of(request, session_id, query)
    if found := flat_runs(session, with_rows(runs_in(session).filter(uuid=uuid_of(run_id)))):
        return answer(found[0])
    raise Http404("Run not found")
