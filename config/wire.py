"""Daphne's protocols as we run them: requests that are guarded, and sockets that send a text in one step.

To be imported once a reactor is installed: these modules take the one that they find.
"""

from typing import Any

import autobahn.twisted.websocket
import autobahn.websocket.protocol
import daphne.http_protocol
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.web.http import HTTPChannel
from twisted.web.http_headers import Headers

from config.guard import Guarded
from config.writing import at_once

# For each connection it formats all its options for a debug line, and colours the words of twenty more.
for module in (autobahn.websocket.protocol, autobahn.twisted.websocket):
    for dressing in {"pformat", "hltype", "hlval"} & vars(module).keys():
        setattr(module, dressing, lambda value, **colours: value)


class Pusher(WebSocketProtocol):  # type: ignore[misc]  # daphne has no types
    """Frames a text here and writes it at once where nothing waits to be written.

    Autobahn prepares a debug line for each message.
    """

    __hash__, __eq__ = object.__hash__, object.__eq__  # as daphne's, which are written in Python

    def serverSend(self, content: Any, binary: bool = False) -> None:  # noqa: N802 - daphne's name
        if binary or self.state != self.STATE_OPEN:
            super().serverSend(content, binary)
            return
        at_once(self.transport, framed(content.encode()))


def framed(payload: bytes) -> bytes:
    """One whole text message, unmasked, as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def write_headers(channel: Any, version: bytes, code: bytes, reason: bytes, headers: Headers) -> None:
    """As twisted's channel, which hands over some fifty pieces, each of which is looked at twice."""
    lines = [b"%b %b %b" % (version, code, reason)]
    lines += [b"%b: %b" % (name, value) for name, values in headers.getAllRawHeaders() for value in values]
    channel.transport.write(b"\r\n".join([*lines, b"", b""]))


HTTPChannel.writeHeaders = write_headers  # type: ignore[method-assign]  # as those below: daphne's requests use what stands there
WebSocketFactory.protocol = Pusher
daphne.http_protocol.HTTPFactory.log = lambda factory, request: None  # it makes a line that nobody is shown
daphne.http_protocol.WebRequest = Guarded
