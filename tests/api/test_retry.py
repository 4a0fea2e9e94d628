"""Try a run again: a new run, one at a time, and not by accident what would be done twice (contract 2.5)."""

import pytest

from runs.models import Run
from teammates.models import Teammate
from tests.api.door import problem_of
from tests.machine import no_news, together
from tests.rows import called, run_of, teammate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broken(owner):
    return run_of(owner, teammate(), "Do it well", "failed", metadata={"n": 1}, user_id="ana")


def retry(api, run, **query):
    words = "&".join(f"{name}={value}" for name, value in query.items())
    return api.post(f"/runs/{run.pk}/retry?{words}")


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_what_came_to_no_end_is_tried_again_as_a_new_run(api, broken, status):
    Run.objects.filter(pk=broken.pk).update(status=status)
    response = retry(api, broken)
    again = response.json()
    assert (response.status_code, again["retry_of_run_id"], again["status"]) == (201, broken.pk, "running")
    assert again["id"] != broken.pk
    assert (again["message"], again["metadata"], again["user_id"]) == ("Do it well", {"n": 1}, "ana")


@pytest.mark.parametrize("status", ["queued", "running", "paused", "completed"])
def test_nothing_else_is_tried_again(api, broken, status):
    Run.objects.filter(pk=broken.pk).update(status=status)
    with no_news(broken):
        assert problem_of(retry(api, broken, confirm="true")) == (409, "not_retryable")
    assert Run.objects.count() == 1


def test_what_has_acted_needs_to_be_confirmed(api, broken):
    called(broken, 1, "announce", {})
    with no_news(broken):
        assert problem_of(retry(api, broken)) == (409, "retry_needs_confirmation")
    assert Run.objects.count() == 1
    assert retry(api, broken, confirm="true", use_credits="true").json()["retry_of_run_id"] == broken.pk


@pytest.mark.parametrize("effect", ["pure", "read"])
def test_what_only_read_needs_no_confirmation(api, broken, effect):
    called(broken, 1, "read_file", {}, effect=effect)
    assert retry(api, broken).status_code == 201


@pytest.mark.parametrize("state", ["proposed", "waiting", "ready"])
def test_what_never_began_needs_no_confirmation(api, broken, state):
    called(broken, 1, "announce", {}, state=state)
    assert retry(api, broken).status_code == 201


def test_a_retry_that_is_under_way_is_given_again(api, broken):
    first = retry(api, broken).json()["id"]
    called(broken, 1, "announce", {})  # and needs no confirmation, because nothing is begun
    assert retry(api, broken).json()["id"] == first
    Run.objects.filter(pk=first).update(status="failed")
    assert retry(api, broken, confirm="true").json()["id"] != first


def test_of_many_at_once_one_begins(api, broken):
    assert len(set(together(4, lambda _: retry(api, broken).json()["id"]))) == 1
    assert Run.objects.filter(retry_of=broken).count() == 1


def test_with_a_disabled_teammate_there_is_no_second_time(api, broken):
    Teammate.objects.update(enabled=False)
    with no_news(broken):
        assert problem_of(retry(api, broken)) == (409, "disabled")


def test_another_accounts_run_is_not_there(api_of, outsider, broken):
    with no_news(broken):
        assert problem_of(retry(api_of(outsider), broken)) == (404, "not_found")


def test_another_end_users_run_is_not_there(api, broken):
    with no_news(broken):
        assert problem_of(retry(api, broken, user_id="somebody")) == (404, "not_found")


def test_a_key_that_may_only_read_does_not_retry(api_of, owner, broken):
    with no_news(broken):
        assert problem_of(retry(api_of(owner, ["runs:read"]), broken)) == (403, "missing_scope")
