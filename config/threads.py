"""Django's pages on ASGI with as few changes of threads, and as few new ones, as can be."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponseBase

from api.streams import Held

STREAM = "sayso.stream"
KEPT = 16  # idle threads; more than that end with their request


class PagesHandler(ASGIHandler):
    """All middleware and all views are synchronous, so a request goes to a thread once and stays there.

    Django's own handler asks each middleware whether it is asynchronous, and goes back and forth between them.
    Threads are used again, because a new one would open a new database connection.
    """

    def __init__(self) -> None:
        super().__init__()
        self._idle: deque[ThreadPoolExecutor] = deque()

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self.get_response)(request)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(1, thread_name_prefix="request")
        try:
            async with ThreadSensitiveContext(executor=thread):
                await super().__call__(scope, receive, send)
        finally:
            if len(self._idle) < KEPT:
                self._idle.append(thread)
            else:
                thread.shutdown(wait=False)
        if stream := scope.get(STREAM):
            await stream.serve(receive, send)

    async def run_get_response(self, request: Any) -> HttpResponseBase:
        """A stream is begun when the thread of its request is free again."""
        response = await super().run_get_response(request)
        if isinstance(response, Held):
            request.scope[STREAM] = response
        return response

    async def send_response(self, response: HttpResponseBase, send: Any) -> None:
        if not isinstance(response, Held):
            await super().send_response(response, send)
