"""What can be refused while nothing but the first lines of a request is known: its body is never read."""

import uuid

from csp.constants import HEADER
from csp.utils import build_policy
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import Resolver404
from ninja.errors import AuthenticationError

from api.agentos import cors, opening
from api.agentos.auth import NO_HEADER
from api.agentos.errors import answer_to as agentos_answer
from api.agentos.errors import problem as agentos
from api.m8tes.errors import answer_to as m8tes_answer
from api.middleware import door_of, limit_of, match_of, tidy, too_large
from api.routes import HOOKS

PUBLIC = {"/", "/health", "/info"}


def lacks_key(request: HttpRequest) -> bool:
    """Will a door want a key that is not there? Not asked of addresses that do not exist: they are 404 for all."""
    door = door_of(request)
    if door is None or tidy(request.path_info) in PUBLIC or request.path_info.startswith(HOOKS):
        return False
    if bears_key(request.META.get("HTTP_AUTHORIZATION", "")):
        return False
    try:
        match_of(request, door)
    except Resolver404:
        return False
    return True


def bears_key(authorization: str) -> bool:
    scheme, _, token = authorization.partition(" ")
    return scheme.lower() == "bearer" and bool(token.strip())


def may_do_without(request: HttpRequest) -> bool:
    """Is it worth a look at the keys, because the AgentOS door may stand open for this request?"""
    return door_of(request) is agentos and opening.may_open() and opening.is_direct(request)


def without_key(request: HttpRequest) -> HttpResponse:
    refused = AuthenticationError(401, NO_HEADER)
    answer = agentos_answer if door_of(request) is agentos else m8tes_answer
    return finished(request, answer(request, refused))


def oversized(request: HttpRequest) -> HttpResponse:
    """In the shape of the door; for a page as a page, or as plain words to whoever asked for no page."""
    told, door = too_large(request), door_of(request)
    if door is not None:
        return finished(request, door(request, 413, told, "too_large"))
    if "text/html" in request.headers.get("Accept", ""):
        return finished(request, oversized_page(request))
    return finished(request, HttpResponse(told, status=413, content_type="text/plain; charset=utf-8"))


def oversized_page(request: HttpRequest) -> HttpResponse:
    page = render_to_string("413.html", {"limit": limit_of(request.content_type) // 1024**2})
    return HttpResponse(page, status=413, headers={HEADER: build_policy()})


def finished(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """With the headers that the middleware would give it."""
    if door_of(request) is agentos:
        cors.add(request, response)
    response["Cache-Control"] = "no-store"
    response["X-Request-Id"] = request.META.setdefault("REQUEST_ID", uuid.uuid4().hex)
    return response
