"""The list of runs: mine, newest first, a page at a time."""

import pytest
from django.urls import reverse

from runs.views import PAGE
from tests.rows import run_of, teammate

pytestmark = pytest.mark.django_db
LIST = reverse("runs:list")


@pytest.fixture
def clerk(db):
    return teammate()


def titles(response):
    return [run.title for run in response.context["runs"]]


def test_it_shows_own_runs_newest_first(client_of, owner, outsider, clerk):
    for title in ("One", "Two"):
        run_of(owner, clerk, title)
    run_of(outsider, clerk, "Not mine")
    assert titles(client_of(owner).get(LIST)) == ["Two", "One"]


def test_a_reviewer_sees_the_runs_of_all_and_whose_they_are(client_of, owner, reviewer, clerk):
    run_of(owner, clerk, "One")
    response = client_of(reviewer).get(LIST)
    assert titles(response) == ["One"]
    assert "for olivia" in response.content.decode()


def test_pages_follow_each_other_without_gap_or_repeat(client_of, owner, clerk, django_assert_max_num_queries):
    for number in range(PAGE + 5):
        run_of(owner, clerk, f"Run {number}")
    client = client_of(owner)
    first = client.get(LIST)
    with django_assert_max_num_queries(12):
        second = client.get(LIST, {"before": first.context["older"]})
    assert titles(first) + titles(second) == [f"Run {number}" for number in reversed(range(PAGE + 5))]
    assert second.context["older"] is None


@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "²", ""])
def test_a_page_that_makes_no_sense_is_the_first(client_of, owner, clerk, before):
    run_of(owner, clerk, "One")
    assert titles(client_of(owner).get(LIST, {"before": before})) == ["One"]


def test_only_failed_runs_of_one_teammate(client_of, owner, clerk):
    run_of(owner, clerk, "Works")
    run_of(owner, clerk, "Broke", status="failed", error="The endpoint answered 503.")
    run_of(owner, teammate("other", name="Other"), "Another's", status="failed")
    response = client_of(owner).get(LIST, {"show": "failed", "teammate": "clerk"})
    assert titles(response) == ["Broke"]
    assert "The endpoint answered 503." in response.content.decode()


def test_a_teammate_of_others_is_not_even_named(client_of, owner, outsider):
    run_of(outsider, teammate("secret", name="Merger desk", owner=outsider))
    response = client_of(owner).get(LIST, {"teammate": "secret"})
    assert "Merger desk" not in response.content.decode()


def test_a_reviewer_picks_the_runs_of_a_teammate_of_others(client_of, outsider, reviewer, clerk):
    run_of(outsider, clerk, "Refund")
    run_of(outsider, teammate("secret", name="Merger desk", owner=outsider), "Merge")
    assert titles(client_of(reviewer).get(LIST, {"teammate": "secret"})) == ["Merge"]


def test_an_empty_list_tells_what_to_do(client_of, owner, clerk):
    assert "No run yet" in client_of(owner).get(LIST).content.decode()
    run_of(owner, clerk, "One")
    assert "No run fits" in client_of(owner).get(LIST, {"show": "failed"}).content.decode()
