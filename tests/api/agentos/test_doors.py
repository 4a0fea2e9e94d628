"""Who comes in, and how the door refuses (contract 1.1, 1.2)."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from api.agentos import opening
from runs.models import Run
from teammates import keys
from tests.api.agentos.door import FORM, confirmed, problem_of, waiting
from tests.machine import no_news

RUN = "00000000-0000-4000-8000-000000000000"
ROUTES = [
    ("GET", "/agents"),
    ("GET", "/agents/helper"),
    ("GET", "/agents/nobody"),
    ("POST", "/agents/helper/runs"),
    ("POST", "/agents/nobody/runs"),
    ("GET", f"/agents/helper/runs/{RUN}"),
    ("POST", f"/agents/helper/runs/{RUN}/cancel"),
    ("POST", f"/agents/helper/runs/{RUN}/continue"),
    ("GET", "/agents/"),
    ("POST", "/agents/helper/runs/"),
]


def asked(method, path, body="", **headers):
    return Client().generic(method, path, body, content_type=FORM, headers=headers)


# --- keys ---


def test_closed_without_a_key_unless_told(teammate_with, owner):
    teammate_with()
    tried = [(method, path, None) for method, path in ROUTES]
    tried += [("GET", "/agents", header) for header in ("", "Basic abc", "Bearer", "Bearer ", "sayso_key", "Bearerkey")]
    for method, path, header in tried:
        response = asked(method, path, **({} if header is None else {"Authorization": header}))
        assert problem_of(response) == (401, "UNAUTHENTICATED"), (method, path, header)
        assert "required" in response.json()["detail"]
        assert "WWW-Authenticate" not in response
    assert not Run.objects.exists()


def test_a_wrong_key_is_told_apart_from_none(teammate_with, door, outsider):
    teammate_with()
    _, expired = keys.create(outsider, "old", keys.DEFAULT_SCOPES, expires_at=timezone.now() - timedelta(days=1))
    revoked, gone = keys.create(outsider, "gone", keys.DEFAULT_SCOPES)
    keys.revoke(revoked)
    tried = [(method, path, "nonsense") for method, path in ROUTES]
    tried += [("GET", "/agents", token) for token in (expired, gone, door.key[:-1], door.key + "x", "é", "\x7f")]
    for method, path, token in tried:
        response = asked(method, path, Authorization=f"Bearer {token}")
        assert problem_of(response) == (401, "UNAUTHENTICATED"), token
        assert "required" not in response.json()["detail"]


def test_the_scheme_is_read_in_any_case(teammate_with, door):
    teammate_with()
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert asked("GET", "/agents", Authorization=f"{scheme} {door.key}").status_code == 200


def test_the_shared_key_acts_for_the_local_owner(teammate_with, settings):
    teammate_with()
    for key in ("the shared key", "schlüssel"):
        settings.OS_SECURITY_KEY = key
        header = f"Bearer {key}".encode().decode("latin-1")  # as servers hand the bytes on
        assert asked("GET", "/agents", Authorization=header).status_code == 200
        assert asked("GET", "/agents", Authorization=header[:-1]).status_code == 401
    told = asked("POST", "/agents/helper/runs", "message=Hi&background=1", Authorization=header)
    assert told.status_code == 202
    assert Run.objects.get().owner.username == "owner"
    User.objects.filter(username="owner").update(is_active=False)
    assert asked("GET", "/agents", Authorization=header).status_code == 401


def test_keys_that_may_only_read_start_and_stop_nothing(teammate_with, door_of, owner):
    teammate_with()
    reader = door_of(owner, ["runs:read"])
    assert reader.get("/agents").status_code == 200
    assert problem_of(reader.create()) == (403, "FORBIDDEN")
    assert problem_of(reader.post(f"/agents/helper/runs/{RUN}/cancel")) == (403, "FORBIDDEN")
    assert not Run.objects.exists()


def test_a_cookie_opens_nothing(teammate_with, client_of, owner):
    teammate_with()
    assert client_of(owner).get("/agents", headers={"Accept": "*/*"}).status_code == 401


def test_the_root_says_what_this_is_to_programs_without_a_key(db):
    response = Client().get("/", headers={"Accept": "*/*"})
    assert sorted(response.json()) == ["id", "name", "version"]


# --- the open door ---


@pytest.fixture
def open_door(db, monkeypatch):
    monkeypatch.setattr(opening, "_serving_loopback", True)


def test_without_any_key_the_door_stands_open(open_door, teammate_with):
    teammate_with()
    assert asked("GET", "/agents").json()[0]["id"] == "helper"
    assert asked("POST", "/agents/helper/runs", "message=Hi&background=1").status_code == 202
    assert Run.objects.get().owner.username == "owner"


def test_it_closes_the_moment_a_key_is_there(open_door, teammate_with, owner, settings, caplog):
    assert opening.stands_open()
    row, _ = keys.create(owner, "first", ["files:*"])
    for _ in range(2):
        assert asked("GET", "/agents").status_code == 401
    assert [line.message for line in caplog.records if line.name == "sayso.api"] == [
        "There is an API key now: the AgentOS routes are closed to programs without one."
    ]
    keys.revoke(row)
    assert asked("GET", "/agents").status_code == 200
    keys.create(owner, "old", ["files:*"], expires_at=timezone.now() - timedelta(days=1))
    assert asked("GET", "/agents").status_code == 200
    settings.OS_SECURITY_KEY = "key"
    assert asked("GET", "/agents").status_code == 401


def test_it_is_never_open_to_what_comes_through_a_proxy(open_door, teammate_with, rf):
    for name in ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP"):
        assert asked("GET", "/agents", **{name: "1.2.3.4"}).status_code == 401, name
    old = rf.get("/agents")
    old.scope = {"http_version": "1.0"}
    assert not opening.is_open(old)
    old.scope = {"http_version": "1.1"}
    assert opening.is_open(old)


def test_it_is_never_open_to_pages_of_other_sites(open_door, teammate_with):
    teammate_with()
    for origin in ("https://evil.example", "null", "http://testserver.evil.example", "http://testserver:1", "http://["):
        response = asked("POST", "/agents/helper/runs", "message=Hi", Origin=origin)
        assert problem_of(response) == (403, "FORBIDDEN"), origin
        assert "Access-Control-Allow-Origin" not in response
    for site in ("cross-site", "same-site"):
        assert asked("GET", "/agents", **{"Sec-Fetch-Site": site}).status_code == 403
    assert asked("GET", "/agents", **{"Sec-Fetch-Site": "same-origin"}).status_code == 200
    assert asked("GET", "/agents", Origin="http://testserver").status_code == 200
    assert not Run.objects.exists()


def test_it_is_never_open_under_a_foreign_name(open_door, teammate_with, settings):
    settings.ALLOWED_HOSTS = settings.LOCAL_HOSTS
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "a b"):
        assert problem_of(asked("GET", "/agents", Host=host)) == (400, "BAD_REQUEST"), host
    assert asked("GET", "/agents", Host="localhost:8000").status_code == 200


def test_a_server_that_is_started_by_hand_never_opens(teammate_with, settings, monkeypatch):
    assert not opening.stands_open()
    monkeypatch.setattr(opening, "_serving_loopback", False)
    settings.ALLOWED_HOSTS = ["sayso.example"]
    opening.allow()
    assert not opening.stands_open()
    settings.ALLOWED_HOSTS, settings.PUBLIC_URL = settings.LOCAL_HOSTS, "http://localhost:8000"
    opening.allow()
    assert not opening.stands_open()


# --- other origins ---


def test_front_ends_of_known_origins_may_call(teammate_with, door, settings):
    teammate_with()
    settings.CORS_ORIGINS = ["http://localhost:3000"]
    asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    told = asked("OPTIONS", "/agents/helper/runs", Origin="http://localhost:3000", **asking)
    assert (told.status_code, told["Access-Control-Allow-Origin"]) == (204, "http://localhost:3000")
    assert "authorization" in told["Access-Control-Allow-Headers"]
    assert "POST" in told["Access-Control-Allow-Methods"]
    assert "Origin" in told["Vary"]
    told = asked("OPTIONS", "/agents/helper/runs", Origin="https://evil.example", **asking)
    assert not [name for name in told.headers if name.startswith("Access-Control")]
    known = {"Origin": "http://localhost:3000"}
    told = asked("GET", "/agents", Authorization=f"Bearer {door.key}", **known)
    assert (told.status_code, told["Access-Control-Allow-Origin"]) == (200, "http://localhost:3000")
    assert asked("GET", "/agents", **known)["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert "Access-Control-Allow-Credentials" not in told


# --- refusals ---


def test_every_refusal_has_a_sentence_and_a_code(fake, posted, teammate_with, door):
    teammate_with("post", mode="approval")
    tried = [
        (door.post("/agents/helper/runs"), 422, "VALIDATION_ERROR"),
        (door.create(message=""), 422, "VALIDATION_ERROR"),
        (door.create(message="  "), 422, "VALIDATION_ERROR"),
        (door.create(message="a\x00b"), 422, "VALIDATION_ERROR"),
        (door.create(message="x" * 50_001), 422, "VALIDATION_ERROR"),
        (door.create(stream="perhaps"), 422, "VALIDATION_ERROR"),
        (door.create(background="2"), 422, "VALIDATION_ERROR"),
        (door.create(version="one"), 422, "VALIDATION_ERROR"),
        (door.create(version="-1"), 422, "VALIDATION_ERROR"),
        (door.create(version="9" * 30), 422, "VALIDATION_ERROR"),
        (door.create(session_id="s" * 201), 422, "VALIDATION_ERROR"),
        (door.create(session_id="\x00"), 422, "VALIDATION_ERROR"),
        (door.create(user_id="u" * 201), 422, "VALIDATION_ERROR"),
        (door.create(agent="nobody"), 404, "NOT_FOUND"),
        (door.create(agent="%00"), 400, "BAD_REQUEST"),
        (door.create(agent="x" * 300), 422, "VALIDATION_ERROR"),
        (door.post("/agents/helper/runs", '{"message": "Hi"}', "application/json"), 422, "VALIDATION_ERROR"),
        (door.post("/agents/helper/runs", "x", "multipart/form-data"), 400, "BAD_REQUEST"),
        (door.post("/agents/helper/runs", "x", "multipart/form-data; boundary=é"), 400, "BAD_REQUEST"),
        (door.post("/agents/helper/runs", "x", "multipart/form-data; boundary="), 400, "BAD_REQUEST"),
        (door.post("/agents/helper/runs", "message=Hi", f"{FORM}; charset=latin-1"), 400, "BAD_REQUEST"),
        (door.post("/agents/helper/runs", "a=1&" * 1100), 413, "PAYLOAD_TOO_LARGE"),
        (door.post("/agents/helper/runs", "a" * (4 * 1024**2 + 1)), 413, "PAYLOAD_TOO_LARGE"),
        (door.get(f"/agents/helper/runs/{RUN}"), 422, "VALIDATION_ERROR"),
        (door.get(f"/agents/helper/runs/{RUN}", session_id=""), 422, "VALIDATION_ERROR"),
        (door.get(f"/agents/helper/runs/{RUN}", session_id="s"), 404, "NOT_FOUND"),
        (door.get(f"/agents/helper/runs/{RUN}", session_id="\x00"), 400, "BAD_REQUEST"),
        (door.get("/agents/helper/runs/%00", session_id="s"), 400, "BAD_REQUEST"),
        (door.get("/agents/helper/nothing/here/at/all"), 404, "NOT_FOUND"),
        (door.get(f"/agents/helper/runs/{RUN}/cancel"), 405, "METHOD_NOT_ALLOWED"),
        (door.client.put("/agents/helper/runs"), 405, "METHOD_NOT_ALLOWED"),
        (door.post("/agents"), 405, "METHOD_NOT_ALLOWED"),
        (door.post(f"/agents/nobody/runs/{RUN}/cancel"), 404, "NOT_FOUND"),
    ]
    for place, (response, status, code) in enumerate(tried):
        assert problem_of(response) == (status, code), (place, response.content)
    assert tried[-4][0]["Allow"] == "POST"
    assert not Run.objects.exists()


def test_a_disabled_agent_takes_no_runs(teammate_with, door):
    teammate = teammate_with()
    type(teammate).objects.filter(pk=teammate.pk).update(enabled=False)
    assert door.get("/agents").json() == []
    assert problem_of(door.create()) == (409, "CONFLICT")
    assert not Run.objects.exists()


def test_cancel_never_500(fake, posted, teammate_with, door):
    teammate_with("post", mode="approval")
    for run_id in (RUN, "no-such-run", "%20", "1"):
        assert door.post(f"/agents/helper/runs/{run_id}/cancel").json() == {}
    done = door.run()
    assert door.cancel(done).json() == {}
    assert door.look(done).json()["status"] == "COMPLETED"
    fake.call("post", {"text": "hello"})
    paused = door.run()
    for _ in range(2):
        response = door.cancel(paused)
        assert (response.status_code, response.json()) == (200, {})
    assert door.look(paused).json()["status"] == "CANCELLED"


def test_what_breaks_is_told_without_its_reason(teammate_with, door, monkeypatch):
    teammate_with()
    monkeypatch.setattr("api.agentos.agents.agent_shape", lambda agent: 1 / 0)
    response = door.get("/agents")
    assert problem_of(response) == (500, "INTERNAL_SERVER_ERROR")
    assert "division" not in response.json()["detail"]


def test_a_run_of_one_agent_is_not_found_below_another(fake, posted, teammate_with, door, gated):
    teammate_with("post", slug="other")
    assert problem_of(door.look(gated, agent="other")) == (404, "NOT_FOUND")
    with no_news(Run.objects.get()):
        tools = [confirmed(*waiting(gated))]
        assert problem_of(door.go_on(gated, tools, agent="other")) == (404, "NOT_FOUND")
        assert door.cancel(gated, agent="other").json() == {}
