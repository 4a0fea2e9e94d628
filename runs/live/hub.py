"""Tells the followers in this process what was committed. It may lose nothing that matters: the log has it all."""

import asyncio
import math
import threading
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

LIMIT = 2000  # unread items of one follower; past that it reads the log instead
LATE = 2.0  # seconds that a follower waits for news while none come from other processes


class Follower:
    """The end of the pipe in an event loop: what was published since it last looked."""

    def __init__(self, loop: asyncio.AbstractEventLoop, hub: "Hub") -> None:
        self.loop, self._hub = loop, hub
        self.topics: set[str] = set()
        self._items: list[Any] = []
        self._waiter: asyncio.Future[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._silent_at = 0.0
        self._rung = False

    async def next(self, timeout: float) -> list[Any]:
        """What has arrived, at once or as soon as something does; nothing after `timeout` seconds."""
        if not self._items and not self._rung:
            self._waiter = self.loop.create_future()
            self._silent_at = self.loop.time() + min(timeout, self._hub.patience)
            if self._alarm is None:
                self._set_alarm()
            try:
                await self._waiter
            finally:
                self._waiter = None
        items, self._items, self._rung = self._items, [], False
        return items

    def _set_alarm(self) -> None:
        if self._silent_at < math.inf:
            self._alarm = self.loop.call_at(self._silent_at, self._ring)

    def _ring(self) -> None:
        """One timer for many waits: news came in between, so it only looks whether silence is due."""
        self._alarm = None
        if self._waiter is None:
            return
        if self.loop.time() < self._silent_at:
            self._set_alarm()
        else:
            self._wake()

    def close(self) -> None:
        if self._alarm:
            self._alarm.cancel()

    def deliver(self, items: list[Any]) -> None:
        if len(self._items) > LIMIT:
            self._items.clear()  # the gap that this leaves makes the follower read the log
        self._items.extend(items)
        self._wake()

    def ring(self) -> None:
        """Something may have been missed: `next` ends now, with or without news."""
        self._rung = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)


class Hub:
    """Topics and who follows them; may be called from any thread.

    `beyond`, where it is set, tells the followers in other processes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._followers: dict[str, set[Follower]] = {}
        self.beyond: Callable[[list[tuple[str, Any]]], None] | None = None
        self.patience = math.inf

    @contextmanager
    def follow(self, *topics: str) -> Iterator[Follower]:
        follower = self.follower(asyncio.get_running_loop(), *topics)
        try:
            yield follower
        finally:
            self.leave(follower)

    def follower(self, loop: asyncio.AbstractEventLoop, *topics: str) -> Follower:
        """As `follow` in that loop, for who ends it by `leave`."""
        follower = Follower(loop, self)
        self.join(follower, *topics)
        return follower

    def leave(self, follower: Follower) -> None:
        follower.close()
        with self._lock:
            for topic in follower.topics:
                self._followers[topic].discard(follower)
                if not self._followers[topic]:
                    del self._followers[topic]

    @property
    def followed(self) -> Container[str]:
        """The topics that anybody follows."""
        return self._followers

    def join(self, follower: Follower, *topics: str) -> None:
        """Let it follow these, too; as long as the others."""
        with self._lock:
            follower.topics.update(topics)
            for topic in topics:
                self._followers.setdefault(topic, set()).add(follower)

    def publish(self, news: Iterable[tuple[str, Any]]) -> None:
        """Hand each (topic, item) to the topic's followers, here and in other processes."""
        if self.beyond is None:
            self.deliver(news)
        else:
            told = list(news)
            self.deliver(told)
            self.beyond(told)

    @property
    def is_late(self) -> bool:
        """Are news from other processes held up just now?"""
        return self.patience < math.inf

    def late(self, late: bool) -> None:
        """Whether news from other processes are held up. At each change everybody looks for what was missed."""
        self.patience = LATE if late else math.inf
        with self._lock:
            everybody = {follower for followers in self._followers.values() for follower in followers}
        for follower in everybody:
            _in_loop(follower.loop, follower.ring)

    def deliver(self, news: Iterable[tuple[str, Any]]) -> None:
        """The part of `publish` within this process: one wake-up of each event loop for all its followers."""
        by_loop: dict[asyncio.AbstractEventLoop, dict[Follower, list[Any]]] = defaultdict(lambda: defaultdict(list))
        with self._lock:
            for topic, item in news:
                for follower in self._followers.get(topic, ()):
                    by_loop[follower.loop][follower].append(item)
        for loop, parcels in by_loop.items():
            _in_loop(loop, _hand_out, parcels)


def _in_loop(loop: asyncio.AbstractEventLoop, do: Callable[..., None], *args: Any) -> None:
    # A loop that was closed with its followers still in it: nobody listens.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(do, *args)


def _hand_out(parcels: dict[Follower, list[Any]]) -> None:
    for follower, items in parcels.items():
        follower.deliver(items)


hub = Hub()
