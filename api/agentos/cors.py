"""Front ends of other origins: those of `SAYSO_CORS_ORIGINS` may call, with a key and never with a cookie."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

METHODS = "GET, POST, PATCH, PUT, DELETE, OPTIONS"
MAX_AGE = "600"  # seconds that a browser may remember the answer to a preflight


def preflight(request: HttpRequest) -> HttpResponse | None:
    """The answer to a browser that asks before it sends; without authentication, because browsers send none."""
    if request.method != "OPTIONS" or "HTTP_ACCESS_CONTROL_REQUEST_METHOD" not in request.META:
        return None
    response = HttpResponse(status=204)
    if request.META.get("HTTP_ORIGIN") in settings.CORS_ORIGINS:
        response["Access-Control-Allow-Methods"] = METHODS
        response["Access-Control-Allow-Headers"] = "authorization, content-type"
        response["Access-Control-Max-Age"] = MAX_AGE
    return response


def add(request: HttpRequest, response: HttpResponse) -> None:
    """Let the origin read the answer, if it is one of ours."""
    response.headers["Vary"] = "Origin"
    origin = request.META.get("HTTP_ORIGIN")
    if origin in settings.CORS_ORIGINS:
        response["Access-Control-Allow-Origin"] = origin
