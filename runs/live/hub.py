"""Tells the followers in this process what was committed. It may lose nothing that matters: the log has it all."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

LIMIT = 2000  # unread items of one follower; past that it reads the log instead


class Follower:
    """The end of the pipe in an event loop: what was published since it last looked."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._items: list[Any] = []
        self._waiter: asyncio.Future[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._silent_at = 0.0

    async def next(self, timeout: float) -> list[Any]:
        """What has arrived, at once or as soon as something does; nothing after `timeout` seconds."""
        if not self._items:
            self._waiter = self.loop.create_future()
            self._silent_at = self.loop.time() + timeout
            if self._alarm is None:
                self._alarm = self.loop.call_at(self._silent_at, self._ring)
            try:
                await self._waiter
            finally:
                self._waiter = None
        items, self._items = self._items, []
        return items

    def _ring(self) -> None:
        """One timer for many waits: news came in between, so it only looks whether silence is due."""
        self._alarm = None
        if self._waiter is None:
            return
        if self.loop.time() < self._silent_at:
            self._alarm = self.loop.call_at(self._silent_at, self._ring)
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

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)


class Hub:
    """Topics and who follows them; `publish` may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._followers: dict[str, set[Follower]] = {}

    @contextmanager
    def follow(self, *topics: str) -> Iterator[Follower]:
        follower = Follower(asyncio.get_running_loop())
        with self._lock:
            for topic in topics:
                self._followers.setdefault(topic, set()).add(follower)
        try:
            yield follower
        finally:
            follower.close()
            with self._lock:
                for topic in topics:
                    self._followers[topic].discard(follower)
                    if not self._followers[topic]:
                        del self._followers[topic]

    def publish(self, news: Iterable[tuple[str, Any]]) -> None:
        """Hand each (topic, item) to the topic's followers: one wake-up of each event loop for all of them."""
        by_loop: dict[asyncio.AbstractEventLoop, dict[Follower, list[Any]]] = defaultdict(lambda: defaultdict(list))
        with self._lock:
            for topic, item in news:
                for follower in self._followers.get(topic, ()):
                    by_loop[follower.loop][follower].append(item)
        for loop, parcels in by_loop.items():
            try:
                loop.call_soon_threadsafe(_hand_out, parcels)
            except RuntimeError:  # the loop was closed with its followers still in it: nobody listens
                continue


def _hand_out(parcels: dict[Follower, list[Any]]) -> None:
    for follower, items in parcels.items():
        follower.deliver(items)


hub = Hub()
