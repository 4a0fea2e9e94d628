"""How a stream is written to the server (contract 1.9): its headers first, comments into a silence, and an end."""

import asyncio
import logging

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from api import streams
from api.streams import COMMENT, EventStream
from runs.live import visitors
from teammates import keys


class Browser:
    """The other side of ASGI: keeps what is sent, and leaves when it is told to."""

    def __init__(self):
        self.sent, self.left, self.bored = [], asyncio.Event(), asyncio.Event()

    async def send(self, message):
        self.sent.append(message)
        if self.body.count(COMMENT) == 2:
            self.bored.set()

    async def receive(self):
        await self.left.wait()
        return {"type": "http.disconnect"}

    @property
    def body(self):
        return b"".join(message["body"] for message in self.sent if message["type"] == "http.response.body")


async def parts(*given, closed=None):
    try:
        for part in given:
            if callable(part):
                await part()
            else:
                yield part
    finally:
        if closed is not None:
            closed.append(True)


def serve(conversation):
    async def talk():
        browser = Browser()
        await asyncio.wait_for(conversation(browser), 10)
        return browser

    return async_to_sync(talk)()


def test_the_headers_come_before_the_first_frame_and_the_body_ends():
    stream = EventStream(parts(b"data: {}\n\n"), {"X-Run-Id": "7"})
    browser = serve(lambda browser: stream.serve(browser.receive, browser.send))
    start, frame, end = browser.sent
    headers = dict(start["headers"])
    assert start["status"] == 200
    assert headers[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert (headers[b"cache-control"], headers[b"x-run-id"]) == (b"no-cache", b"7")
    assert b"content-length" not in headers  # so that it is sent in chunks, each at once
    assert (frame["body"], frame["more_body"]) == (b"data: {}\n\n", True)
    assert (end["body"], end["more_body"]) == (b"", False)


def test_a_silence_is_filled_with_comments(monkeypatch):
    monkeypatch.setattr(streams, "KEEPALIVE", 0.01)

    async def talk(browser):
        await EventStream(parts(b"data: 1\n\n", browser.bored.wait, b"data: 2\n\n")).serve(
            browser.receive, browser.send
        )

    body = serve(talk).body
    assert body.startswith(b"data: 1\n\n" + COMMENT * 2)
    assert body.endswith(b"data: 2\n\n")


def test_who_leaves_ends_the_reading_and_is_written_nothing_more():
    """F40."""
    closed = []

    async def talk(browser):
        async def leave():
            browser.left.set()
            await asyncio.Event().wait()

        await EventStream(parts(b"data: 1\n\n", leave, b"data: 2\n\n", closed=closed)).serve(
            browser.receive, browser.send
        )

    assert serve(talk).body == b"data: 1\n\n"
    assert closed == [True]


def test_what_breaks_in_the_middle_is_logged_and_ends_the_body(caplog):
    async def broken():
        yield b"data: 1\n\n"
        raise RuntimeError("nobody foresaw this")

    stream = EventStream(broken())
    with caplog.at_level(logging.ERROR):
        browser = serve(lambda browser: stream.serve(browser.receive, browser.send))
    assert browser.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    assert "nobody foresaw this" in caplog.text


@pytest.mark.parametrize("header", ["Cache-Control", "X-Accel-Buffering"])
def test_nothing_in_between_keeps_it_back(header):
    assert EventStream(parts())[header] in ("no-cache", "no")


@pytest.mark.django_db(transaction=True)
def test_a_stream_ends_with_the_key_that_asked_for_it(owner, monkeypatch):
    monkeypatch.setattr(visitors, "RECHECK", 0.02)
    key, _ = keys.create(owner, "robot")
    closed = []

    async def talk(browser):
        async def revoke():
            await sync_to_async(keys.revoke)(key)
            await asyncio.Event().wait()

        stream = EventStream(parts(b"data: 1\n\n", revoke, b"data: 2\n\n", closed=closed))
        stream.key = key
        await stream.serve(browser.receive, browser.send)

    browser = serve(talk)
    assert (browser.body, closed, browser.sent[-1]["more_body"]) == (b"data: 1\n\n", [True], False)
