"""A websocket carries the cookies of whoever opens it, so only pages of this very origin may."""

from collections.abc import Awaitable, Callable
from typing import Any

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

App = Callable[[Any, Any, Any], Awaitable[None]]


def same_origin(inner: App) -> App:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        if allowed(headers.get(b"origin", b"").decode("latin-1"), headers.get(b"host", b"").decode("latin-1")):
            await inner(scope, receive, send)
        else:
            await WebsocketDenier()(scope, receive, send)

    return application


def allowed(origin: str, host: str) -> bool:
    """The public origin where one is set; else http with exactly the host and port that was asked for."""
    if settings.PUBLIC_URL:
        return origin == settings.PUBLIC_URL
    known = validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)
    return known and origin == f"http://{host}"
