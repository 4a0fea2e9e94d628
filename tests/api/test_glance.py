"""The probes that clients poll: what changed, what waits, who does what (contract 2.3)."""

import json

import pytest
from django.utils import timezone

from runs import services
from runs.models import Run, Session
from teammates.models import Teammate
from tests.approvals.rows import a_paused_run, a_question, an_approval, item
from tests.rows import run_of, teammate

pytestmark = pytest.mark.django_db

SECRET = "my doctor's letter"


@pytest.fixture
def waiting(owner):
    """One run waits for a decision, one for an answer; both were asked in words that nobody else should read."""
    first, second = (a_paused_run(owner, message=SECRET) for _ in range(2))
    an_approval(first, text=SECRET)
    a_question(second, item("For whom?", "Customers", "The team"))
    return [first, second]


def put_away(run):
    Run.objects.filter(pk=run.pk).update(archived_at=timezone.now())


# --- check ---


def test_an_empty_account_has_nothing_to_tell(api):
    assert api.get("/runs/check").json() == {
        "total_count": 0,
        "latest_run_id": None,
        "awaiting_count": 0,
        "latest_change_at": None,
        "roster_count": 0,
        "roster_change_at": None,
        "teams_count": 0,
        "teams_change_at": None,
    }


def test_it_counts_what_the_list_shows(api, owner, outsider, waiting):
    clerk = teammate()
    run_of(outsider, clerk)
    run_of(owner, clerk, user_id="ana")
    put_away(run_of(owner, clerk))
    Session.objects.filter(pk=run_of(owner, clerk).session_id).update(hidden=True)
    found = api.get("/runs/check").json()
    assert (found["total_count"], found["awaiting_count"]) == (2, 2)
    assert found["latest_run_id"] == waiting[1].pk
    assert len(api.get("/runs").json()["data"]) == found["total_count"]
    assert api.get("/runs/check", user_id="ana").json()["total_count"] == 1
    assert api.get("/runs/check", user_id="nobody").json()["total_count"] == 0


def begins(run):
    run_of(run.owner, run.teammate)


def is_stopped(run):
    services.cancel(run, by=run.owner)


def goes_on(run):
    Run.objects.filter(pk=run.pk).update(status="queued", open_gates=0, woken_at=timezone.now())


def gets_a_colleague(run):
    teammate("another")


def loses_its_teammate(run):
    Teammate.objects.filter(pk=run.teammate_id).update(archived_at=timezone.now())


@pytest.mark.parametrize("happens", [begins, is_stopped, goes_on, put_away, gets_a_colleague, loses_its_teammate])
def test_it_changes_when_something_happens(api, waiting, happens):
    before = api.get("/runs/check").json()
    assert api.get("/runs/check").json() == before
    happens(waiting[0])
    assert api.get("/runs/check").json() != before


# --- needs you ---


def test_what_waits_is_named_in_our_words_only(api, waiting):
    response = api.get("/runs/needs-you")
    assert SECRET not in response.content.decode()
    assert response.json() == {
        "count": 2,
        "items": [
            {"run_id": waiting[1].pk, "title": "Release writer needs an answer", "mate_name": "Release writer"},
            {"run_id": waiting[0].pk, "title": "Publish an announcement", "mate_name": "Release writer"},
        ],
    }


def test_the_count_is_whole_where_the_items_are_few(api, owner):
    for _ in range(7):
        an_approval(a_paused_run(owner))
    found = api.get("/runs/needs-you").json()
    assert (found["count"], len(found["items"])) == (7, 5)
    assert api.get("/runs/check").json()["awaiting_count"] == 7


def test_what_others_wait_for_is_not_told(api_of, outsider, waiting):
    assert api_of(outsider).get("/runs/needs-you").json() == {"count": 0, "items": []}


def test_what_was_put_away_or_is_an_end_users_does_not_call_for_anybody(api, waiting):
    put_away(waiting[0])
    Run.objects.filter(pk=waiting[1].pk).update(user_id="ana")
    assert api.get("/runs/needs-you").json()["count"] == 0
    assert api.get("/runs/needs-you", user_id="ana").json()["count"] == 1


# --- activity ---


def test_every_teammate_is_there_with_what_lives_and_what_ended_last(api, owner, waiting):
    clerk = teammate()
    earlier, last = (run_of(owner, clerk, status=status) for status in ("completed", "failed"))
    works = run_of(owner, clerk)
    teammate("idle")
    found = {
        group["agent_id"]: [run["id"] for run in group["runs"]] for group in api.get("/runs/activity").json()["data"]
    }
    assert found == {
        waiting[0].teammate_id: [waiting[1].pk, waiting[0].pk],
        clerk.pk: [works.pk, last.pk],
    }
    assert earlier.pk not in found[clerk.pk]


def test_it_says_what_a_run_is_at_and_nothing_that_was_said(api, waiting):
    services.cancel(waiting[0], by=waiting[0].owner)
    response = api.get("/runs/activity")
    asked, stopped = response.json()["data"][0]["runs"]
    assert (asked["status"], asked["cancelled_at"]) == ("awaiting_approval", None)
    assert (stopped["status"], stopped["needs_reply"]) == ("cancelled", False)
    assert stopped["cancelled_at"] is not None
    assert SECRET not in json.dumps(response.json())


def test_activity_is_of_one_account_and_one_end_user(api, api_of, outsider, owner, waiting):
    run_of(owner, waiting[0].teammate, user_id="ana")
    assert api_of(outsider).get("/runs/activity").json() == {"data": []}
    assert [len(group["runs"]) for group in api.get("/runs/activity", user_id="ana").json()["data"]] == [1]
