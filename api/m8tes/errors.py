"""The one shape of what went wrong (contract 0.4), and which failure of ours has which status and code here."""

import logging
import uuid
from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from ninja.errors import AuthenticationError, HttpError, ValidationError

from api import away
from api.auth import MissingScope
from approvals.errors import AlreadyDecided, Invalid, NotAllowed
from runs.errors import Limited, Refused
from runs.models import WrongStatus

logger = logging.getLogger("sayso.api")

TYPES = {
    400: "validation_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found",
    409: "conflict",
    413: "too_large",
    422: "validation_error",
    429: "rate_limit",
}
# Codes of `Refused` that are conflicts; the others say that the request does not fit.
CONFLICTS = {"run_active", "disabled", "archived", "exists", "full", "key_reused"}
CONFLICTS |= {"not_retryable", "retry_needs_confirmation"}


class Problem(Exception):
    """Raise it in a view to answer with this status, sentence and code."""

    def __init__(self, status: int, message: str, code: str = "", **details: Any) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.details = status, message, code, details


def problem(
    request: HttpRequest, status: int, message: str, code: str = "", base: HttpResponse | None = None, **details: Any
) -> HttpResponse:
    """The envelope; `code` stands at both places where generations of clients look for it."""
    error: dict[str, Any] = {
        "type": TYPES.get(status, "api_error"),
        "message": message,
        "code": status,
        "request_id": request.META.setdefault("REQUEST_ID", uuid.uuid4().hex),
    }
    if code:
        error["error_code"] = code
        details = {"error_code": code, **details}
    if details:
        error["details"] = details
    response = JsonResponse({"error": error}, status=status)
    if base is not None and "Allow" in base.headers:
        response["Allow"] = base["Allow"]
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    if status == away.STATUS:
        response["Retry-After"] = away.RETRY_AFTER
    return response


Told = tuple[int, str, str]  # status, message, code


def of_validation(error: ValidationError) -> Told:
    first = error.errors[0] if error.errors else {"loc": [], "msg": "The request does not fit."}
    if first["loc"][:1] == ("path",):
        return 404, "Not found.", "not_found"  # nothing has such a number
    where = ".".join(str(part) for part in first["loc"][1:] if part not in ("body", "payload", "data"))
    return 422, f"{where}: {first['msg']}" if where else str(first["msg"]), "invalid"


def of_refused(error: Refused) -> Told:
    status = 409 if error.code in CONFLICTS else 422
    return status, error.message, error.code


def of_invalid(error: Invalid) -> Told:
    name, text = next(iter(error.errors.items()))
    return 422, f"{name}: {text}" if name else text, "invalid"


def of_unread(error: HttpError) -> Told:
    """Ninja raises it for whatever the parser of bodies raised."""
    cause = error.__cause__
    if isinstance(cause, Problem):
        return cause.status, cause.message, cause.code
    return error.status_code, str(error), "invalid"


TABLE: dict[type[Exception], Callable[[Any], Told]] = {
    ValidationError: of_validation,
    Refused: of_refused,
    Limited: lambda error: (429, error.message, error.code),
    Invalid: of_invalid,
    Problem: lambda error: (error.status, error.message, error.code),
    Http404: lambda error: (404, str(error) or "Not found.", "not_found"),
    HttpError: of_unread,
    AuthenticationError: lambda error: (401, "Give a valid API key: Authorization: Bearer sayso_…", "unauthorized"),
    MissingScope: lambda error: (403, str(error), "missing_scope"),
    NotAllowed: lambda error: (403, "This key may not decide.", "forbidden"),
    AlreadyDecided: lambda error: (409, "This has been decided already.", "already_decided"),
    WrongStatus: lambda error: (409, "The run is not in a status that allows this.", "run_not_active"),
    MultiPartParserError: lambda error: (400, f"The form cannot be read: {error}", "invalid_form"),
    TooManyFilesSent: lambda error: (413, "These are too many files for one request.", "too_large"),
    TooManyFieldsSent: lambda error: (413, "These are too many fields for one request.", "too_large"),
    RequestDataTooBig: lambda error: (413, "The body is too large.", "too_large"),
    **dict.fromkeys(away.AWAY, lambda error: (*away.told(error), "database_away")),
}


def answer_to(request: HttpRequest, error: Any) -> HttpResponse:
    """The answer to whatever a view raised; what nobody foresaw is logged and told as our fault."""
    for kind in type(error).__mro__:
        if told := TABLE.get(kind):
            status, message, code = told(error)
            response = problem(request, status, message, code, **getattr(error, "details", {}))
            if wait := getattr(error, "retry_after", None):
                response["Retry-After"] = str(wait)
            return response
    logger.exception("A request to %s broke", request.path, exc_info=error)
    return problem(request, 500, "Something broke inside Sayso; its log says what.", "internal")
