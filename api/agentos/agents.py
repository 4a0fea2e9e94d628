"""Agents and their runs: list, start, look, continue, cancel (contract 2)."""

from typing import Annotated

from django.http import HttpResponse
from ninja import Form, Path, Query, Router

from api.agentos.answers import answer
from api.agentos.auth import DECIDE, READ, WRITE, Request
from api.agentos.forms import Continue, NewRun, RunFilter
from api.agentos.kinds import AGENT
from api.agentos.performing import cancelled, continued, created, listed, performer_of, run_of, runs_listed
from api.agentos.shapes import agent_shape
from api.agentos.streams import whole

router = Router(tags=["agents"])
Slug = Annotated[str, Path(max_length=200)]
SessionId = Annotated[str, Query(min_length=1)]


@router.get("", auth=READ, summary="List agents")
def agents(request: Request) -> HttpResponse:
    return listed(request, AGENT, agent_shape)


@router.get("/{agent_id}", auth=READ, summary="Look at an agent")
def agent(request: Request, agent_id: Slug) -> HttpResponse:
    return answer(agent_shape(performer_of(request, AGENT, agent_id)))


@router.get("/{agent_id}/runs", auth=READ, summary="List an agent's runs of a session")
def run_list(request: Request, agent_id: Slug, query: Query[RunFilter]) -> HttpResponse:
    return runs_listed(request, AGENT, agent_id, query)


@router.post("/{agent_id}/runs", auth=WRITE, summary="Start a run")
def create_run(request: Request, agent_id: Slug, form: Form[NewRun]) -> HttpResponse:
    return created(request, AGENT, agent_id, form)


@router.get("/{agent_id}/runs/{run_id}", auth=READ, summary="Look at a run")
def run(request: Request, agent_id: Slug, run_id: str, session_id: SessionId) -> HttpResponse:
    return answer(whole(run_of(request, AGENT, agent_id, run_id, session_id)))


@router.post("/{agent_id}/runs/{run_id}/cancel", auth=WRITE, summary="Stop a run")
def cancel(request: Request, agent_id: Slug, run_id: str, session_id: str | None = None) -> HttpResponse:
    return cancelled(request, AGENT, agent_id, run_id, session_id)


@router.post("/{agent_id}/runs/{run_id}/continue", auth=DECIDE, summary="Decide what waits, or attach")
def continue_run(request: Request, agent_id: Slug, run_id: str, form: Form[Continue]) -> HttpResponse:
    return continued(request, AGENT, agent_id, run_id, form)
