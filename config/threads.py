"""Django's pages on ASGI with as few changes of threads, and as few new ones, as can be."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.signals import request_started
from django.urls import set_script_prefix

from api.streams import Held, while_there

KEPT = 16  # idle threads; more than that end with their request

Result = TypeVar("Result")


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
            response = await self.in_thread(lambda: self.respond(scope, body))
        if isinstance(response, Held):
            await response.serve(receive, send)
        elif response.streaming:
            await while_there(self.send_response(response, send), receive)
            await sync_to_async(response.close)()
        else:
            await self.send_response(response, send)

    async def in_thread(self, work: Callable[[], Result]) -> Result:
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(1, thread_name_prefix="request")
        try:
            return await asyncio.get_running_loop().run_in_executor(thread, copy_context().run, work)
        finally:
            if len(self._idle) < KEPT:
                self._idle.append(thread)
            else:
                thread.shutdown(wait=False)

    def respond(self, scope: Any, body: Any) -> Any:
        """The answer. It is closed, and the request at its end, unless its content is still to be read."""
        set_script_prefix(get_script_prefix(scope))
        request_started.send(sender=type(self), scope=scope)
        request, refused = self.create_request(scope, body)
        response: Any = refused if request is None else self.get_response(request)
        response._handler_class = type(self)
        if isinstance(response, Held) or not response.streaming:
            response.close()
        return response
