"""Requests that are refused by their first lines, or while their body arrives, before anything of it is kept; and
streams that are answered without a detour.

Daphne and twisted read a body to its end before the application hears of the request.
"""

import asyncio
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from channels.db import database_sync_to_async
from daphne.http_protocol import WebRequest
from django.http import HttpRequest, HttpResponse

from api import early
from api.agentos import opening
from api.middleware import limit_of
from config.writing import at_once

LINGER = 5.0  # seconds in which a client may go on sending before it reads the refusal


class Guarded(WebRequest):  # type: ignore[misc]  # daphne has no types
    """Counts what arrives, and says no as soon as it is too much or lacks its key."""

    whole = refused = False
    arrived = 0
    lingering: asyncio.TimerHandle | None = None
    # As daphne's, which are written in Python and asked several times for each request.
    __hash__, __eq__ = object.__hash__, object.__eq__

    def __init__(self, *args: Any) -> None:
        super().__init__(*args, parsePOSTFormSubmission=False)  # Django reads forms, and not in the event loop

    def gotLength(self, length: int | None) -> None:  # noqa: N802 - twisted's name: the first lines are known
        super().gotLength(length)
        if length == 0:
            return
        self.limit = limit_of(type_of(self.sent(b"content-type")))
        if length is not None and length > self.limit:
            self.refuse(early.oversized(self.head))
        elif not early.bears_key(self.sent(b"authorization")) and early.lacks_key(self.head):
            if early.may_do_without(self.head):
                self.looking = asyncio.ensure_future(self.look_at_keys())
            else:
                self.refuse(early.without_key(self.head))

    def sent(self, header: bytes) -> str:
        return b",".join(self.requestHeaders.getRawHeaders(header, ())).decode("latin-1")

    @cached_property
    def head(self) -> HttpRequest:
        return head_of(self)

    async def look_at_keys(self) -> None:
        """The body goes on to arrive in the meantime; once it is whole the application refuses it."""
        stands_open = await database_sync_to_async(opening.stands_open)()
        if not stands_open and not self.whole and not self._disconnected:
            self.refuse(early.without_key(self.head))

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 - twisted's name
        self.arrived += len(data)
        if not self.refused and self.arrived > self.limit:
            self.refuse(early.oversized(self.head))
        if not self.refused:
            super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:  # noqa: N802 - twisted's name
        self.whole = True
        if self.refused:
            self.channel.loseConnection()
        else:
            super().requestReceived(command, path, version)

    def refuse(self, response: HttpResponse) -> None:
        """Answer, and end this side; the rest that arrives is thrown away, because a reset could eat the answer."""
        if self.refused:
            return
        self.refused = True
        self.content.truncate(0)
        self.requestHeaders.removeHeader(b"Expect")  # or twisted would ask for the body
        transport = self.channel.transport
        transport.write(as_bytes(response))
        transport.loseWriteConnection()
        self.lingering = asyncio.get_running_loop().call_later(LINGER, transport.abortConnection)

    def handle_reply(self, message: dict[str, Any]) -> None:
        """As daphne's, but for a piece of a stream that goes on: it is framed here, and written at once."""
        piece, begun = message.get("body"), self.startedWriting and self.chunked
        if not (piece and begun and message["more_body"]) or self.finished or self._disconnected or not self.channel:
            super().handle_reply(message)
            return
        self.sentLength += len(piece)
        at_once(self.channel.transport, b"%x\r\n%b\r\n" % (len(piece), piece))

    def connectionLost(self, reason: Any) -> None:  # noqa: N802 - twisted's name
        if self.lingering:
            self.lingering.cancel()
        super().connectionLost(reason)


def head_of(request: Any) -> HttpRequest:
    """The request as Django would see it, without its body."""
    head = HttpRequest()
    head.method = request.channel._command.decode("latin-1")
    target = request.channel._path.partition(b"?")[0]
    head.path = head.path_info = unquote(target.decode("latin-1"))
    for name, values in request.requestHeaders.getAllRawHeaders():
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        head.META[key] = b",".join(values).decode("latin-1")
    head.content_type = type_of(head.META.get("CONTENT_TYPE", ""))
    return head


def type_of(header: str) -> str:
    """The content type without what it is given with, as Django's requests have it."""
    return header.partition(";")[0].strip().lower()


def as_bytes(response: HttpResponse) -> bytes:
    headers = {**response.headers, "Content-Length": str(len(response.content)), "Connection": "close"}
    lines = [f"HTTP/1.1 {response.status_code} {response.reason_phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + response.content
