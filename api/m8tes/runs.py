"""Runs: create, reply, list, look, cancel, files (contract 1.1-1.7, 1.10)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from django.db.models import Q
from django.http import FileResponse, Http404, HttpResponse
from ninja import Field, Path, Query, Router

from api.auth import FILES, READ, WRITE, Request
from api.idempotency import Begun, once
from api.m8tes.answers import answer
from api.m8tes.bodies import NewRun, Reply
from api.m8tes.pages import Page, page_of
from api.m8tes.scope import awaiting, end_user, run_of
from api.m8tes.shapes import STATUS, file_shape, run_shape
from api.m8tes.starting import begin
from api.m8tes.stream import new_stream, rejoined
from runs import services
from runs.models import Run, RunFile, RunQuerySet, WrongStatus
from runs.options import inherited
from runs.trees import files_of
from runs.uploads import Given
from runs.views import download
from teammates.prepared import Select

router = Router(tags=["runs"])
RunId = Annotated[int, Path(ge=1, lt=2**63)]


class RunFilter(Page):
    teammate_id: int | None = None
    agent_id: int | None = None
    user_id: str | None = None
    task_id: int | None = None
    status: str | None = None
    archived: Literal["exclude", "only", "include"] = "exclude"
    include_end_user_runs: bool = False
    sort: Literal["created", "priority"] = "created"


@router.post("", auth=WRITE, summary="Start a run")
def create(request: Request, body: NewRun) -> HttpResponse:
    asked = body.model_dump(exclude={"stream"})
    begun = once(request, request.auth.user, "runs", asked, lambda: begin(request.auth, body))
    return told(begun, stream=body.stream)


@router.post("/{run_id}/reply", auth=WRITE, summary="Go on in the same conversation, as a new run")
def reply(request: Request, run_id: RunId, body: Reply, user_id: str | None = None) -> HttpResponse:
    original = run_of(request.auth, run_id, user_id)
    asked = {**body.model_dump(exclude={"stream"}), "run": run_id}
    begun = once(request, request.auth.user, "reply", asked, lambda: follow_up(original, body, request))
    return told(begun, stream=body.stream)


def follow_up(original: Run, body: Reply, request: Request, files: Sequence[Given] = ()) -> Run:
    end_user(request.auth, original.user_id)
    options = inherited(original)
    if body.tools is not None:
        options = replace(options, tools=body.tools)
    return services.reply(
        original,
        body.message,
        by=request.auth.user,
        permission_mode=body.permission_mode,
        human_in_the_loop=body.human_in_the_loop,
        options=options,
        files=files,
    )


def told(begun: Begun, *, stream: bool) -> HttpResponse:
    """A replay is always JSON, its id first, because clients name the run from the first bytes (contract 1.2)."""
    run, headers = begun.run, {"X-Run-Id": str(begun.run.pk)}
    if begun.replayed:
        return answer(run_shape(run), headers={**headers, "Idempotent-Replay": "true"})
    return new_stream(run) if stream else answer(run_shape(run), 201, headers)


@router.get("", auth=READ, summary="List runs, newest first")
def run_list(request: Request, query: Query[RunFilter]) -> HttpResponse:
    if query.status not in (None, *STATUS.values()):
        return page_of([], query, run_shape)
    given: dict[str, Any] = {
        "user_id": query.user_id or "" if query.user_id is not None or not query.include_end_user_runs else None,
        "teammate__id": query.agent_id if query.teammate_id is None else query.teammate_id,
        "task__id": query.task_id,
        "after": query.starting_after,
    }
    fixed = {name: value for name, value in given.items() if value is not None}
    if query.sort == "priority":
        found = urgent_first(query, owner=request.auth.user.pk, **fixed)
    else:
        found = listed(query.status, query.archived, query.limit + 1, owner=request.auth.user.pk, **fixed)
    return page_of(found, query, run_shape)


@Select
def listed(status: str | None, archived: str, limit: int, owner: Any, **given: Any) -> RunQuerySet:
    return chosen(status, archived, owner, **given).order_by("-pk")[:limit]


def chosen(status: str | None, archived: str, owner: Any, after: Any = None, **fixed: Any) -> RunQuerySet:
    runs = Run.objects.of_account(owner).roots().filter(**fixed)
    if after is not None:
        runs = runs.filter(pk__lt=after)
    if status is not None:
        runs = of_status(runs, status)
    if archived != "include":
        runs = runs.filter(Q(archived_at=None) if archived == "exclude" else ~Q(archived_at=None))
    return runs


def urgent_first(query: RunFilter, after: int | None = None, **fixed: Any) -> list[Run]:
    """Those that wait for a person, then the others, each newest first: what follows the run `after` in this order."""
    runs = chosen(query.status, query.archived, **fixed)
    waiting = awaiting(runs)
    others = runs.exclude(pk__in=waiting.values("pk"))
    if after is not None and waiting.filter(pk=after).exists():
        waiting = waiting.filter(pk__lt=after)
    elif after is not None:
        waiting, others = waiting.none(), others.filter(pk__lt=after)
    found = list(waiting.order_by("-pk")[: query.limit + 1])
    return found + list(others.order_by("-pk")[: query.limit + 1 - len(found)])


def of_status(runs: RunQuerySet, word: str) -> RunQuerySet:
    if word == "awaiting_approval":
        return awaiting(runs)
    if word == "running":
        return runs.live().exclude(pk__in=awaiting(runs).values("pk"))
    return runs.filter(status__in=[ours for ours, theirs in STATUS.items() if theirs == word])


@router.get("/{run_id}", auth=READ, summary="Look at a run")
def detail(request: Request, run_id: RunId, user_id: str | None = None) -> HttpResponse:
    run = run_of(request.auth, run_id, user_id)
    return answer(run_shape(run, outputs(run)))


def outputs(run: Run) -> list[RunFile]:
    """Of a team or a workflow: what anybody in it wrote."""
    return [file for file in files_of(run) if file.kind == RunFile.Kind.OUTPUT]


@router.post("/{run_id}/cancel", auth=WRITE, summary="Stop a run")
def cancel(request: Request, run_id: RunId, user_id: str | None = None) -> HttpResponse:
    """The run as it is now; one that had ended stays as it ended."""
    run = run_of(request.auth, run_id, user_id)
    try:
        services.cancel(run, by=request.auth.user)
    except WrongStatus:
        run.refresh_from_db()
    return answer(run_shape(run))


@router.get("/{run_id}/stream", auth=READ, summary="The whole run again, then live")
def stream(request: Request, run_id: RunId, user_id: str | None = None) -> HttpResponse:
    return rejoined(run_of(request.auth, run_id, user_id))


@router.get("/{run_id}/files", auth=READ, summary="What the run wrote")
def files(request: Request, run_id: RunId, user_id: str | None = None) -> HttpResponse:
    return answer([file_shape(file) for file in outputs(run_of(request.auth, run_id, user_id))])


@router.get("/{run_id}/files/{path:name}/download", auth=FILES, summary="One file, as it is")
def file(
    request: Request, run_id: RunId, name: Annotated[str, Field(max_length=1000)], user_id: str | None = None
) -> HttpResponse | FileResponse:
    found = next((file for file in outputs(run_of(request.auth, run_id, user_id)) if file.name == name), None)
    if found is None:
        raise Http404(f"Run {run_id} has no file {name!r}.")
    return download(found)
