"""Agents and their runs: list, start, look, continue, cancel (contract 2)."""

from contextlib import suppress
from typing import Annotated

from django.http import Http404, HttpResponse
from ninja import Form, Path, Query, Router

from api.agentos.answers import answer
from api.agentos.auth import DECIDE, READ, WRITE, Request
from api.agentos.deciding import decide_all, last_of
from api.agentos.errors import Problem
from api.agentos.flat import page_of_runs
from api.agentos.forms import Continue, NewRun, RunFilter, extra, tools_in
from api.agentos.ids import uuid_of
from api.agentos.shapes import STATUS, agent_shape
from api.agentos.streams import RELATED, streamed, waited, whole
from api.agentos.uploads import received
from runs import services
from runs.locks import write
from runs.models import Run, Session, SessionKind, WrongStatus
from runs.options import Options
from runs.sessions import open_session
from runs.states import RunStatus
from teammates.models import Revision, Teammate, TeammateQuerySet

router = Router(tags=["agents"])
Slug = Annotated[str, Path(max_length=200)]


def agents_of(request: Request) -> TeammateQuerySet:
    return Teammate.objects.of_account(request.auth.user).unarchived().prefetch_related("tools")


def agent_of(request: Request, slug: str) -> Teammate:
    found = agents_of(request).filter(slug=slug).first()
    if found is None:
        raise Http404("Agent not found")
    return found


def run_of(request: Request, agent: Teammate, run_id: str, session_id: str | None, user_id: str | None = None) -> Run:
    """The run, or `Http404`: of this agent, and of this session and end user where they are given."""
    runs = Run.objects.of_account(request.auth.user).filter(teammate=agent, uuid=uuid_of(run_id))
    if session_id:
        runs = runs.filter(session__key=session_id)
    if user_id:
        runs = runs.filter(user_id__in=("", user_id))
    found = runs.select_related(*RELATED).first()
    if found is None:
        raise Http404("Run not found")
    return found


@router.get("", auth=READ, summary="List agents")
def agents(request: Request) -> HttpResponse:
    return answer([agent_shape(agent) for agent in agents_of(request).filter(enabled=True)])


@router.get("/{agent_id}", auth=READ, summary="Look at an agent")
def agent(request: Request, agent_id: Slug) -> HttpResponse:
    return answer(agent_shape(agent_of(request, agent_id)))


@router.get("/{agent_id}/runs", auth=READ, summary="List an agent's runs of a session")
def run_list(request: Request, agent_id: Slug, query: Query[RunFilter]) -> HttpResponse:
    """Flat, as `/sessions/{id}/runs` gives them; a session that nobody knows has none."""
    agent, mine = agent_of(request, agent_id), {"owner": request.auth.user, "hidden": False}
    session = Session.objects.filter(**mine, kind=SessionKind.AGENT, key=query.session_id).first()
    if session is None:
        return answer([])
    runs = Run.objects.filter(session=session, teammate=agent)
    if query.status:
        runs = runs.filter(status__in=[ours for ours, theirs in STATUS.items() if theirs == query.status])
    return answer(page_of_runs(session, runs, query.limit, query.page))


@router.post("/{agent_id}/runs", auth=WRITE, summary="Start a run")
def create_run(request: Request, agent_id: Slug, form: Form[NewRun]) -> HttpResponse:
    run = begin(request, agent_of(request, agent_id), form)
    if form.background:
        told = {"run_id": str(run.uuid), "session_id": run.session.key, "status": "PENDING"}
        return answer(told, 202)
    return streamed(run, only_content=not form.stream_events) if form.stream else waited(run)


def begin(request: Request, agent: Teammate, form: NewRun) -> Run:
    """Open the session and start the run in it, both or none; the files that came along are kept with it."""
    with received(request) as files, write():
        session = open_session(
            request.auth.user,
            form.session_id or "",
            user_id=form.user_id or "",
            state=extra(request, "session_state"),
        )
        return services.start(
            owner=request.auth.user,
            teammate=agent,
            message=form.message,
            human_in_the_loop=True,
            session=session,
            revision=revision_of(agent, form.version),
            options=options_of(request, session.user_id),
            files=files,
        )


def options_of(request: Request, user_id: str) -> Options:
    return Options(
        user_id=user_id,
        metadata=extra(request, "metadata"),
        dependencies=extra(request, "dependencies"),
        output_schema=extra(request, "output_schema") or None,
    )


def revision_of(agent: Teammate, version: int | None) -> Revision | None:
    if version is None:
        return None
    found = Revision.objects.filter(kind="teammate", performer=agent.pk, number=version).first()
    if found is None:
        raise Http404(f"Agent {agent.slug} has no version {version}")
    return found


@router.get("/{agent_id}/runs/{run_id}", auth=READ, summary="Look at a run")
def run(request: Request, agent_id: Slug, run_id: str, session_id: Annotated[str, Query(min_length=1)]) -> HttpResponse:
    return answer(whole(run_of(request, agent_of(request, agent_id), run_id, session_id)))


@router.post("/{agent_id}/runs/{run_id}/cancel", auth=WRITE, summary="Stop a run")
def cancel(request: Request, agent_id: Slug, run_id: str, session_id: str | None = None) -> HttpResponse:
    """Always `{}`: a run that had ended, or that nobody knows, stays as it is."""
    agent = agent_of(request, agent_id)
    with suppress(Http404, WrongStatus):
        services.cancel(run_of(request, agent, run_id, session_id), by=request.auth.user)
    return answer({})


@router.post("/{agent_id}/runs/{run_id}/continue", auth=DECIDE, summary="Decide what waits, or attach")
def continue_run(request: Request, agent_id: Slug, run_id: str, form: Form[Continue]) -> HttpResponse:
    """With decisions: take them. Without: tell what has happened since the last pause was left."""
    items = tools_in(form.tools)
    run = run_of(request, agent_of(request, agent_id), run_id, form.session_id, form.user_id)
    since = decide_all(run, items, request.auth.user) if items else last_resumed(run)
    return streamed(run, since - 1, only_content=not form.stream_events) if form.stream else waited(run, since - 1)


def last_resumed(run: Run) -> int:
    """Where somebody who decides nothing here attaches: a decision from elsewhere has let the run go on."""
    if run.status == RunStatus.PAUSED:
        raise Problem(400, "The run waits for decisions: send its tools. Nothing was decided.")
    if since := last_of(run, "run.resumed"):
        return since
    raise Problem(409, f"The run is not paused: it is {run.status}.")
