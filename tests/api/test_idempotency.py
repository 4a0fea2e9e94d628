"""`Idempotency-Key` (contract 1.2): the same request again, also at the same moment, gets the same run."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from api.idempotency import KEPT
from api.models import Idempotency
from runs.models import Event, Run
from teammates.models import Teammate
from tests.api.door import problem_of
from tests.machine import together

HELLO = {"message": "Hello", "stream": False}


def replayed(response):
    return response.headers.get("Idempotent-Replay") == "true"


def test_the_first_use_begins_a_run_and_says_nothing_of_a_replay(api):
    response = api.post("/runs", HELLO, idempotency_key="k")
    assert response.status_code == 201
    assert not replayed(response)


def test_the_second_use_gives_the_same_run_as_json(api):
    first = api.post("/runs", HELLO, idempotency_key="k")
    again = api.post("/runs", HELLO, idempotency_key="k")
    assert again.status_code == 200
    assert replayed(again)
    assert again.json()["id"] == first.json()["id"]
    assert again.content.startswith(b'{"id": ')
    assert again["X-Run-Id"] == str(first.json()["id"])
    assert Run.objects.count() == 1
    assert Event.objects.count() == 1


@pytest.mark.parametrize(("first", "then"), [(True, True), (True, False), (False, True)])
def test_how_it_is_read_is_no_part_of_what_is_asked(api, first, then):
    api.post("/runs", {**HELLO, "stream": first}, idempotency_key="k")
    again = api.post("/runs", {**HELLO, "stream": then}, idempotency_key="k")
    assert replayed(again)
    assert again["Content-Type"] == "application/json"
    assert Run.objects.count() == 1


def test_a_replay_tells_how_the_run_is_now(fake, teammate_with, api, carry):
    body = {**HELLO, "teammate_id": teammate_with().pk}
    first = api.post("/runs", body, idempotency_key="k")
    carry(Run.objects.get(pk=first.json()["id"]))
    again = api.post("/runs", body, idempotency_key="k")
    assert (again.json()["status"], again.json()["output"]) == ("completed", "Here you are.")


@pytest.mark.parametrize("other", [{"message": "Other"}, {"user_id": "ann"}, {"metadata": {"a": 1}}, {"name": "Bot"}])
def test_the_key_of_another_request_is_a_conflict(api, other):
    """F43."""
    api.post("/runs", HELLO, idempotency_key="k")
    assert problem_of(api.post("/runs", {**HELLO, **other}, idempotency_key="k")) == (409, "key_reused")
    assert Run.objects.count() == 1


def test_the_order_of_fields_is_no_other_request(api):
    api.post("/runs", {"message": "Hello", "stream": False, "metadata": {"a": 1, "b": 2}}, idempotency_key="k")
    again = api.post("/runs", {"metadata": {"b": 2, "a": 1}, "stream": False, "message": "Hello"}, idempotency_key="k")
    assert replayed(again)


def test_each_account_has_keys_of_its_own(api, api_of, outsider):
    first, theirs = (one.post("/runs", HELLO, idempotency_key="k") for one in (api, api_of(outsider)))
    assert first.json()["id"] != theirs.json()["id"]
    assert not replayed(theirs)


def test_another_api_key_of_the_same_account_gets_the_replay(api, api_of, owner):
    api.post("/runs", HELLO, idempotency_key="k")
    assert replayed(api_of(owner).post("/runs", HELLO, idempotency_key="k"))


def test_creates_and_replies_have_keys_of_their_own(fake, teammate_with, api, carry):
    body = {**HELLO, "teammate_id": teammate_with().pk}
    run = carry(Run.objects.get(pk=api.post("/runs", body, idempotency_key="k").json()["id"]))
    reply = api.post(f"/runs/{run.pk}/reply", HELLO, idempotency_key="k")
    assert not replayed(reply)
    assert reply.json()["id"] != run.pk
    assert replayed(api.post(f"/runs/{run.pk}/reply", HELLO, idempotency_key="k"))
    carry(Run.objects.get(pk=reply.json()["id"]))
    assert problem_of(api.post(f"/runs/{reply.json()['id']}/reply", HELLO, idempotency_key="k")) == (409, "key_reused")


def test_without_a_key_every_request_is_a_run(api):
    assert api.post("/runs", HELLO).json()["id"] != api.post("/runs", HELLO).json()["id"]


@pytest.mark.parametrize(
    "refused", [{"message": ""}, {"teammate_id": 12345}, {"permission_mode": "plan"}, {"tools": ["x"]}]
)
def test_a_refused_create_binds_no_key(api, refused):
    assert api.post("/runs", {**HELLO, **refused}, idempotency_key="k").status_code >= 400
    assert not Idempotency.objects.exists()
    assert not Teammate.objects.exists()
    response = api.post("/runs", HELLO, idempotency_key="k")
    assert response.status_code == 201
    assert not replayed(response)


def test_a_create_that_breaks_binds_no_key(api, monkeypatch):
    def broken(*args, **kwargs):
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("runs.journal.begin", broken)
        assert problem_of(api.post("/runs", HELLO, idempotency_key="k")) == (500, "internal")
    assert not Run.objects.exists()
    assert not Idempotency.objects.exists()
    assert api.post("/runs", HELLO, idempotency_key="k").status_code == 201


def test_a_key_has_a_limit(api):
    assert api.post("/runs", HELLO, idempotency_key="k" * 255).status_code == 201
    assert problem_of(api.post("/runs", HELLO, idempotency_key="k" * 256)) == (422, "invalid")


def test_after_a_day_a_key_is_new_again(api):
    first = api.post("/runs", HELLO, idempotency_key="k")
    Idempotency.objects.update(created_at=now() - KEPT - timedelta(seconds=1))
    again = api.post("/runs", {**HELLO, "message": "Other"}, idempotency_key="k")
    assert not replayed(again)
    assert again.json()["id"] != first.json()["id"]


def test_of_many_first_uses_at_once_one_begins_the_run(api, transactional_db):
    """F43."""
    answers = together(6, lambda place: api.post("/runs", HELLO, idempotency_key="k"))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sorted(map(replayed, answers)) == [False] + [True] * 5
    assert Run.objects.count() == Event.objects.count() == Teammate.objects.count() == 1
