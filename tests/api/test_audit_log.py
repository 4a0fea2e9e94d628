"""The audit log: who asked for what, never with what."""

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils.timezone import now
from limits import parse

from api import audit, retention
from api.models import AuditLog, Idempotency
from runs import recovery
from runs.models import Run
from tests.api.door import problem_of


@pytest.fixture(autouse=True)
def fresh_count():
    audit.refusals.storage.reset()


def rows():
    return list(AuditLog.objects.order_by("pk").values_list("method", "path", "action", "resource_id", "status_code"))


def test_what_changes_something_is_told_with_who_and_how_it_ended(api):
    run = api.run()
    api.post(f"/runs/{run.pk}/cancel/")
    api.post("/runs/77/cancel")
    api.patch("/settings", {"company_research": "yes please"})
    assert rows() == [
        ("POST", "/api/v2/runs", "runs.create", "", 201),
        ("POST", f"/api/v2/runs/{run.pk}/cancel", "runs.cancel", str(run.pk), 200),
        ("POST", "/api/v2/runs/77/cancel", "runs.cancel", "77", 404),
        ("PATCH", "/api/v2/settings", "settings.update", "", 422),
    ]
    assert {(row.owner, row.key, row.auth) for row in AuditLog.objects.all()} == {(api.user, api.row.key_id, "api_key")}


def test_looking_leaves_nothing(api):
    for path in ("/runs", "/keys", "/runs/77", "/nowhere"):
        api.get(path)
    assert rows() == []


def test_no_secret_and_no_body_is_kept(api):
    made = api.post("/keys", {"name": "not for the log"}).json()
    api.run(message="the quick brown fox", metadata={"card": "4111"})
    kept = str(list(AuditLog.objects.values()))
    for secret in (api.key, made["api_key"], "not for the log", "quick brown", "4111"):
        assert secret not in kept


def test_a_scope_that_is_missing_is_told_of_the_key(api_of, owner):
    api = api_of(owner, ["runs:read"])
    assert problem_of(api.post("/runs", {"message": "x"})) == (403, "missing_scope")
    assert AuditLog.objects.get().key == api.row.key_id


def test_a_key_that_opens_nothing_is_told_without_a_name(api, client):
    for headers in ({}, {"Authorization": "Bearer sayso_x"}, {"Authorization": f"Bearer {api.key}x"}):
        assert client.get("/api/v2/runs", headers=headers).status_code == 401
    assert {(row.owner, row.key, row.auth, row.action) for row in AuditLog.objects.all()} == {
        (None, "", "none", "authenticate")
    }
    assert api.get("/audit-logs").json()["data"] == []


def test_who_has_no_key_cannot_fill_the_table(client, db, monkeypatch):
    monkeypatch.setattr(audit, "REFUSALS", parse("3 per minute"))
    for _ in range(5):
        client.get("/api/v2/runs")
    assert AuditLog.objects.count() == 3


def test_a_request_is_answered_even_if_the_log_cannot_be_written(api, monkeypatch, caplog):
    def fail(*args):
        raise DatabaseError("full")

    monkeypatch.setattr(audit, "insert", fail)
    api.run()
    assert Run.objects.count() == 1
    assert "missing from the audit log" in caplog.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["DELETE", "POST", "POST"]),
        ({"method": "post"}, ["POST", "POST"]),
        ({"status_code": 404}, ["DELETE", "POST"]),
        ({"status_code": 201}, ["POST"]),
        ({"action": "keys.delete"}, ["DELETE"]),
        ({"resource_type": "runs"}, ["POST", "POST"]),
        ({"auth": "api_key"}, ["DELETE", "POST", "POST"]),
        ({"auth": "dashboard"}, []),
        ({"limit": 1}, ["DELETE"]),
    ],
)
def test_it_is_listed_newest_first_by_what_one_looks_for(api, api_of, outsider, query, found):
    api.run()
    api.post("/runs/77/cancel")
    api_of(outsider).run()
    api.delete("/keys/77")
    told = api.get("/audit-logs", **query).json()
    assert [entry["method"] for entry in told["data"]] == found
    assert told["has_more"] == ("limit" in query)


def test_an_entry_has_what_clients_read(api):
    api.run()
    (entry,) = api.get("/audit-logs/").json()["data"]
    assert (
        entry.items()
        >= {
            "method": "POST",
            "path": "/api/v2/runs",
            "status_code": 201,
            "resource_type": "runs",
            "resource_id": None,
            "api_key_prefix": f"sayso_{api.row.key_id}",
        }.items()
    )
    assert isinstance(entry["duration_ms"], int) and entry["created_at"].endswith("Z")


@pytest.mark.parametrize("query", [{"auth": "magic"}, {"limit": 0}, {"limit": 101}, {"status_code": "x"}])
def test_a_question_that_does_not_fit_is_refused(api, query):
    assert problem_of(api.get("/audit-logs", **query)) == (422, "invalid")


def test_after_ninety_days_it_is_forgotten_a_little_with_each_sweep(api, monkeypatch):
    monkeypatch.setattr(retention, "BITE", 2)
    for _ in range(4):
        api.post("/runs/77/cancel")
    kept = AuditLog.objects.order_by("-pk")[0]
    AuditLog.objects.exclude(pk=kept.pk).update(at=now() - retention.AUDITED)
    left = []
    for _ in range(3):
        recovery.sweep()
        left.append(AuditLog.objects.count())
    assert left == [2, 1, 1] and AuditLog.objects.get() == kept


def test_idempotency_keys_are_forgotten_after_a_day(api):
    api.post("/runs", {"message": "once", "stream": False}, idempotency_key="a")
    Idempotency.objects.update(created_at=now() - timedelta(hours=25))
    api.post("/runs", {"message": "once", "stream": False}, idempotency_key="b")
    recovery.sweep()
    assert Idempotency.objects.get().key == "b"
