"""Attempts are counted, Redis or no Redis."""

from limits import parse

from api.counting import Counter


def test_while_redis_is_away_each_process_counts_for_itself(settings, caplog):
    settings.LIMITS_URL = "redis://127.0.0.1:1/0?socket_connect_timeout=1"
    counter, twice = Counter(), parse("2 per minute")
    assert [counter.hit(twice, "sign-in", "ada") for _ in range(3)] == [True, True, False]
    counter.clear(twice, "sign-in", "ada")
    assert counter.hit(twice, "sign-in", "ada")
    assert "Redis is away" in caplog.text
