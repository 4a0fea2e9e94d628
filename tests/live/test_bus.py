"""News between processes, without Redis: what is packed here is unpacked there, and a lost bus costs time only."""

import asyncio
import time

from django.utils import timezone
from redis.exceptions import ConnectionError as Away

from runs.journal import Line
from runs.live import redis
from runs.live.hub import Hub
from runs.live.redis import Bus, packed, unpacked

NEWS = [("run-7", Line(7, 3, "text", {"turn": 1, "delta": "ä\n\u2028“"}, timezone.now())), ("inbox", (1, "approval-2"))]


def test_what_one_process_packs_another_unpacks():
    (topic, line), (inbox, item) = unpacked(packed("me", NEWS), "you", {"run-7", "inbox"})
    assert (topic, line, inbox, item) == ("run-7", NEWS[0][1], "inbox", [1, "approval-2"])
    assert line.frame == NEWS[0][1].frame


def test_topics_that_nobody_follows_are_not_read():
    assert [topic for topic, _ in unpacked(packed("me", NEWS), "you", {"inbox"})] == ["inbox"]


def test_the_sender_has_told_its_own_followers_already():
    assert list(unpacked(packed("me", NEWS), "me", {"run-7", "inbox"})) == []


def test_a_bus_that_is_away_raises_nothing_and_is_not_tried_at_once_again(monkeypatch, caplog):
    tried = []

    def publish(self, *args):
        tried.append(args)
        raise Away("gone")

    monkeypatch.setattr(redis.Redis, "publish", publish)
    bus = Bus("redis://127.0.0.1:1/0", Hub())
    bus.send(NEWS)
    bus.send(NEWS)
    assert len(tried) == 1
    assert "Live updates are late" in caplog.text


def test_every_follower_looks_again_when_news_are_late_and_when_they_are_back():
    hub = Hub()

    async def scene():
        with hub.follow("run-1") as follower:
            for late in (True, False):
                waiting = asyncio.ensure_future(follower.next(60))
                await asyncio.sleep(0)
                hub.late(late)
                assert await asyncio.wait_for(waiting, 5) == []

    asyncio.run(scene())


def test_without_a_bus_a_follower_is_patient_for_a_moment_only(monkeypatch):
    monkeypatch.setattr("runs.live.hub.LATE", 0.2)
    hub = Hub()
    hub.late(True)

    async def scene():
        with hub.follow("run-1") as follower:
            return await asyncio.wait_for(follower.next(60), 30)

    began = time.monotonic()
    assert asyncio.run(scene()) == []
    assert time.monotonic() - began >= 0.2
