"""Reply, stop, try again: what a person does with a run from its page."""

import pytest
from django.urls import reverse

from runs.models import Run
from tests.rows import called, run_of, teammate

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(db):
    return teammate()


@pytest.fixture
def run(owner, clerk):
    return run_of(owner, clerk)


@pytest.fixture
def page(client_of, owner):
    def page(run):
        return client_of(owner).get(reverse("runs:detail", args=[run.pk])).content.decode()

    return page


def test_the_composer_is_off_while_the_run_lives_and_says_why(run, page):
    html = page(run)
    assert "Off while the run goes on" in html
    assert html.count(" disabled") == 2


def test_a_reply_starts_a_new_run_in_the_same_conversation(client_of, owner, clerk):
    run = run_of(owner, clerk, status="completed")
    response = client_of(owner).post(reverse("runs:reply", args=[run.pk]), {"message": "And now?"})
    following = Run.objects.latest("pk")
    assert response["Location"] == reverse("runs:detail", args=[following.pk])
    assert (following.session, following.message) == (run.session, "And now?")


@pytest.mark.parametrize(
    ("status", "message", "words"), [("running", "And now?", "still going"), ("completed", "  ", "Say what")]
)
def test_a_reply_that_cannot_be_is_refused_with_the_words_still_there(client_of, owner, clerk, status, message, words):
    run = run_of(owner, clerk, status=status)
    response = client_of(owner).post(reverse("runs:reply", args=[run.pk]), {"message": message})
    html = response.content.decode()
    assert response.status_code == 422
    assert words in html
    assert f">{message}</textarea>" in html
    assert Run.objects.count() == 1


def test_stop_ends_the_run_with_the_reason(client_of, owner, run, page):
    client_of(owner).post(reverse("runs:cancel", args=[run.pk]), {"reason": "too many at once"})
    run.refresh_from_db()
    assert run.status == "cancelled"
    html = page(run)
    assert "Stopped by olivia" in html
    assert "too many at once" in html


def test_stop_of_an_ended_run_says_so(client_of, owner, clerk):
    run = run_of(owner, clerk, status="completed")
    response = client_of(owner).post(reverse("runs:cancel", args=[run.pk]), follow=True)
    assert "had already ended" in response.content.decode()
    run.refresh_from_db()
    assert run.status == "completed"


def test_trying_again_is_offered_at_once_when_nothing_would_repeat(owner, clerk, page):
    run = run_of(owner, clerk, status="failed", error="x")
    called(run, 1, "read_file", {"name": "a"}, effect="read")
    html = page(run)
    assert "Try again" in html
    assert "This would happen again" not in html


def test_trying_again_warns_of_what_would_happen_twice(owner, clerk, page):
    run = run_of(owner, clerk, status="failed", error="x")
    called(run, 1, "announce", {"channel": "news", "text": "x"})
    called(run, 1, "announce", {"channel": "news", "text": "y"}, ordinal=1)
    html = page(run)
    assert "This would happen again" in html
    assert "Publish an announcement, 2 times" in html


def test_retry_is_a_new_run_that_names_the_old_one(client_of, owner, clerk, page):
    run = run_of(owner, clerk, status="failed", error="x")
    response = client_of(owner).post(reverse("runs:retry", args=[run.pk]))
    again = Run.objects.latest("pk")
    assert response["Location"] == reverse("runs:detail", args=[again.pk])
    assert f"again, after run {run.pk}" in page(again)


def test_retry_of_a_live_run_is_refused(client_of, owner, run):
    response = client_of(owner).post(reverse("runs:retry", args=[run.pk]), follow=True)
    assert "Stop it first." in response.content.decode()
    assert Run.objects.count() == 1
