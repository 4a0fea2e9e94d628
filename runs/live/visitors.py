"""Whose pages and streams are open in this process, and whether their sessions and keys still hold."""

import asyncio
import hashlib
import logging
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.contrib.auth.signals import user_logged_out
from django.db import Error
from django.dispatch import receiver
from django.http import HttpRequest

from runs.afterwards import afterwards
from runs.live.hub import hub
from teammates.accounts import oversees
from teammates.keys import is_usable
from teammates.models import ApiKey

SIGN_OUTS = "sign-outs"
RECHECK = 5.0  # seconds between two looks at whether the sessions and keys still hold
# In front of what an API key is called, which a new text of it changes, and of the number of somebody who sees all
# runs; the keys of sessions have letters and digits alone.
KEY, OVERSEER = "key:", "overseer:"

logger = logging.getLogger("sayso.live")


@receiver(user_logged_out)
def tell_sockets(user: Any, request: Any, **kwargs: Any) -> None:
    """Once the session is gone, which it is not yet: a page that looked again too soon would find itself signed in."""
    if user is not None:
        afterwards(partial(hub.publish, [(SIGN_OUTS, told_as(request.session.session_key))]))


def told_as(session: str) -> str:
    """The name of a session among processes, with which nobody gets in."""
    return hashlib.sha256(session.encode()).hexdigest()


def holder_of(session: str) -> AbstractBaseUser | AnonymousUser:
    """Whom the session belongs to, looked up anew; anonymous when it holds no more."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session)
    return get_user(request)


async def until_signed_out(session: str) -> None:
    """Until the person signs out with this session, or it no longer holds: those in other browsers are their own.

    Sign-outs are told; a new password or a disabled account is found by looking.
    """
    await _until_over(session, told_as(session))


async def until_revoked(key: ApiKey) -> None:
    """Until the key opens nothing any more, which is found by looking."""
    await _until_over(f"{KEY}{key.key_id}")


async def until_sight_ends(user: Any) -> None:
    """Until somebody who sees everybody's runs does so no more, which is found by looking."""
    await _until_over(f"{OVERSEER}{user.pk}")


async def _until_over(*names: str) -> None:
    """Until the session, key or sight of the first name holds no more; the others are what its end is told as."""
    with hub.follow(SIGN_OUTS) as follower, _watch().over(names[0]):
        while not set(names) & set(await follower.next(math.inf)):
            pass


class Watch:
    """Looks at the sessions and keys of an event loop's sockets and streams, one look for all of a session or key."""

    def __init__(self) -> None:
        self._sockets: Counter[str] = Counter()
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def over(self, name: str) -> Iterator[None]:
        self._sockets[name] += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
            self._task.add_done_callback(self._end)
        try:
            yield
        finally:
            self._sockets -= Counter([name])
            if not self._sockets and self._task is not None:
                self._task.cancel()
                self._task = None  # it ends a moment later, and who comes meanwhile must be looked at

    async def _look(self) -> None:
        look = database_sync_to_async(ended_among)
        while True:
            await asyncio.sleep(RECHECK)
            try:
                ended = await look(list(self._sockets))
            except Error:
                logger.exception("The sessions of open pages could not be looked at; trying again")
            else:
                self._close(ended)

    def _end(self, task: "asyncio.Task[None]") -> None:
        """What nobody looks at any more does not stay open."""
        if not task.cancelled():
            logger.error("The sessions of open pages are not looked at any more", exc_info=task.exception())
            self._close(self._sockets)

    def _close(self, names: Iterable[str]) -> None:
        hub.deliver((SIGN_OUTS, name) for name in names)


def ended_among(names: Iterable[str]) -> list[str]:
    return [name for name in names if not holds(name)]


def holds(name: str) -> bool:
    if name.startswith(OVERSEER):
        user = User.objects.filter(pk=name.removeprefix(OVERSEER), is_active=True).first()
        return user is not None and oversees(user)
    if not name.startswith(KEY):
        return holder_of(name).is_authenticated
    key = ApiKey.objects.select_related("owner").filter(key_id=name.removeprefix(KEY)).first()
    return key is not None and is_usable(key)


_watches: WeakKeyDictionary[asyncio.AbstractEventLoop, Watch] = WeakKeyDictionary()


def _watch() -> Watch:
    return _watches.setdefault(asyncio.get_running_loop(), Watch())
