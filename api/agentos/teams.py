"""Teams and their runs: list, start, look, continue, cancel (contract 3)."""

from django.http import HttpResponse
from ninja import Form, Query, Router

from api.agentos.agents import SessionId, Slug
from api.agentos.answers import answer
from api.agentos.auth import DECIDE, READ, WRITE, Request
from api.agentos.forms import Continue, NewTreeRun, RunFilter
from api.agentos.kinds import TEAM
from api.agentos.performer_shapes import team_shape
from api.agentos.performing import cancelled, continued, created, listed, performer_of, run_of, runs_listed
from api.agentos.streams import whole

router = Router(tags=["teams"])


@router.get("", auth=READ, summary="List teams")
def teams(request: Request) -> HttpResponse:
    return listed(request, TEAM, team_shape)


@router.get("/{team_id}", auth=READ, summary="Look at a team")
def team(request: Request, team_id: Slug) -> HttpResponse:
    return answer(team_shape(performer_of(request, TEAM, team_id)))


@router.get("/{team_id}/runs", auth=READ, summary="List a team's runs of a session")
def run_list(request: Request, team_id: Slug, query: Query[RunFilter]) -> HttpResponse:
    return runs_listed(request, TEAM, team_id, query)


@router.post("/{team_id}/runs", auth=WRITE, summary="Start a run")
def create_run(request: Request, team_id: Slug, form: Form[NewTreeRun]) -> HttpResponse:
    return created(request, TEAM, team_id, form)


@router.get("/{team_id}/runs/{run_id}", auth=READ, summary="Look at a run")
def run(request: Request, team_id: Slug, run_id: str, session_id: SessionId) -> HttpResponse:
    return answer(whole(run_of(request, TEAM, team_id, run_id, session_id)))


@router.post("/{team_id}/runs/{run_id}/cancel", auth=WRITE, summary="Stop a run")
def cancel(request: Request, team_id: Slug, run_id: str, session_id: str | None = None) -> HttpResponse:
    return cancelled(request, TEAM, team_id, run_id, session_id)


@router.post("/{team_id}/runs/{run_id}/continue", auth=DECIDE, summary="Decide what waits, or attach")
def continue_run(request: Request, team_id: Slug, run_id: str, form: Form[Continue]) -> HttpResponse:
    return continued(request, TEAM, team_id, run_id, form)
