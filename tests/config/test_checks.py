"""Settings that cannot be meant are told at the start."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import checks
from config.env import ROOT, Environment, environment


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


@pytest.mark.parametrize(
    ("field", "address", "mend"),
    [
        ("database_url", "mysql://a/b", "write it like postgres://user:password@host/name"),
        ("database_url", "foo", "write it like postgres://user:password@host/name"),
        ("database_url", "postgres://sayso:pa/ss#1@host/sayso", "with %2F, %23, %3F and %40 for / # ? @"),
        ("redis_url", "localhost:6379", "write it like redis://localhost:6379/0"),
        ("redis_url", "redis://host:port/0", "write it like redis://localhost:6379/0"),
    ],
)
def test_what_is_no_address_is_refused_with_the_mend(field, address, mend):
    with pytest.raises(ValueError, match=field) as refusal:
        Environment(**{field: address})
    assert mend in str(refusal.value)
    assert "pa/ss" not in str(refusal.value)


def test_all_variables_that_cannot_be_so_are_named_at_once_and_their_values_are_not(monkeypatch):
    monkeypatch.setenv("SAYSO_SLOTS", "0")
    monkeypatch.setenv("REDIS_URL", "secret-word")
    with pytest.raises(ImproperlyConfigured) as refusal:
        environment()
    assert str(refusal.value).splitlines() == [
        "REDIS_URL: write it like redis://localhost:6379/0, or rediss:// for TLS.",
        "SAYSO_SLOTS: Input should be greater than or equal to 1.",
    ]


@pytest.mark.parametrize(
    ("command", "variables", "words"),
    [
        (["serve"], {"SAYSO_TOOLS": "my.tools"}, "SAYSO_TOOLS: there is no module 'my.tools' here."),
        (["serve"], {"SAYSO_PRICES": "big"}, "SAYSO_PRICES: 'big' is not model=in/out, like gpt-4o-mini=0.15/0.60."),
        (["doctor"], {}, "CommandError: The database is not up to date: run `python manage.py migrate` first, or"),
    ],
)
def test_a_command_that_cannot_begin_says_why_in_one_line(tmp_path, command, variables, words):
    environment = {**os.environ, "SAYSO_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings", **variables}
    run = [sys.executable, "manage.py", *command]
    done = subprocess.run(run, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)
    assert done.stderr.startswith(words)


@pytest.mark.parametrize("address", ["", "postgres://u:p%2Fw@h:5432/n?sslmode=require", "sqlite:////tmp/x.sqlite3"])
def test_addresses_of_databases_are_taken(address):
    assert Environment(database_url=address).database_url == address


def test_redis_needs_its_driver_and_a_database_for_many(settings, monkeypatch):
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "config.sqlite")
    settings.REDIS_URL = "redis://localhost"
    assert ids(checks.check_redis()) == ["sayso.E004", "sayso.E008"]
    settings.REDIS_URL = ""
    assert ids(checks.check_redis()) == []


@pytest.mark.parametrize(
    ("redis", "given", "told"), [("redis://h", False, ["sayso.W001"]), ("redis://h", True, []), ("", False, [])]
)
def test_many_machines_need_one_secret(settings, redis, given, told):
    settings.REDIS_URL, settings.SECRET_KEY_GIVEN = redis, given
    assert ids(checks.check_shared_secret()) == told


def test_what_no_command_of_django_starts_is_refused_with_the_mend(settings):
    checks.refuse()
    settings.PUBLIC_URL = "sayso.example"
    with pytest.raises(ImproperlyConfigured, match=r"Write it like https://sayso\.example"):
        checks.refuse()


def test_debugging_is_not_for_the_public(settings):
    settings.DEBUG = settings.SECURE = True
    assert ids(checks.check_debug()) == ["sayso.E005"]
    settings.SECURE = False
    assert ids(checks.check_debug()) == []
