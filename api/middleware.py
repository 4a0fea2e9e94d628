"""Where requests to the doors leave the pages' way: no session, no cookie, no redirect, errors in the door's shape."""

from collections.abc import Callable
from functools import partial
from time import monotonic

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import Resolver404, ResolverMatch

from api import audit
from api.agentos import cors, opening
from api.agentos.errors import problem as agentos
from api.m8tes.errors import problem as m8tes
from api.reading import whole_form
from api.routes import HOOKS, M8TES, route_of
from api.streams import Held

GetResponse = Callable[[HttpRequest], HttpResponseBase]
Refuse = Callable[..., HttpResponse]  # (request, status, message, code, base)

ALIASES = {f"{M8TES}/teammates": f"{M8TES}/agents", f"{M8TES}/teammate-templates": f"{M8TES}/agent-templates"}
# First parts of the AgentOS door's addresses, those too that are not built: they are not pages.
AGENTOS = {
    "agents", "teams", "workflows", "sessions", "memories", "memory_topics", "user_memory_stats", "knowledge",
    "eval-runs", "approvals", "config", "models", "health", "info",
}  # fmt: skip
FOREIGN = "Pages of other sites may not call this. Name their origin in SAYSO_CORS_ORIGINS if they may."


def doors(get_response: GetResponse) -> GetResponse:
    """Answer what is addressed to a door; everything else goes on to the pages."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        refuse = door_of(request)
        if refuse is None:
            return get_response(request)
        request.path_info, began = tidy(request.path_info, raw_path(request)), monotonic()
        if request.path_info.startswith(HOOKS):
            request.path = f"{HOOKS}…"  # what the log says of refusals
        response = at_agentos(request) if refuse is agentos else dispatch(request, refuse)
        if isinstance(response, Held):
            response.key = getattr(getattr(request, "auth", None), "key", None)
        audit.record(request, response, began)
        response.headers.setdefault("Cache-Control", "no-store")
        if not response.streaming and response.status_code != 204:
            response.headers["Content-Length"] = str(len(response.content))
        return response

    return middleware


def door_of(request: HttpRequest) -> Refuse | None:
    """How the door that the request is addressed to refuses; None for a page."""
    path = request.path_info
    if path == M8TES or path.startswith(f"{M8TES}/"):
        return m8tes
    if path == "/":  # the home page too, and what that asks for by htmx
        by_page = "HX-Request" in request.headers or "text/html" in request.headers.get("Accept", "text/html")
        return None if by_page else agentos
    if path == "/openapi.json":
        return agentos
    return agentos if path.startswith("/") and path.split("/")[1] in AGENTOS else None


def at_agentos(request: HttpRequest) -> HttpResponse:
    if response := cors.preflight(request):
        cors.add(request, response)
        return response
    foreign = known_host(request) and opening.is_foreign(request)
    response = agentos(request, 403, FOREIGN) if foreign else dispatch(request, agentos)
    cors.add(request, response)
    return response


def known_host(request: HttpRequest) -> bool:
    try:
        request.get_host()
    except DisallowedHost:
        return False
    return True


def raw_path(request: HttpRequest) -> bytes:
    """As it was sent, where the server tells."""
    scope: dict[str, bytes] = getattr(request, "scope", {})
    return scope.get("raw_path") or b""


def tidy(path: str, raw: bytes = b"") -> str:
    """One address for both generations of clients: without the trailing slash, and by the newer name.

    A slash that was sent as %2F is the end of a name, and stays.
    """
    if raw[-3:].upper() != b"%2F":
        path = path.removesuffix("/") or "/"
    for old, new in ALIASES.items():
        if path == old or path.startswith(f"{old}/"):
            return new + path.removeprefix(old)
    return path


def dispatch(request: HttpRequest, refuse: Refuse) -> HttpResponse:
    if not known_host(request):
        return refuse(request, 400, "This host name is not served here: see SAYSO_ALLOWED_HOSTS.", "unknown_host")
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > limit_of(request.content_type):
        return refuse(request, 413, too_large(request), "too_large")
    if "\0" in request.path_info or "%00" in request.META["QUERY_STRING"]:  # no database takes it
        return refuse(request, 400, "An address holds no NUL.", "invalid")
    try:
        match = match_of(request, refuse)
    except Resolver404:
        return refuse(request, 404, f"There is nothing at {request.path_info}.", "not_found")
    request.resolver_match = match
    request.parse_file_upload = partial(whole_form, request)  # type: ignore[method-assign]  # Django asks the request for its parser
    response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    if response.status_code == 405:
        return refuse(request, 405, f"{request.method} is not for this address.", "method_not_allowed", response)
    return response


def limit_of(content_type: str | None) -> int:
    """How many bytes a body of this kind may have."""
    return settings.UPLOAD_LIMIT if content_type == "multipart/form-data" else settings.BODY_LIMIT


def too_large(request: HttpRequest) -> str:
    return f"The body is larger than {limit_of(request.content_type) // 1024**2} MB."


def match_of(request: HttpRequest, refuse: Refuse) -> ResolverMatch:
    """`Resolver404` where the door has nothing at this address."""
    return route_of(tidy(request.path_info, raw_path(request)), "agentos" if refuse is agentos else "m8tes")
