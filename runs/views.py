"""The list of runs and the files that they left. Pages that show gates too are in `approvals`."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from runs import shelf, trees
from runs.access import run_for, visible_runs
from runs.models import RunFile, RunQuerySet
from runs.states import RUN_ENDED, RUN_LIVE, RunStatus
from teammates.access import visible_teammates
from teammates.accounts import Request, signed_in
from teammates.models import Teammate

PAGE = 30
DOWNLOAD = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
}

UNLISTED = {"X-Robots-Tag": "noindex, nofollow", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


@dataclass(frozen=True)
class Shown:
    """One view of the list: its word, and the runs in it."""

    key: str
    word: str
    which: Q


WAITS = Q(status=RunStatus.PAUSED) & (Q(open_gates__gt=0) | Q(gated_below=True) | Q(open_children=0))
SHOWN = [
    Shown("", "All", Q(status__in=[*RUN_LIVE, *RUN_ENDED])),
    Shown("waiting", "Needs you", WAITS),
    Shown("running", "Running", Q(status__in=RUN_LIVE) & ~WAITS),
    Shown("done", "Done", Q(status=RunStatus.COMPLETED)),
    Shown("failed", "Failed", Q(status=RunStatus.FAILED)),
    Shown("stopped", "Stopped", Q(status=RunStatus.CANCELLED)),
]


@signed_in
@require_safe
def run_list(request: Request) -> HttpResponse:
    """Newest first, a page at a time from a key, so that the hundredth page costs what the first does."""
    shown = next((one for one in SHOWN if one.key == request.GET.get("show", "")), SHOWN[0])
    visible = visible_runs(request.user).roots()
    slug = request.GET.get("teammate", "")
    teammate = named(request.user, slug) if slug else None
    found = filtered(visible, shown, teammate)
    before = request.GET.get("before", "")
    runs = list((found.filter(pk__lt=int(before)) if before.isdecimal() and len(before) < 19 else found)[: PAGE + 1])
    context: dict[str, Any] = {
        "runs": runs[:PAGE],
        "older": runs[PAGE - 1].pk if len(runs) > PAGE else None,
        "is_first": not before,
        "shown": shown,
        "views": SHOWN,
        "teammate": teammate,
        "elsewhere": not runs and visible.exists(),
    }
    return render(request, "runs/list.html", context)


def named(user: User, slug: str) -> Teammate | None:
    """The teammate, for those who may see it or a run of it; others are not even told its name."""
    has_run = Exists(visible_runs(user).filter(teammate=OuterRef("pk")))
    return Teammate.objects.filter(Q(pk__in=visible_teammates(user)) | has_run, slug=slug).first()


def filtered(runs: RunQuerySet, shown: Shown, teammate: Teammate | None) -> RunQuerySet:
    runs = runs.select_related("teammate", "team", "workflow", "owner").as_shown().order_by("-pk")
    if shown.key:
        runs = runs.filter(shown.which)
    return runs.filter(teammate=teammate) if teammate else runs


@signed_in
@require_safe
def run_file(request: Request, pk: int, file: int) -> HttpResponse:
    """Always a download: a page that a teammate wrote never opens beside ours."""
    found = get_object_or_404(run_for(request.user, pk).files, pk=file)
    return download(found)


@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """What a stranger with the link reads. Never kept and never found by a search."""
    run = get_object_or_404(shelf.shared(token).select_related("teammate", "team", "workflow"))
    files = trees.files_of(run)
    context = {
        "run": run,
        "given": [file for file in files if file.kind == RunFile.Kind.INPUT],
        "files": [file for file in files if file.kind == RunFile.Kind.OUTPUT],
    }
    response = render(request, "runs/shared.html", context)
    for name, value in UNLISTED.items():
        response[name] = value
    return response


def download(found: RunFile) -> HttpResponse:
    """The bytes, never shown in place; 404 when they are gone."""
    try:
        with found.content.open("rb") as content:
            response = HttpResponse(content.read(), content_type="application/octet-stream", headers=DOWNLOAD)
    except FileNotFoundError:  # replaced since its row was read
        raise Http404(f"{found.name} was written anew.") from None
    response["Content-Disposition"] = content_disposition_header(True, found.name)
    return response
