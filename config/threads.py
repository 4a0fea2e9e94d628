"""Django's pages on ASGI with as few changes of threads, and as few new ones, as can be."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.signals import request_started
from django.urls import set_script_prefix

from api.streams import Held, while_there
from runs.afterwards import Act, kept_back

logger = logging.getLogger("sayso.pages")

KEPT = 16  # idle threads; more than that end with their request


class PagesHandler(ASGIHandler):
    """All middleware and all views are synchronous, so a request goes to a thread once and is done there.

    Django's own handler changes threads for the beginning, the view and the end of each request. Threads are used
    again, because a new one would open a new database connection.
    """

    def __init__(self) -> None:
        super().__init__()
        self._idle: deque[ThreadPoolExecutor] = deque()

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with body:
            response = await self.answer(partial(self.respond, scope, body))
        if isinstance(response, Held):
            await response.serve(receive, send)
        elif response.streaming:
            await while_there(self.send_response(response, send), receive)
            await sync_to_async(response.close)()
        else:
            await self.send_response(response, send)

    async def answer(self, respond: Callable[[], Any]) -> Any:
        """The response. What may wait is done in its thread right after it; a held one listens by then."""
        loop, acts = asyncio.get_running_loop(), list[Act]()
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(1, thread_name_prefix="request")
        answered = loop.create_future()

        def tell(response: Any, error: BaseException | None) -> None:
            if not acts:
                self.give_back(thread)
            settle(answered, response, error)

        def job() -> None:
            response, error = attempt(respond, loop, acts)
            try:
                loop.call_soon_threadsafe(tell, response, error)
                finish(acts, response)
            finally:
                if acts:  # they may have taken their time
                    loop.call_soon_threadsafe(self.give_back, thread)

        thread.submit(copy_context().run, job).add_done_callback(report)
        return await taken(answered)

    def give_back(self, thread: ThreadPoolExecutor) -> None:
        if len(self._idle) < KEPT:
            self._idle.append(thread)
        else:
            thread.shutdown(wait=False)

    def respond(self, scope: Any, body: Any) -> Any:
        set_script_prefix(get_script_prefix(scope))
        request_started.send(sender=type(self), scope=scope)
        request, refused = self.create_request(scope, body)
        response: Any = refused if request is None else self.get_response(request)
        response._handler_class = type(self)
        return response


def attempt(
    respond: Callable[[], Any], loop: asyncio.AbstractEventLoop, acts: list[Act]
) -> tuple[Any, BaseException | None]:
    """The response, or what went wrong; what may wait is in `acts` then."""
    try:
        with kept_back(acts):
            response = respond()
        if isinstance(response, Held):
            response.listen(loop)
        return response, None
    except BaseException as error:  # noqa: BLE001 - it is raised where the answer is awaited
        return None, error


def settle(answered: "asyncio.Future[Any]", response: Any, error: BaseException | None) -> None:
    if answered.cancelled():
        leave(response)
    elif error:
        answered.set_exception(error)
    else:
        answered.set_result(response)


async def taken(answered: "asyncio.Future[Any]") -> Any:
    try:
        return await answered
    except asyncio.CancelledError:
        if answered.done() and not answered.cancelled() and not answered.exception():
            leave(answered.result())  # it came at the very moment at which the client left
        raise


def finish(acts: list[Act], response: Any) -> None:
    """Do what could wait, then close the answer and with it the request, unless content is still to be read."""
    try:
        for act in acts:
            act()
    finally:
        if isinstance(response, Held) or (response is not None and not response.streaming):
            response.close()


def report(job: "Future[None]") -> None:
    if error := job.exception():
        logger.error("What may wait until a request is answered has failed", exc_info=error)


def leave(response: Any) -> None:
    """The client has left, so nobody serves the answer."""
    if isinstance(response, Held):
        response.leave()
