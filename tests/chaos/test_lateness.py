"""How long a token takes from the model, through a worker, PostgreSQL and Redis, to the page of another process."""

import re
import statistics

import pytest

from tests.chaos.conftest import TOKENS
from tests.chaos.followers import Follower, Followers

TOKEN = re.compile(r"(\d{5}):(\d+) ")
pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.timeout(300)]


class Stopwatch(Follower):
    def take(self, events, at):
        super().take(events, at)
        for event in events:
            for number, sent in TOKEN.findall(event["data"].get("delta", "")):
                self.tokens.append((int(number), at * 1000 - int(sent) / 1e6))


def test_tokens_arrive_once_in_order_and_soon(scene):
    shape = scene[0]
    cookie = "; ".join(f"{each.name}={each.value}" for each in shape.person.http.cookies.jar)
    followers = Followers(shape.webs, cookie, Stopwatch)
    follower = followers.add(shape.start("clerk", "Tokens"))
    followers.wait(60)
    followers.close()
    late = sorted(milliseconds for _, milliseconds in follower.tokens)
    print(
        f"\nmodel to page, {TOKENS} tokens: p50 {statistics.median(late):.1f} ms, p95 {late[TOKENS * 95 // 100]:.1f} ms"
    )
    assert [number for number, _ in follower.tokens] == list(range(1, TOKENS + 1))
    assert statistics.median(late) < 500  # a follower that only reads the log is seconds late
