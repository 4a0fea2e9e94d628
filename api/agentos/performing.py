"""What can be done about runs at this door, the same for agents, teams and workflows (contract 2-4)."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse

from api.agentos.answers import answer
from api.agentos.auth import Request
from api.agentos.deciding import attached, decide_all
from api.agentos.errors import Problem
from api.agentos.flat import page_of_runs
from api.agentos.forms import Continue, NewRun, RunFilter, extra, items_in
from api.agentos.ids import uuid_of
from api.agentos.kinds import AGENT, WORKFLOW, Kind
from api.agentos.shapes import STATUS
from api.agentos.step_requirements import items_in as items_of_requirements
from api.agentos.step_requirements import items_of_steps
from api.agentos.streams import ALONE, RELATED, streamed, waited
from api.agentos.uploads import received
from approvals.selectors import gates_in_tree
from runs import services
from runs.locks import write
from runs.models import Run, Session, WrongStatus
from runs.options import Options
from runs.sessions import open_session
from teammates.models import Revision
from teammates.performers import Performer
from teammates.prepared import Select


def listed(request: Request, kind: Kind, shape: Callable[[Any], dict[str, Any]]) -> HttpResponse:
    return answer([shape(one) for one in kind.rows(request.auth.user).filter(enabled=True)])


def performer_of(request: Request, kind: Kind, slug: str, *, archived: bool = False) -> Any:
    found = _performer.first(kind, archived, account=request.auth.user, slug=slug)
    if found is None:
        raise Http404(f"{kind.title} not found")
    return found


@Select
def _performer(kind: Kind, archived: bool, account: Any, slug: Any) -> "QuerySet[Any]":
    return kind.rows(account, archived=archived).filter(slug=slug)


def run_of(
    request: Request, kind: Kind, slug: str, run_id: str, session_id: str | None, user_id: str | None = None
) -> Run:
    """The run, or `Http404`: of this performer, and of this session and end user where they are given."""
    performer = performer_of(request, kind, slug, archived=True)
    given: dict[str, Any] = {"session": session_id, "user": user_id}
    within = {name: value for name, value in given.items() if value}
    found = _run.first(kind, performer=performer, account=request.auth.user, uuid=uuid_of(run_id), **within)
    if found is None:
        raise Http404("Run not found")
    return found


@Select
def _run(kind: Kind, performer: Any, account: Any, uuid: Any, session: Any = None, user: Any = None) -> "QuerySet[Run]":
    runs = Run.objects.of_account(account).filter(**{kind.field: performer}, uuid=uuid)
    if kind is not AGENT:
        runs = runs.exclude(parent__workflow__isnull=False, workflow__isnull=False)  # a branch is no run outside
    if session is not None:
        runs = runs.filter(session__key=session)
    if user is not None:
        runs = runs.filter(user_id=user)
    return runs.select_related(*(ALONE if kind is AGENT else RELATED))


def runs_listed(request: Request, kind: Kind, slug: str, query: RunFilter) -> HttpResponse:
    """Flat, as `/sessions/{id}/runs` gives them; a session that nobody knows has none."""
    performer, mine = performer_of(request, kind, slug, archived=True), {"owner": request.auth.user, "hidden": False}
    session = Session.objects.filter(**mine, kind=kind.session, key=query.session_id).first()
    if session is None:
        return answer([])
    runs = Run.objects.roots().filter(**{kind.field: performer}, session=session)
    if query.status:
        runs = runs.filter(status__in=[ours for ours, theirs in STATUS.items() if theirs == query.status])
    return answer(page_of_runs(session, runs, query.limit, query.page))


def created(request: Request, kind: Kind, slug: str, form: NewRun) -> HttpResponse:
    run = begin(request, kind, performer_of(request, kind, slug), form)
    if form.background:
        told = {"run_id": str(run.uuid), "session_id": run.session.key, "status": "PENDING"}
        return answer(told, 202)
    return streamed(run, only_content=not form.stream_events) if form.stream else waited(request, run)


def begin(request: Request, kind: Kind, performer: Performer, form: NewRun) -> Run:
    """Open the session and start the run in it, both or none; the files that came along are kept with it."""
    with received(request) as files, write():
        if kind is WORKFLOW and files:
            raise Problem(400, "A workflow takes no files.")
        session = open_session(
            request.auth.user,
            form.session_id or "",
            user_id=form.user_id or "",
            kind=kind.session,
            state=extra(request, "session_state"),
        )
        return services.start(
            owner=request.auth.user,
            teammate=performer,
            message=form.message,
            human_in_the_loop=True,
            session=session,
            revision=revision_of(kind, performer, form.version),
            options=options_of(request, session.user_id or str(getattr(performer, "user_id", ""))),
            files=files,
        )


def options_of(request: Request, user_id: str) -> Options:
    return Options(
        user_id=user_id,
        metadata=extra(request, "metadata"),
        dependencies=extra(request, "dependencies"),
        output_schema=extra(request, "output_schema") or None,
    )


def revision_of(kind: Kind, performer: Performer, version: int | None) -> Revision | None:
    if version is None:
        return None
    found = Revision.objects.filter(kind=kind.field, performer=performer.pk, number=version).first()
    if found is None:
        raise Http404(f"{kind.title} {performer.slug} has no version {version}")
    return found


def cancelled(request: Request, kind: Kind, slug: str, run_id: str, session_id: str | None) -> HttpResponse:
    """Always `{}`: a run that had ended, or that nobody knows, stays as it is."""
    performer_of(request, kind, slug, archived=True)
    with suppress(Http404, WrongStatus):
        services.cancel(run_of(request, kind, slug, run_id, session_id), by=request.auth.user)
    return answer({})


def continued(request: Request, kind: Kind, slug: str, run_id: str, form: Continue) -> HttpResponse:
    """With decisions: take them. Without: tell what has happened since the last pause was left."""
    tools, requirements = items_in(form.tools, "tools"), items_in(form.requirements, "requirements")
    steps = items_in(form.step_requirements, "step_requirements")
    run = run_of(request, kind, slug, run_id, form.session_id, form.user_id)
    items = [*tools, *items_of_requirements(requirements)]
    if steps:
        items += items_of_steps(run, steps, gates_in_tree(run))
    after = decide_all(run, items, request.auth.user) if items or steps else attached(run)
    return streamed(run, after, only_content=not form.stream_events) if form.stream else waited(request, run, after)
