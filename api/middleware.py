"""Where requests to the doors leave the pages' way: no session, no cookie, no redirect, errors in the door's shape."""

import uuid
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import Resolver404, resolve

from api.m8tes.errors import problem

GetResponse = Callable[[HttpRequest], HttpResponseBase]

M8TES = "/api/v2"
ALIASES = {f"{M8TES}/teammates": f"{M8TES}/agents", f"{M8TES}/teammate-templates": f"{M8TES}/agent-templates"}
TOO_LARGE = "The body is larger than {} MB."


def doors(get_response: GetResponse) -> GetResponse:
    """Answer what is addressed to a door; everything else goes on to the pages."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if path != M8TES and not path.startswith(f"{M8TES}/"):
            return get_response(request)
        request.path_info = tidy(path)
        response = dispatch(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Request-Id"] = request.META.setdefault("REQUEST_ID", uuid.uuid4().hex)
        return response

    return middleware


def tidy(path: str) -> str:
    """One address for both generations of clients: without the trailing slash, and by the newer name."""
    path = path.removesuffix("/")
    for old, new in ALIASES.items():
        if path == old or path.startswith(f"{old}/"):
            return new + path.removeprefix(old)
    return path


def dispatch(request: HttpRequest) -> HttpResponse:
    try:
        request.get_host()
    except DisallowedHost:
        return problem(request, 400, "This host name is not served here: see SAYSO_ALLOWED_HOSTS.", "unknown_host")
    limit = settings.UPLOAD_LIMIT if request.content_type == "multipart/form-data" else settings.BODY_LIMIT
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > limit:
        return problem(request, 413, TOO_LARGE.format(limit // 1024**2), "too_large")
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return problem(request, 404, f"There is nothing at {request.path_info}.", "not_found")
    request.resolver_match = match
    response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    if response.status_code == 405:
        return problem(request, 405, f"{request.method} is not for this address.", "method_not_allowed", response)
    return response
