"""The list of conversations: how each one stands, a page at a time."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from runs.models import Run, Session
from tests.rows import run_of

pytestmark = pytest.mark.django_db


def test_the_list_shows_how_each_one_stands(owner, client_of, clerk, session, said):
    said("First")
    said("Second", "paused")
    said("Third", output="**The** end")
    run_of(owner, clerk, "Another one", "completed", output="**Short** answer")
    Session.objects.create(owner=owner, key="empty")
    response = client_of(owner).get("/conversations/")
    assert [(row.name, row.status, row.count) for row in response.context["rows"]] == [
        ("", "", 0),
        ("Another one", "completed", 1),
        ("First", "paused", 3),
    ]
    shown = response.content.decode()
    for words in ("First", "3 runs", "Waits for a decision", "with ann", "Short answer", "No message yet", "0 runs"):
        assert words in shown, words
    assert f"{reverse('conversations:detail', args=[session.pk])}#run-{Run.objects.get(message='Third').pk}" in shown


def test_the_last_one_spoken_in_comes_first_and_pages_lose_none(owner, client_of):
    made = [Session.objects.create(owner=owner, key=str(number)) for number in range(65)]
    Session.objects.filter(pk__in=[one.pk for one in made]).update(updated_at=made[0].updated_at)
    Session.objects.filter(pk=made[0].pk).update(updated_at=made[64].updated_at)
    browser, seen, query = client_of(owner), [], {}
    for _ in range(3):
        response = browser.get("/conversations/", query)
        seen += [row.session.key for row in response.context["rows"]]
        query = {"before": response.context["older"]}
    assert seen == ["0", *(str(number) for number in range(64, 0, -1))]
    assert query == {"before": None}


def test_the_list_can_be_narrowed_to_one_end_user(owner, client_of, session, said):
    said()
    Session.objects.create(owner=owner, key="other", user_id="ben")
    rows = client_of(owner).get("/conversations/", {"for": "ann"}).context["rows"]
    assert [row.session.key for row in rows] == ["ticket-7"]
    assert "with &lt;b&gt;" in client_of(owner).get("/conversations/", {"for": "<b>"}).content.decode()


def test_many_cost_as_many_queries_as_one(owner, client_of, clerk):
    browser = client_of(owner)
    run_of(owner, clerk)
    browser.get("/conversations/")
    with CaptureQueriesContext(connection) as one:
        browser.get("/conversations/")
    for _ in range(9):
        run_of(owner, clerk, status="completed")
    with CaptureQueriesContext(connection) as many:
        browser.get("/conversations/")
    assert len(many) == len(one)


@pytest.mark.parametrize("query", ["before=x", "before=-1", f"before={10**30}", "before=99"])
def test_an_odd_address_of_the_list_is_the_first_page(owner, client_of, session, said, query):
    said()
    assert "Refund it" in client_of(owner).get(f"/conversations/?{query}").content.decode()
