"""The pipes to the pages. A socket only pushes; whatever a client sends is ignored."""

import asyncio
import json
import logging
from collections.abc import Coroutine
from typing import Any
from urllib.parse import parse_qs

from autobahn.exception import Disconnected
from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.http import parse_cookie
from django.utils.functional import cached_property

from runs.access import may_see
from runs.live.follow import Ear, follow
from runs.live.visitors import holder_of, until_sight_ends, until_signed_out
from teammates.accounts import oversees

SIGNED_OUT, NOT_FOUND = 4401, 4404  # close codes; static/js/live.js knows them
BROKEN = 4500  # autobahn sends no code below 3000 but 1000, and raises where nobody would hear of it

logger = logging.getLogger("sayso.live")


class PageConsumer(AsyncWebsocketConsumer):
    """One page's socket: runs its `pipes` until the client leaves or the person signs out."""

    channel_layer_alias = "none"  # the hub tells; a layer would cost each socket a queue and a task

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As in Channels, less its look at the database's connections: a change of threads for each message."""
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        await self.accept()
        self.tasks: list[asyncio.Task[None]] = []
        user = await database_sync_to_async(self.visitor)()
        if user is None:
            await self.close(NOT_FOUND)
        elif not user.is_authenticated:
            await self.close(SIGNED_OUT)
        else:
            pipes = [*self.pipes(user), self.leave_when_signed_out()]
            self.tasks = [asyncio.create_task(pipe) for pipe in pipes]
            for task in self.tasks:
                task.add_done_callback(self.mend)

    def visitor(self) -> Any:
        """Who has opened the page; None when it is not for them."""
        user = holder_of(self.session)
        return user if not user.is_authenticated or self.may_see(user) else None

    @cached_property
    def session(self) -> str:
        """The key that the browser has sent.

        Not the package's session middleware: it would wrap every send, to write sessions that a socket never changes.
        """
        cookies = parse_cookie(dict(self.scope["headers"]).get(b"cookie", b"").decode("latin-1"))
        return cookies.get(settings.SESSION_COOKIE_NAME, "")

    def may_see(self, user: Any) -> bool:
        """Is what the page shows for this person?"""
        return True

    def pipes(self, user: Any) -> list[Coroutine[Any, Any, None]]:
        """What to push."""
        raise NotImplementedError

    async def disconnect(self, code: int) -> None:
        for task in self.tasks:
            task.cancel()

    def mend(self, task: "asyncio.Task[None]") -> None:
        """A pipe that broke closes the socket: the page comes back and reads what it missed."""
        if not task.cancelled() and (error := task.exception()) and not isinstance(error, Disconnected):
            logger.error("A pipe to a page broke", exc_info=error)
            self.tasks.append(asyncio.create_task(self.close(BROKEN)))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nothing that a client sends changes anything."""

    async def tell(self, news: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(news))

    async def leave_when_signed_out(self) -> None:
        await until_signed_out(self.session)
        await self.close(SIGNED_OUT)


class RunConsumer(PageConsumer):
    """A run's events after `?after=SEQ`: first those that this tab missed, then new ones."""

    @property
    def run_id(self) -> int:
        return int(self.scope["url_route"]["kwargs"]["pk"])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.ear = Ear(scope["url_route"]["kwargs"]["pk"], cursor_of(scope["query_string"]))
        self.ear.listen(asyncio.get_running_loop())
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.ear.close()

    def visitor(self) -> Any:
        user = super().visitor()
        if user is not None and user.is_authenticated:
            self.ear.read()
            self.oversees = oversees(user)
        return user

    def may_see(self, user: Any) -> bool:
        return may_see(user, self.run_id)

    def pipes(self, user: Any) -> list[Coroutine[Any, Any, None]]:
        return [self.push(), *([self.leave_when_sight_ends(user)] if self.oversees else [])]

    async def leave_when_sight_ends(self, user: Any) -> None:
        await until_sight_ends(user)
        await self.close(NOT_FOUND)

    async def push(self) -> None:
        async for lines in follow(self.run_id, ear=self.ear):
            for line in lines:  # not `send`, which passes this on through two more coroutines
                await self.base_send({"type": "websocket.send", "text": line.frame})


def cursor_of(query: bytes) -> int:
    """`after` of the query string; anything else than a number is the beginning."""
    given = parse_qs(query.decode("ascii", "replace")).get("after", ["0"])[0]
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
