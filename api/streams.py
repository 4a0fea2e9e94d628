"""Answers that are held: thread and database connection of the request are given back before the first byte."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

from django.http import HttpResponse

from runs.live.follow import Ear
from runs.live.visitors import until_revoked
from runs.models import Run
from teammates.models import ApiKey

KEEPALIVE = 15.0  # seconds of silence after which a comment keeps proxies and clients from hanging up
COMMENT = b": keepalive\n\n"

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Coroutine[Any, Any, dict[str, Any]]]

logger = logging.getLogger("sayso.api")


async def while_there(work: Coroutine[Any, Any, None], receive: Receive) -> tuple["asyncio.Task[None]", bool]:
    """Do the work until it is done or the client leaves: the ended task, and whether the client left."""
    working, leaving = asyncio.create_task(work), asyncio.create_task(receive())
    await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
    for task in (working, leaving):
        task.cancel()
    await asyncio.gather(working, leaving, return_exceptions=True)
    return working, not leaving.cancelled()


def ear_of(run: Run, after: int) -> Ear:
    """For an answer that tells the run behind `after`, made before workers hear of what the request has changed."""
    if run.last_seq == 1:  # its one line says that it is queued, which neither door tells
        return Ear(run.pk, max(after, 1))
    ear = Ear(run.pk, after)
    ear.read()
    return ear


class Held(HttpResponse):
    """An answer that takes its time: `serve` writes it when the view's thread is free.

    `ear`, where there is one, listens from `listen` on, and to the end of `serve`.
    """

    streaming = True  # to middleware: it has no length, and no content that could be changed
    begun = False  # has the client been sent a status?
    ear: Ear | None = None
    key: ApiKey | None = None  # that asked for it

    def listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """For `serve` in this loop, before workers are told of what the view has changed."""
        if self.ear:
            self.ear.listen(loop)

    def leave(self) -> None:
        if self.ear:
            self.ear.close()

    async def serve(self, receive: Receive, send: Send) -> None:
        """Write until it is whole or the client leaves; the run goes on either way."""
        try:
            await self.pour_to(receive, send)
        finally:
            self.leave()

    async def pour_to(self, receive: Receive, send: Send) -> None:
        writing, left = await while_there(self.pour(send), receive)
        if not writing.cancelled() and (error := writing.exception()):
            await self.broke(error, send)
        if not left:  # nothing comes of it where the answer has said that it is whole
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def pour(self, send: Send) -> None:
        raise NotImplementedError

    async def broke(self, error: BaseException, send: Send) -> None:
        """What was sent already stays, and ends; the log of the run has the rest."""
        logger.error("A stream broke", exc_info=error)

    async def begin(self, send: Send, response: HttpResponse) -> None:
        self.begun = True
        headers = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})


class Later(Held):
    """The response that `make` gives once it can; a client that waits for it costs neither thread nor connection.

    `refuse` says what is told of an error instead.
    """

    def __init__(
        self,
        make: Callable[[], Awaitable[HttpResponse]],
        refuse: Callable[[BaseException], HttpResponse],
        ear: Ear | None = None,
    ) -> None:
        super().__init__()
        self.make, self.refuse, self.ear = make, refuse, ear

    async def pour(self, send: Send) -> None:
        await self.whole(await self.make(), send)

    async def broke(self, error: BaseException, send: Send) -> None:
        if self.begun:
            await super().broke(error, send)
        else:
            await self.whole(self.refuse(error), send)

    async def whole(self, response: HttpResponse, send: Send) -> None:
        for name, value in self.items():
            if name.startswith("Access-Control-"):
                response[name] = value
        response["Content-Length"] = str(len(response.content))
        await self.begin(send, response)
        await send({"type": "http.response.body", "body": response.content, "more_body": False})


class EventStream(Held):
    """What a view answers to begin a stream; `frames` gives the bytes of one or more whole frames at a time.

    Django's own streaming costs twice as much for each frame.
    """

    def __init__(
        self, frames: AsyncIterator[bytes], headers: dict[str, str] | None = None, ear: Ear | None = None
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no", **(headers or {})})
        self["Content-Type"] = "text/event-stream; charset=utf-8"
        self.frames, self.ear = frames, ear

    async def pour(self, send: Send) -> None:
        await self.begin(send, self)
        clock = asyncio.get_running_loop()
        last = clock.time()

        async def keep_alive() -> None:
            while True:
                await asyncio.sleep(last + KEEPALIVE - clock.time())
                if clock.time() >= last + KEEPALIVE:
                    await put(COMMENT)

        async def put(frames: bytes) -> None:
            nonlocal last
            last = clock.time()
            await send({"type": "http.response.body", "body": frames, "more_body": True})

        async def tell() -> None:
            async for frames in self.frames:
                await put(frames)

        beside = asyncio.create_task(keep_alive())
        try:
            await self.while_allowed(tell())
        finally:
            beside.cancel()

    async def while_allowed(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work until it is done, or the key that asked for it is revoked."""
        if self.key is None:
            return await work
        working, ending = asyncio.create_task(work), asyncio.create_task(until_revoked(self.key))
        try:
            ended, _ = await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()  # which raises what broke it
        finally:
            working.cancel()
            ending.cancel()
            await asyncio.gather(working, ending, return_exceptions=True)
