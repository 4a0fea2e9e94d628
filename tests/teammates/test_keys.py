"""API keys: shown once, kept as a digest, and one answer for everything that is not a working key."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils.timezone import now

from teammates import keys
from teammates.models import ApiKey


def test_a_key_opens_what_its_owner_may_see(owner):
    key, text = keys.create(owner, "robot")
    assert keys.authenticate(text) == key
    assert keys.authenticate(text).owner == owner


def test_the_text_has_id_secret_and_checksum_in_its_place(owner):
    key, text = keys.create(owner, "robot")
    match = keys.SHAPE.fullmatch(text)
    assert match and match[2] == key.key_id and match[4] == keys.checksum(match[1])


@pytest.mark.sqlite
def test_the_database_never_holds_the_secret(owner):
    key, text = keys.create(owner, "robot")
    secret = keys.SHAPE.fullmatch(text)[3]
    dump = "\n".join(connection.connection.iterdump())
    assert key.key_id in dump and key.digest in dump
    assert secret not in dump and text not in dump


@pytest.mark.parametrize("change", ["last letter", "other secret", "unknown id", "spaces", "empty", "not ours"])
def test_anything_but_the_exact_text_opens_nothing(owner, change):
    _, text = keys.create(owner, "robot")
    _, other = keys.create(owner, "other")
    unknown = f"sayso_{'A' * 12}_{text[19:62]}"
    wrong = {
        "last letter": text[:-1] + ("0" if text[-1] != "0" else "1"),
        "other secret": (mixed := text[:19] + other[19:62]) + keys.checksum(mixed),
        "unknown id": unknown + keys.checksum(unknown),
        "spaces": f" {text}",
        "empty": "",
        "not ours": "sk-live-1234",
    }
    assert keys.authenticate(wrong[change]) is None


def test_a_revoked_key_opens_nothing_from_that_moment_and_stays_revoked(owner):
    key, text = keys.create(owner, "robot")
    keys.revoke(key)
    revoked_at = key.revoked_at
    keys.revoke(key)
    assert keys.authenticate(text) is None
    assert ApiKey.objects.get(pk=key.pk).revoked_at == revoked_at


def test_an_expired_key_opens_nothing(owner):
    _, text = keys.create(owner, "robot", expires_at=now() - timedelta(seconds=1))
    _, lasting = keys.create(owner, "robot", expires_at=now() + timedelta(hours=1))
    assert keys.authenticate(text) is None and keys.authenticate(lasting)


def test_the_keys_of_a_disabled_account_open_nothing(owner):
    _, text = keys.create(owner, "robot")
    owner.is_active = False
    owner.save()
    assert keys.authenticate(text) is None


def test_an_unknown_scope_is_refused_and_no_key_is_made(owner):
    with pytest.raises(ValueError, match="no scope runs:fly"):
        keys.create(owner, "robot", ["runs:read", "runs:fly"])
    assert not ApiKey.objects.exists()


def test_the_command_prints_the_key_as_its_last_word_and_makes_the_local_owner(db, capsys):
    call_command("apikey", "create", "robot")
    key = keys.authenticate(capsys.readouterr().out.split()[-1])
    assert key.owner == User.objects.get(username="owner", is_superuser=True)
    assert not key.owner.has_usable_password()
    assert "approvals:decide" in key.scopes and "admin:*" not in key.scopes


def test_the_command_makes_a_key_for_somebody_with_some_scopes(owner, capsys):
    call_command("apikey", "create", "robot", "--user", "olivia", "--scopes", "runs:read")
    key = keys.authenticate(capsys.readouterr().out.split()[-1])
    assert (key.owner, key.scopes) == (owner, ["runs:read"])


@pytest.mark.parametrize("arguments", [["--user", "nobody"], ["--scopes", "runs:fly"]])
def test_the_command_refuses_what_it_does_not_know(db, arguments):
    with pytest.raises(CommandError, match="There is no"):
        call_command("apikey", "create", "robot", *arguments)
    assert not ApiKey.objects.exists()
