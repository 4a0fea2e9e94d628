"""Headers that every answer carries and no package sets."""

import re
import uuid
from collections.abc import Callable

from csp.constants import HEADER
from csp.utils import build_policy
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.template.loader import render_to_string

from config.logs import request_at_hand

GetResponse = Callable[[HttpRequest], HttpResponseBase]

REQUEST_NAME = re.compile(r"[\w-]{1,64}", re.ASCII)
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


def headers(get_response: GetResponse) -> GetResponse:
    """No device for any page, and no cached copy of what only a signed-in person may see."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return middleware


def forms_only(get_response: GetResponse) -> GetResponse:
    """A page for people who come to an address that only takes forms."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            response.content = render_to_string("405.html", request=request)
        return response

    return middleware


def content_policy(get_response: GetResponse) -> GetResponse:
    """What pages may load, of `CONTENT_SECURITY_POLICY`. The package's middleware writes it anew for each answer, for
    pages that differ; none of ours does.
    """
    policy = build_policy()

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault(HEADER, policy)
        return response

    return middleware


def request_id(get_response: GetResponse) -> GetResponse:
    """A name for each request, a proxy's where it gave one: in each line of the log, in the answer, in `REQUEST_ID`."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        given = request.META.get("HTTP_X_REQUEST_ID", "")  # `headers` would name them all anew, for each request
        name = request.META["REQUEST_ID"] = given if REQUEST_NAME.fullmatch(given) else uuid.uuid4().hex
        token = request_at_hand.set(name)
        try:
            response = get_response(request)
        finally:
            request_at_hand.reset(token)
        response.headers["X-Request-Id"] = name
        return response

    return middleware
