"""Settings that cannot be meant are told at the start."""

import pytest

from config import checks


def ids(found) -> list[str]:
    return [message.id for message in found]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", []),
        ("https://sayso.example", []),
        ("http://10.0.0.5:8000", []),
        ("sayso.example", ["sayso.E001"]),
        ("ftp://sayso.example", ["sayso.E001"]),
        ("https://sayso.example:port", ["sayso.E001"]),
        ("https://sayso.example/team", ["sayso.E002"]),
        ("https://me@sayso.example", ["sayso.E002"]),
    ],
)
def test_the_public_address_is_an_origin(settings, url, told):
    settings.PUBLIC_URL = url
    assert ids(checks.check_address()) == told


def test_postgresql_needs_its_driver(settings, monkeypatch):
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.postgresql")
    assert ids(checks.check_database()) == ["sayso.E003"]


def test_redis_needs_its_driver_and_a_database_for_many(settings, monkeypatch):
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer"}}
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.sqlite3")
    assert ids(checks.check_redis()) == ["sayso.E004", "sayso.W001"]


def test_debugging_is_not_for_the_public(settings):
    settings.DEBUG = settings.SECURE = True
    assert ids(checks.check_debug()) == ["sayso.E005"]
    settings.SECURE = False
    assert ids(checks.check_debug()) == []
