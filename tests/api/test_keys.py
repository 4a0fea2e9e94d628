"""Keys at the door: a key manages itself and the keys that it made; nobody gains by it."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from teammates import keys
from teammates.models import ApiKey
from tests.api.door import Api, problem_of

READS = ["runs:read"]


def with_text(row, text):
    """The door as the holder of a key that exists."""
    api = Api(row.owner)
    api.row.delete()
    api.row, api.key = row, text
    api.client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {text}"
    return api


def made(api, **body):
    response = api.post("/keys", {"name": "second", **body})
    assert response.status_code == 201, response.content
    told = response.json()
    return with_text(ApiKey.objects.get(pk=told["id"]), told["api_key"])


def test_a_key_says_which_it_is(api):
    told = api.get("/keys").json()
    assert told == {"has_key": True, "prefix": f"sayso_{api.row.key_id}"}
    assert api.key.startswith(told["prefix"])


def test_a_new_key_is_told_once_and_works(api):
    told = api.post("/keys", {"name": "second", "expires_in_days": 30}).json()
    assert keys.authenticate(told["api_key"]).pk == told["id"]
    assert told["api_key"].startswith(told["prefix"]) and told["expires_at"]
    listed = api.get("/keys/all").content.decode()
    assert told["prefix"] in listed and told["api_key"] not in listed


def test_a_key_makes_none_that_may_more_or_lives_longer(api_of, owner):
    api = api_of(owner, [*READS, keys.ADMIN])
    ApiKey.objects.filter(pk=api.row.pk).update(expires_at=(soon := now() + timedelta(days=2)))
    second = made(api, expires_in_days=300)
    assert second.row.scopes == READS and second.row.expires_at == soon


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "x" * 121}, {"name": "x", "expires_in_days": 0}])
def test_what_does_not_fit_makes_no_key(api, body):
    assert problem_of(api.post("/keys", body)) == (422, "invalid")
    assert ApiKey.objects.count() == 1


def test_an_account_has_so_many_keys_and_no_more(api, monkeypatch):
    monkeypatch.setattr(keys, "AT_MOST", 2)
    second = made(api)
    assert problem_of(api.post("/keys", {"name": "third"})) == (429, "too_many_keys")
    second.delete("/keys")
    assert api.post("/keys", {"name": "third"}).status_code == 201


def test_a_rotated_key_keeps_its_place_and_its_old_text_opens_nothing(api):
    second = made(api)
    told = api.post(f"/keys/{second.row.pk}/rotate").json()
    assert told["id"] == second.row.pk and told["api_key"] != second.key
    assert keys.authenticate(second.key) is None
    assert keys.authenticate(told["api_key"]).scopes == second.row.scopes


def test_a_key_rotates_itself(api):
    told = api.post("/keys/rotate").json()
    assert problem_of(api.get("/keys")) == (401, "unauthorized")
    assert keys.authenticate(told["api_key"]).pk == api.row.pk


def test_of_two_rotations_at_once_one_has_the_key(owner):
    key, _ = keys.create(owner, "robot")
    first, second = (ApiKey.objects.get(pk=key.pk) for _ in range(2))
    text = keys.rotate(first, by=first)
    with pytest.raises(keys.KeyRefused):
        keys.rotate(second, by=second)
    assert keys.authenticate(text) == key


def test_a_revoked_key_takes_those_that_it_made_along(api):
    second = made(api)
    third = made(second)
    told = api.delete(f"/keys/{second.row.pk}").json()
    assert (told["id"], told["active"]) == (second.row.pk, False)
    assert [keys.authenticate(one.key) is None for one in (api, second, third)] == [False, True, True]
    assert api.delete(f"/keys/{second.row.pk}").json() == told
    assert problem_of(api.post(f"/keys/{second.row.pk}/rotate")) == (409, "key_not_active")


@pytest.mark.parametrize(
    "end", [keys.revoke, lambda key: keys.revoke_all(key.owner), lambda key: keys.rotate(key, by=key)]
)
def test_a_request_that_came_before_the_key_ended_makes_none_after_it(owner, end):
    key, _ = keys.create(owner, "robot")
    other, _ = keys.create(owner, "other")
    came = ApiKey.objects.get(pk=key.pk)
    end(key)
    with pytest.raises(keys.KeyRefused):
        keys.make_by(came, "later", None)
    with pytest.raises(keys.KeyRefused):
        keys.rotate(other, by=came)
    assert set(ApiKey.objects.all()) == {key, other}


def test_a_key_revokes_itself(api):
    assert api.delete("/keys").json() == {"has_key": False, "prefix": None}
    assert problem_of(api.get("/keys")) == (401, "unauthorized")


@pytest.mark.parametrize("act", ["rotate", "revoke"])
def test_no_key_reaches_one_that_it_has_not_made(api, api_of, owner, outsider, act):
    others = [made(api_of(owner)), api_of(owner), api_of(outsider)]
    for other in others:
        before = ApiKey.objects.filter(pk=other.row.pk).values().get()
        pk = other.row.pk
        answer = api.post(f"/keys/{pk}/rotate") if act == "rotate" else api.delete(f"/keys/{pk}")
        assert problem_of(answer) == (404, "not_found")
        assert ApiKey.objects.filter(pk=pk).values().get() == before
    assert [key["id"] for key in api.get("/keys/all").json()] == [api.row.pk]


def test_a_key_with_admin_manages_the_account_and_gains_nothing(api_of, owner, outsider):
    admin, other, foreign = api_of(owner, [*READS, keys.ADMIN]), api_of(owner), api_of(outsider)
    assert {key["id"] for key in admin.get("/keys/all").json()} == {admin.row.pk, other.row.pk}
    assert problem_of(admin.post(f"/keys/{other.row.pk}/rotate")) == (403, "missing_scope")
    assert problem_of(admin.delete(f"/keys/{foreign.row.pk}")) == (404, "not_found")
    assert admin.delete(f"/keys/{other.row.pk}").json()["active"] is False
    assert keys.authenticate(foreign.key)
