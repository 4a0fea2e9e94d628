"""Tells the followers in other processes. Redis may lose any of it, or be away: the log has it all."""

import json
import logging
import secrets
import threading
import time
from collections.abc import Container, Iterator
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from runs.journal import Line, encode
from runs.live.hub import Hub, hub

REST = 2.0  # seconds without an attempt to send after one that failed, so that no commit waits for a dead host
TIMEOUT = 2.0  # seconds for an answer of Redis
RECONNECT_SECONDS = 1.0

logger = logging.getLogger("sayso.live")

News = list[tuple[str, Any]]


class Bus:
    """One for each process: `send` from whoever commits, `listen` in processes that have followers."""

    def __init__(self, url: str, hub: Hub) -> None:
        self._url, self._hub = url, hub
        self._me = secrets.token_hex(8)
        self._redis = Redis.from_url(
            url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 1)
        )
        # Published messages know no database numbers, so the channel's name does.
        self._channel = f"sayso:{self._redis.connection_pool.connection_kwargs.get('db', 0)}:news"
        self._rests_until = 0.0
        self._listener: threading.Thread | None = None

    def send(self, news: News) -> None:
        """Never raises: what it tells is true and committed already."""
        if time.monotonic() < self._rests_until:
            return
        try:
            self._redis.publish(self._channel, packed(self._me, news))
        except RedisError as error:
            self._rests_until = time.monotonic() + REST
            logger.warning("Live updates are late: Redis is away (%s).", error)

    def listen(self) -> None:
        """Pass on what others send, in a thread of its own, for as long as the process lives."""
        if self._listener is None:
            self._listener = threading.Thread(target=self._listen, name="bus", daemon=True)
            self._listener.start()

    def _listen(self) -> None:
        while True:
            self._hub.late(True)
            try:
                with Redis.from_url(
                    self._url, socket_connect_timeout=TIMEOUT, health_check_interval=10, retry=Retry(NoBackoff(), 0)
                ) as client:
                    self._pass_on(client)
            except RedisError as error:
                logger.warning("Live updates are late: Redis is away (%s).", error)
            time.sleep(RECONNECT_SECONDS)

    def _pass_on(self, client: Redis) -> None:
        pubsub = client.pubsub()  # type: ignore[no-untyped-call]  # redis has no types here
        pubsub.subscribe(self._channel)
        while True:
            message = pubsub.get_message(timeout=TIMEOUT)
            if message is None:
                continue
            if message["type"] == "subscribe":
                self._hub.late(False)
            elif message["type"] == "message":
                self._hub.deliver(unpacked(message["data"], self._me, self._hub.followed))


_bus: Bus | None = None


def connect(url: str) -> None:
    """From now on what is committed in this process is told to the others."""
    global _bus
    _bus = Bus(url, hub)
    hub.beyond = _bus.send


def listen() -> None:
    """For processes with followers: hear what the others tell, if there are others."""
    if _bus is not None:
        _bus.listen()


def packed(sender: str, news: News) -> bytes:
    """A first line that names the sender, then one for each item: its topic and its JSON, which has no line ends."""
    lines = (f"{topic} {item.frame if isinstance(item, Line) else encode(item)}" for topic, item in news)
    return "\n".join([sender, *lines]).encode(errors="replace")


def unpacked(message: bytes, me: str, wanted: Container[str]) -> Iterator[tuple[str, Any]]:
    """The items on wanted topics, unless this process sent them itself and so has told them already."""
    sender, *lines = message.decode().split("\n")
    for line in lines if sender != me else ():
        topic, _, text = line.partition(" ")
        if topic in wanted:
            run_id = topic.removeprefix("run-")
            yield topic, json.loads(text) if run_id == topic else Line.read(int(run_id), text)
