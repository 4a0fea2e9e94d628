"""The one shape of what went wrong (contract 1.2), and which failure of ours has which status here."""

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from ninja.errors import AuthenticationError, HttpError, ValidationError

from api import away
from api.agentos.answers import answer
from api.auth import MissingScope
from api.reading import Unreadable
from approvals.errors import AlreadyDecided, Invalid, NotAllowed
from runs.errors import Limited, Refused
from runs.models import WrongStatus

logger = logging.getLogger("sayso.api")

CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    422: "VALIDATION_ERROR",
    429: "TOO_MANY_REQUESTS",
    503: "SERVICE_UNAVAILABLE",
}
CONFLICTS = {"run_active", "disabled", "archived", "exists", "wrong_user", "deleted"}  # codes of `Refused` with 409


class Problem(Exception):
    """Raise it in a view to answer with this status and sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def problem(
    request: HttpRequest, status: int, message: str, code: str = "", base: HttpResponse | None = None
) -> HttpResponse:
    """The body of every refusal; `code` is a word of the other door's and says nothing here."""
    response = answer({"detail": message, "error_code": CODES.get(status, "INTERNAL_SERVER_ERROR")}, status)
    if base is not None and "Allow" in base.headers:
        response["Allow"] = base["Allow"]
    if status == away.STATUS:
        response["Retry-After"] = away.RETRY_AFTER
    return response


def of_validation(error: ValidationError) -> tuple[int, str]:
    first = error.errors[0] if error.errors else {"loc": [], "msg": "The request does not fit."}
    name = first["loc"][-1] if first["loc"] else ""
    return 422, f"{name}: {first['msg']}" if name else str(first["msg"])


def of_invalid(error: Invalid) -> tuple[int, str]:
    name, text = next(iter(error.errors.items()))
    return 400, f"{name}: {text}" if name else text


def of_unread(error: HttpError) -> tuple[int, str]:
    """Ninja raises it for whatever the parser of bodies raised."""
    cause = error.__cause__
    return (cause.status, str(cause)) if isinstance(cause, Unreadable) else (error.status_code, str(error))


TABLE: dict[type[Exception], Callable[[Any], tuple[int, str]]] = {
    ValidationError: of_validation,
    Refused: lambda error: (409 if error.code in CONFLICTS else 422, error.message),
    Limited: lambda error: (429, error.message),
    Invalid: of_invalid,
    Problem: lambda error: (error.status, error.message),
    Http404: lambda error: (404, str(error) or "Not found"),
    HttpError: of_unread,
    AuthenticationError: lambda error: (401, str(error)),
    MissingScope: lambda error: (403, str(error)),
    NotAllowed: lambda error: (403, "This key may not decide."),
    AlreadyDecided: lambda error: (409, "This has been decided already, or the run is not paused."),
    WrongStatus: lambda error: (409, "The run is not paused."),
    BadRequest: lambda error: (400, f"The form cannot be read: {error}"),
    MultiPartParserError: lambda error: (400, f"The form cannot be read: {error}"),
    TooManyFieldsSent: lambda error: (413, "These are too many fields for one request."),
    TooManyFilesSent: lambda error: (413, "These are too many files for one request."),
    RequestDataTooBig: lambda error: (413, "The body is too large."),
    **dict.fromkeys(away.AWAY, away.told),
}


def answer_to(request: HttpRequest, error: Any) -> HttpResponse:
    """The answer to whatever a view raised; what nobody foresaw is logged and told as our fault."""
    for kind in type(error).__mro__:
        if told := TABLE.get(kind):
            status, message = told(error)
            return problem(request, status, message)
    logger.exception("A request to %s broke", request.path, exc_info=error)
    return problem(request, 500, "Something broke inside Sayso; its log says what.")
