"""A websocket that costs the load little: aiohttp's own takes five times as long for each message."""

import asyncio
import base64
import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from bench.words import Wrong

Event = dict[str, Any]
Take = Callable[[list[Event], float], None]  # the events of one message, and when it came (monotonic seconds)

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Socket(asyncio.Protocol):
    """Hands the events of each message to `take`; what is said about the inbox is left out."""

    def __init__(self, take: Take) -> None:
        self.take = take
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.unread = b""

    @classmethod
    async def open(cls, host: str, port: int, path: str, headers: dict[str, str], take: Take) -> "Socket":
        transport, socket = await asyncio.get_running_loop().create_connection(lambda: cls(take), host, port)
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade"]
        lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        transport.write("\r\n".join([*lines, "", ""]).encode())
        await socket.opened
        return socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (for the type checker)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        at = time.monotonic()
        self.unread += data
        if not self.opened.done():
            self.read_headers()
        if self.opened.done():
            for kind, payload in self.frames():
                self.handle(kind, payload, at)

    def read_headers(self) -> None:
        head, end, rest = self.unread.partition(b"\r\n\r\n")
        if not end:
            return
        self.unread = rest
        if head.split(b" ")[1] == b"101":
            self.opened.set_result(None)
        else:
            self.opened.set_exception(Wrong(f"the socket answered {head[:200]!r}"))
            self.transport.close()

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """The whole frames that have come; a server masks none and ours splits none."""
        data, start = self.unread, 0
        while len(data) >= start + 2:
            head, size = start + 2, data[start + 1]
            if size > 125:
                wide = 2 if size == 126 else 8
                size, head = int.from_bytes(data[head : head + wide], "big"), head + wide
            if len(data) < head + size:
                break
            yield data[start] & 15, data[head : head + size]
            start = head + size
        self.unread = data[start:]

    def handle(self, kind: int, payload: bytes, at: float) -> None:
        if kind == TEXT:
            if events := list(unpack(json.loads(payload))):
                self.take(events, at)
        elif kind == PING:
            self.send(PONG, payload)
        elif kind == CLOSE:
            self.close()

    def send(self, kind: int, payload: bytes) -> None:
        # A client has to mask; a mask of zeros leaves the payload as it is.
        self.transport.write(bytes([0x80 | kind, 0x80 | len(payload), 0, 0, 0, 0]) + payload)

    def close(self) -> None:
        if not self.transport.is_closing():
            self.send(CLOSE, b"\x03\xe8")
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(Wrong("the socket was closed before it was open"))
        self.ended.set_result(None)


def unpack(message: Any) -> Iterator[Event]:
    """A message is one event, several, or news of the inbox."""
    for part in message if isinstance(message, list) else [message]:
        if "seq" in part:
            yield part
        else:
            yield from part.get("events", [])


class Heard:
    """What a socket has said, for a reader that waits for one event after the other."""

    def __init__(self) -> None:
        self.events: list[tuple[Event, float]] = []
        self.news = asyncio.Event()

    def take(self, events: list[Event], at: float) -> None:
        self.events += [(event, at) for event in events]
        self.news.set()

    async def until(self, *kinds: str, seconds: float = 20) -> tuple[Event, float]:
        """The next event of one of these kinds and when it came; those before it are passed over."""
        async with asyncio.timeout(seconds):
            while True:
                for place, (event, at) in enumerate(self.events):
                    if event["kind"] in kinds:
                        del self.events[: place + 1]
                        return event, at
                    if event["kind"] == "run.failed":
                        raise Wrong(f"the run failed: {event['data']}")
                self.events.clear()
                self.news.clear()
                await self.news.wait()
