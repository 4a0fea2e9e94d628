"""What becomes of a run afterwards: try it again, put it away, mark it as seen, share it (contract 2.5, 2.6)."""

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from ninja import Router

from api.auth import WRITE, Request
from api.m8tes.answers import answer, nothing
from api.m8tes.runs import RunId
from api.m8tes.scope import run_of
from api.m8tes.shapes import run_shape
from runs import shelf
from runs.again import retry_once

router = Router(tags=["runs"])


@router.post("/{run_id}/retry", auth=WRITE, summary="Try a failed or stopped run again, as a new one")
def retry(request: Request, run_id: RunId, confirm: bool = False, user_id: str | None = None) -> HttpResponse:
    """The new run, or the retry that is under way already."""
    run = run_of(request.auth, run_id, user_id)
    return answer(run_shape(retry_once(run, by=request.auth.user, confirmed=confirm)), 201)


@router.post("/{run_id}/archive", auth=WRITE, summary="Put a run away")
def archive(request: Request, run_id: RunId, user_id: str | None = None) -> HttpResponse:
    run = run_of(request.auth, run_id, user_id)
    shelf.archive(run)
    return answer(run_shape(run))


@router.post("/{run_id}/unarchive", auth=WRITE, summary="Bring a run back into the list")
def unarchive(request: Request, run_id: RunId, user_id: str | None = None) -> HttpResponse:
    run = run_of(request.auth, run_id, user_id)
    shelf.unarchive(run)
    return answer(run_shape(run))


@router.post("/{run_id}/view", auth=WRITE, summary="Mark a run as seen now")
def view(request: Request, run_id: RunId, user_id: str | None = None) -> HttpResponse:
    run = run_of(request.auth, run_id, user_id)
    shelf.view(run)
    return answer(run_shape(run))


@router.post("/{run_id}/share", auth=WRITE, summary="Make a link with which anybody reads message and answer")
def share(request: Request, run_id: RunId, user_id: str | None = None) -> HttpResponse:
    token = shelf.share(run_of(request.auth, run_id, user_id))
    page = reverse("shared", args=[token])
    address = f"{settings.PUBLIC_URL}{page}" if settings.PUBLIC_URL else request.build_absolute_uri(page)
    return answer({"share_token": token, "share_url": address})


@router.delete("/{run_id}/share", auth=WRITE, summary="Take the link back")
def unshare(request: Request, run_id: RunId, user_id: str | None = None) -> HttpResponse:
    shelf.unshare(run_of(request.auth, run_id, user_id))
    return nothing()
