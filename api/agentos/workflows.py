"""Workflows and their runs: list, start, look, continue, cancel (contract 4)."""

from django.http import HttpResponse
from ninja import Form, Query, Router

from api.agentos.agents import SessionId, Slug
from api.agentos.answers import answer
from api.agentos.auth import DECIDE, READ, WRITE, Request
from api.agentos.forms import Continue, NewTreeRun, RunFilter
from api.agentos.kinds import WORKFLOW
from api.agentos.performer_shapes import workflow_detail, workflow_shape
from api.agentos.performing import cancelled, continued, created, listed, performer_of, run_of, runs_listed
from api.agentos.streams import whole

router = Router(tags=["workflows"])


@router.get("", auth=READ, summary="List workflows")
def workflows(request: Request) -> HttpResponse:
    return listed(request, WORKFLOW, workflow_shape)


@router.get("/{workflow_id}", auth=READ, summary="Look at a workflow")
def workflow(request: Request, workflow_id: Slug) -> HttpResponse:
    return answer(workflow_detail(performer_of(request, WORKFLOW, workflow_id)))


@router.get("/{workflow_id}/runs", auth=READ, summary="List a workflow's runs of a session")
def run_list(request: Request, workflow_id: Slug, query: Query[RunFilter]) -> HttpResponse:
    return runs_listed(request, WORKFLOW, workflow_id, query)


@router.post("/{workflow_id}/runs", auth=WRITE, summary="Start a run")
def create_run(request: Request, workflow_id: Slug, form: Form[NewTreeRun]) -> HttpResponse:
    return created(request, WORKFLOW, workflow_id, form)


@router.get("/{workflow_id}/runs/{run_id}", auth=READ, summary="Look at a run")
def run(request: Request, workflow_id: Slug, run_id: str, session_id: SessionId) -> HttpResponse:
    return answer(whole(run_of(request, WORKFLOW, workflow_id, run_id, session_id)))


@router.post("/{workflow_id}/runs/{run_id}/cancel", auth=WRITE, summary="Stop a run")
def cancel(request: Request, workflow_id: Slug, run_id: str, session_id: str | None = None) -> HttpResponse:
    return cancelled(request, WORKFLOW, workflow_id, run_id, session_id)


@router.post("/{workflow_id}/runs/{run_id}/continue", auth=DECIDE, summary="Decide what waits, or attach")
def continue_run(request: Request, workflow_id: Slug, run_id: str, form: Form[Continue]) -> HttpResponse:
    return continued(request, WORKFLOW, workflow_id, run_id, form)
