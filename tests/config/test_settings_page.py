"""Account, password, keys, and who may decide."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from api.agentos import opening
from config import signin
from teammates import keys
from teammates.models import ApiKey

OLD, NEW = "a long enough password", "another long password"


def change(client, old=OLD, new=NEW, again=None, **fields):
    sent = {"old_password": old, "new_password1": new, "new_password2": again or new}
    return client.post("/settings/password/", sent | fields)


def password_is(user, password) -> bool:
    return User.objects.get(pk=user.pk).check_password(password)


def test_the_page_says_who_may_decide(client_of, owner, reviewer, outsider, staff):
    page = client_of(owner).get("/settings/").content.decode()
    assert ">rafael<" in page and ">stella<" in page and ">otto<" not in page


def test_who_knows_the_old_password_sets_a_new_one(client_of, owner):
    client = client_of(owner)
    assert change(client).url == "/settings/"
    assert password_is(owner, NEW) and client.get("/settings/").status_code == 200


def test_guessing_the_old_password_is_stopped(client_of, owner):
    client = client_of(owner)
    assert [change(client, old="wrong").status_code for _ in range(6)] == [422] * 5 + [429]
    late = change(client)
    assert late.status_code == 429 and b"Too many attempts" in late.content
    assert password_is(owner, OLD)


def test_who_knows_the_old_password_may_try_new_ones(client_of, owner):
    client = client_of(owner)
    assert {change(client, new="short").status_code for _ in range(7)} == {422}
    assert change(client).url == "/settings/"


def test_a_new_password_signs_every_other_browser_out(client_of, owner):
    other = client_of(owner)
    change(client_of(owner))
    assert other.get("/settings/").status_code == 302


@pytest.mark.parametrize(
    "sent",
    [{"old": "wrong"}, {"new": "short"}, {"new": "password1234"}, {"again": "something else"}, {"new": "olivia1234"}],
)
def test_a_password_that_does_not_fit_is_refused_at_its_field(client_of, owner, sent):
    answer = change(client_of(owner), **sent)
    assert answer.status_code == 422 and b'class="error"' in answer.content
    assert password_is(owner, OLD)


def test_a_first_password_offers_to_keep_the_keys(client_of, owner):
    keys.create(owner, "robot")
    box = b'<input type="checkbox" name="revoke_keys"'
    assert box + b" checked>" in client_of(owner).get("/settings/password/").content
    User.objects.filter(pk=owner.pk).update(password="!")
    owner.refresh_from_db()
    assert box + b">" in client_of(owner).get("/settings/password/").content


def test_the_keys_go_with_the_password_where_one_says_so(client_of, owner, outsider):
    _, text = keys.create(owner, "robot")
    _, others = keys.create(outsider, "robot")
    client = client_of(owner)
    change(client)
    assert keys.authenticate(text)
    change(client, old=NEW, new=OLD, revoke_keys="on")
    assert keys.authenticate(text) is None and keys.authenticate(others)


def test_who_came_by_a_link_needs_no_old_password_but_only_once(client, owner):
    client.post(signin.sign_in_link(owner))
    assert b"old_password" not in client.get("/settings/password/").content
    client.post("/settings/password/", {"new_password1": NEW, "new_password2": NEW})
    assert password_is(owner, NEW)
    assert b"old_password" in client.get("/settings/password/").content


def test_a_key_is_shown_once_and_may_not_decide_by_itself(client_of, owner):
    client = client_of(owner)
    assert b'name="decide">' in client.get("/settings/keys/").content
    page = client.post("/settings/keys/", {"name": "robot", "days": ""})
    key = ApiKey.objects.get()
    text = page.context["text"]
    assert text in page.content.decode() and keys.authenticate(text) == key
    assert key.owner == owner and keys.DECIDE not in key.scopes and "runs:write" in key.scopes
    again = client.get("/settings/keys/").content.decode()
    assert text not in again and f"sayso_{key.key_id}_" in again


def test_a_key_may_decide_where_one_ticks_it_and_ends_when_one_says(client_of, owner):
    client_of(owner).post("/settings/keys/", {"name": "robot", "days": "30", "decide": "on"})
    key = ApiKey.objects.get()
    assert keys.DECIDE in key.scopes and "admin:*" not in key.scopes
    assert (key.expires_at - key.created_at).days in (29, 30)


@pytest.mark.parametrize("sent", [{"name": ""}, {"name": "x" * 121}, {"name": "robot", "days": "999999"}])
def test_a_key_that_does_not_fit_is_refused(client_of, owner, sent):
    answer = client_of(owner).post("/settings/keys/", sent)
    assert answer.status_code == 422 and b'class="error"' in answer.content
    assert not ApiKey.objects.exists()


def test_revoking_closes_a_key(client_of, owner):
    key, text = keys.create(owner, "robot")
    assert client_of(owner).post(f"/settings/keys/{key.pk}/revoke/").url == "/settings/keys/"
    assert keys.authenticate(text) is None


def test_anothers_key_is_not_there(client_of, outsider, staff, owner):
    key, text = keys.create(owner, "robot")
    for person in (outsider, staff):
        assert client_of(person).post(f"/settings/keys/{key.pk}/revoke/").status_code == 404
        assert key.key_id not in client_of(person).get("/settings/keys/").content.decode()
    assert keys.authenticate(text)


def test_a_stranger_is_sent_to_the_sign_in_page_and_changes_nothing(owner):
    key, text = keys.create(owner, "robot")
    stranger = Client()
    assert stranger.post(f"/settings/keys/{key.pk}/revoke/").url.startswith("/sign-in/")
    assert change(stranger).url.startswith("/sign-in/")
    assert keys.authenticate(text) and password_is(owner, OLD)


def test_the_page_says_whether_programs_come_in_without_a_key(client_of, owner, monkeypatch):
    client = client_of(owner)
    assert "Closed to programs without a key." in client.get("/settings/").content.decode()
    monkeypatch.setattr(opening, "_serving_loopback", True)
    assert "Open: every program on this machine" in client.get("/settings/").content.decode()
    page = client.post("/settings/keys/", {"name": "robot", "days": ""}).content.decode()
    assert "From now on they want a key." in page
    assert (
        "From now on they want a key."
        not in client.post("/settings/keys/", {"name": "two", "days": ""}).content.decode()
    )
    assert "Closed to programs without a key." in client.get("/settings/").content.decode()
