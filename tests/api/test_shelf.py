"""Put a run away, mark it as seen, share it (contract 2.6)."""

import pytest
from django.test import Client

from runs.models import Run, RunFile
from tests.api.door import problem_of
from tests.machine import no_news
from tests.rows import run_of, teammate

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(owner):
    return run_of(
        owner, teammate(), "Refund <b>10428</b>", "completed", output="**Done**, see [it](https://a.example)."
    )


@pytest.fixture
def stranger():
    return Client()


def do(api, run, verb):
    return api.post(f"/runs/{run.pk}/{verb}")


def listed(api, **query):
    return [run["id"] for run in api.get("/runs", **query).json()["data"]]


def fields_of(run, *names):
    return Run.objects.values_list(*names).get(pk=run.pk)


# --- archive ---


def test_what_was_put_away_is_out_of_the_list_and_can_be_looked_at(api, run):
    assert do(api, run, "archive").json()["archived"] is True
    assert (listed(api), listed(api, archived="only"), listed(api, archived="include")) == ([], [run.pk], [run.pk])
    assert api.get(f"/runs/{run.pk}").json()["archived"] is True
    assert do(api, run, "unarchive").json()["archived"] is False
    assert (listed(api), listed(api, archived="only")) == ([run.pk], [])


def test_twice_is_as_once(api, run):
    do(api, run, "archive")
    before = fields_of(run, "archived_at")
    assert do(api, run, "archive").json()["archived"] is True
    assert fields_of(run, "archived_at") == before
    do(api, run, "unarchive")
    assert do(api, run, "unarchive").json()["archived"] is False


def test_each_look_counts_anew(api, run):
    first = do(api, run, "view").json()["last_viewed_at"]
    assert first is not None
    assert do(api, run, "view").json()["last_viewed_at"] > first


def test_none_of_it_moves_the_run(api, run):
    before = fields_of(run, "status", "last_seq", "finished_at")
    for verb in ("archive", "view", "share", "unarchive"):
        do(api, run, verb)
    assert fields_of(run, "status", "last_seq", "finished_at") == before


@pytest.mark.parametrize("verb", ["archive", "unarchive", "view", "share"])
def test_another_accounts_run_is_not_there(api_of, outsider, run, verb):
    with no_news(run):
        assert problem_of(do(api_of(outsider), run, verb)) == (404, "not_found")


@pytest.mark.parametrize("verb", ["archive", "unarchive", "view", "share"])
def test_another_end_users_run_is_not_there(api, run, verb):
    with no_news(run):
        assert problem_of(do(api, run, f"{verb}?user_id=somebody")) == (404, "not_found")


@pytest.mark.parametrize("verb", ["archive", "unarchive", "view", "share"])
def test_a_key_that_may_only_read_changes_nothing(api_of, owner, run, verb):
    with no_news(run):
        assert problem_of(do(api_of(owner, ["runs:read"]), run, verb)) == (403, "missing_scope")


# --- share ---


def page_of(api, run, client):
    address = do(api, run, "share").json()["share_url"]
    return client.get(address.removeprefix("http://testserver"))


def test_a_stranger_with_the_link_reads_message_answer_and_names_of_files(api, run, stranger):
    RunFile.objects.create(run=run, name="report.md", size=2048, content="runs/x")
    RunFile.objects.create(run=run, name="invoice\u202efdp.exe", size=1, content="runs/y", kind="input")
    response = page_of(api, run, stranger)
    html = response.content.decode()
    assert response.status_code == 200
    assert "Refund &lt;b&gt;10428&lt;/b&gt;" in html
    assert "<strong>Done</strong>" in html
    assert "report.md" in html
    assert "U+202E" in html
    assert "runs/x" not in html and f"/runs/{run.pk}/" not in html


def test_the_page_is_kept_by_nobody_and_found_by_no_search(api, run, stranger):
    response = page_of(api, run, stranger)
    assert response["Cache-Control"] == "no-store"
    assert "noindex" in response["X-Robots-Tag"]
    assert response["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert not response.cookies


def test_the_link_stays_the_same_until_it_is_taken_back(api, run, stranger):
    first = do(api, run, "share").json()
    assert do(api, run, "share").json() == first
    assert first["share_url"] == f"http://testserver/shared/{first['share_token']}/"
    assert api.get(f"/runs/{run.pk}").json()["share_token"] == first["share_token"]
    assert api.delete(f"/runs/{run.pk}/share").status_code == 204
    assert api.delete(f"/runs/{run.pk}/share").status_code == 204
    assert stranger.get(f"/shared/{first['share_token']}/").status_code == 404
    assert api.get(f"/runs/{run.pk}").json()["share_token"] is None
    assert do(api, run, "share").json()["share_token"] != first["share_token"]


def test_only_the_account_takes_the_link_back(api, api_of, outsider, run):
    do(api, run, "share")
    with no_news(run):
        assert problem_of(api_of(outsider).delete(f"/runs/{run.pk}/share")) == (404, "not_found")


@pytest.mark.parametrize("token", ["None", "null", "x" * 43, "y"])
def test_no_guess_opens_a_page(run, stranger, token):
    assert stranger.get(f"/shared/{token}/").status_code == 404


def test_the_page_goes_with_its_owners_account_and_conversation(api, owner, run, stranger):
    address = f"/shared/{do(api, run, 'share').json()['share_token']}/"
    type(owner).objects.filter(pk=owner.pk).update(is_active=False)
    assert stranger.get(address).status_code == 404
    type(owner).objects.filter(pk=owner.pk).update(is_active=True)
    type(run.session).objects.filter(pk=run.session_id).update(hidden=True)
    assert stranger.get(address).status_code == 404


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("queued", "Still at work"),
        ("paused", "Still at work"),
        ("failed", "failed before"),
        ("cancelled", "was stopped"),
    ],
)
def test_a_run_without_an_answer_says_so_and_not_why(api, run, stranger, status, words):
    Run.objects.filter(pk=run.pk).update(status=status, output="", error="secret-host refused")
    html = page_of(api, run, stranger).content.decode()
    assert words in html
    assert "secret-host" not in html


def test_the_public_address_is_the_one_that_is_told(api, run, settings):
    settings.PUBLIC_URL = "https://sayso.example"
    found = do(api, run, "share").json()
    assert found["share_url"] == f"https://sayso.example/shared/{found['share_token']}/"


def test_the_owner_sees_on_the_run_page_that_it_is_shared(api, client_of, owner, run):
    assert "/shared/" not in client_of(owner).get(f"/runs/{run.pk}/").content.decode()
    token = do(api, run, "share").json()["share_token"]
    assert f"/shared/{token}/" in client_of(owner).get(f"/runs/{run.pk}/").content.decode()
