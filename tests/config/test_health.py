"""May it be sent requests, how is it doing, and which line of the log is about what."""

import json
import logging
import time
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from config import worker
from config.logs import Context, Json, request_at_hand
from runs.context import run_at_hand
from runs.models import Run

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_process_that_can_work_is_ready(client):
    assert client.get("/-/ready").json() == {"ready": True, "missing": {}}


def test_a_process_whose_keeper_stopped_is_not(client, monkeypatch):
    monkeypatch.setitem(worker._beat, "at", time.monotonic() - 60)
    answer = client.get("/-/ready")
    assert (answer.status_code, answer.json()["missing"]) == (503, {"worker": "its keeper has stopped"})


def test_a_process_whose_database_is_behind_is_not(client, monkeypatch):
    monkeypatch.setattr("config.health.MigrationExecutor.migration_plan", lambda *args: ["one"])
    assert client.get("/-/ready").json()["missing"] == {"database": "migrations wait"}


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer wrong", "Bearer töken"])
@pytest.mark.parametrize("token", ["", "secret"])
def test_without_the_token_there_are_no_metrics(client, settings, token, given):
    settings.METRICS_TOKEN = token
    assert client.get("/-/metrics", headers={"Authorization": given}).status_code == 404


def test_the_metrics_say_what_waits(client, settings, asked, start):
    settings.METRICS_TOKEN = "secret"
    start(asked.teammate)
    told = client.get("/-/metrics", headers={"Authorization": "Bearer secret"}).content.decode()
    assert "\nsayso_runs_paused 1\n" in told and "\nsayso_runs_queued 1\n" in told and "\nsayso_open_gates 1\n" in told
    assert "# TYPE sayso_wakeups_recovered_total counter" in told


def test_the_page_of_health_is_for_staff(client_of, owner, staff):
    assert client_of(owner).get("/admin/health/").status_code == 403
    assert b"Workers that hold runs" in client_of(staff).get("/admin/health/").content
    assert b"/admin/health/" in client_of(staff).get("/admin/").content.partition(b'id="content-main"')[0]


def test_a_deaf_worker_and_a_stuck_gate_show(client_of, staff, asked, start):
    """F20: a worker that lives and hears nothing is seen by its leases."""
    run = start(asked.teammate)
    Run.objects.filter(pk=run.pk).update(status="running", lease="abc:1", lease_until=timezone.now())
    asked.approvals.update(created_at=timezone.now() - timedelta(days=2))
    page = client_of(staff).get("/admin/health/").content.decode()
    assert "abc" in page and "Deaf" in page and "Stuck gates</th><td>1" in page


def test_the_doctor_is_asked_on_the_page(client_of, staff, asked):
    assert "All is well" in client_of(staff).get("/admin/health/?doctor").content.decode()
    Run.objects.update(last_seq=99)
    assert "its row says 99" in client_of(staff).get("/admin/health/?doctor").content.decode()


@pytest.mark.parametrize(("given", "kept"), [("abc-1", True), ("two words", False), ("x" * 65, False), ("", False)])
def test_a_request_has_a_name(db, given, kept):
    name = Client().get("/sign-in/", headers={"X-Request-Id": given}).headers["X-Request-Id"]
    assert (name == given) is kept and name


def test_a_line_of_the_log_says_what_it_is_about():
    record = logging.LogRecord("sayso", logging.INFO, "", 1, "Hello %s", ("you",), None)
    tokens = request_at_hand.set("r1"), run_at_hand.set(7)
    Context().filter(record)
    request_at_hand.reset(tokens[0]), run_at_hand.reset(tokens[1])
    assert record.context == " [request=r1 run=7]"
    line = json.loads(Json().format(record))
    assert (line["message"], line["request"], line["run"]) == ("Hello you", "r1", 7)


def test_a_refusal_is_one_line_of_the_log_and_a_mistake_has_its_traceback(client_of, outsider, caplog):
    assert client_of(outsider).get("/admin/login/").status_code == 403
    [refused] = [record for record in caplog.records if record.name == "django.request"]
    assert refused.getMessage() == "Forbidden (Permission denied): /admin/login/" and refused.exc_info is None
    logging.getLogger("django.request").error("Oh", exc_info=ValueError("no"))
    assert caplog.records[-1].exc_info


def test_who_watches_from_behind_the_proxy_is_not_sent_to_https(client, settings, db):
    settings.SECURE_SSL_REDIRECT = True
    assert [client.get(path).status_code for path in ("/-/ready", "/health", "/-/metrics")] == [200, 200, 404]
    assert client.get("/sign-in/").status_code == 301
