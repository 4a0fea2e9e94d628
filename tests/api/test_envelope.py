"""What goes wrong is told in one shape, on every address below /api/v2; and both generations' addresses are served."""

import json
import logging

import pytest
from django.test import Client

from api.m8tes import shapes
from runs.models import Run
from teammates import keys
from tests.api.door import ROOT, problem_of

RUNS = ["/runs", "/runs/"]


# --- keys ---


def test_without_a_key_nothing_opens(db):
    response = Client().get(f"{ROOT}/runs")
    assert problem_of(response) == (401, "unauthorized")
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer x", "Basic abc", "Token {}", "bearer sayso_"])
def test_a_malformed_key_is_no_key(owner, header):
    _, text = keys.create(owner, "test")
    response = Client().get(f"{ROOT}/runs", headers={"Authorization": header.format(text)})
    assert problem_of(response) == (401, "unauthorized")


def test_a_revoked_key_opens_nothing(api):
    keys.revoke(api.row)
    assert problem_of(api.get("/runs")) == (401, "unauthorized")


def test_a_disabled_account_is_locked_out(api, owner):
    owner.is_active = False
    owner.save()
    assert problem_of(api.get("/runs")) == (401, "unauthorized")


def test_being_signed_in_is_no_key(owner, client_of):
    assert problem_of(client_of(owner).get(f"{ROOT}/runs")) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("runs:read", "get", "/runs"),
        ("runs:write", "post", "/runs"),
        ("runs:write", "post", "/runs/1/reply"),
        ("runs:write", "post", "/runs/1/cancel"),
        ("approvals:read", "get", "/runs/1/permissions"),
        ("approvals:decide", "post", "/runs/1/approve"),
        ("approvals:decide", "post", "/runs/1/answer"),
        ("approvals:decide", "patch", "/runs/1/permission-mode"),
        ("files:*", "get", "/runs/1/files/a/download"),
    ],
)
def test_a_key_without_the_scope_is_told_which_it_lacks(api_of, owner, scope, method, path):
    api = api_of(owner, [other for other in keys.DEFAULT_SCOPES if other != scope])
    response = getattr(api, method)(path)
    assert problem_of(response) == (403, "missing_scope")
    assert scope in response.json()["error"]["message"]
    assert not Run.objects.exists()


def test_no_cookie_and_no_csrf_token_is_needed_and_none_is_set(api, owner):
    strict = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {api.key}"})
    response = strict.post(f"{ROOT}/runs", {"message": "Hi", "stream": False}, content_type="application/json")
    assert response.status_code == 201
    assert not response.cookies


# --- addresses ---


@pytest.mark.parametrize("path", ["", "/", "/nothing", "/nothing/", "/runs/x", "/runs/1/nothing", "/x.html"])
@pytest.mark.parametrize("method", ["get", "post", "patch", "delete"])
def test_an_unknown_address_is_told_in_the_envelope(api, method, path):
    status, _ = problem_of(getattr(api, method)(path))
    assert status in (404, 405, 422)


def test_an_unknown_address_is_told_before_the_key(db):
    assert problem_of(Client().get(f"{ROOT}/nothing")) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [("put", "/runs"), ("delete", "/runs"), ("put", "/runs/1"), ("get", "/runs/1/cancel"), ("post", "/runs/1/stream")],
)
def test_a_method_that_is_not_for_an_address_is_told_which_are(api, method, path):
    response = getattr(api, method)(path)
    assert problem_of(response) == (405, "method_not_allowed")
    assert response["Allow"]


@pytest.mark.parametrize("path", RUNS)
def test_lists_are_read_with_and_without_the_slash(api, path):
    assert api.get(path).json() == {"data": [], "has_more": False, "next_starting_after": None}


@pytest.mark.parametrize("path", RUNS)
def test_runs_are_begun_with_and_without_the_slash(api, path):
    response = api.post(path, {"message": "Hi", "stream": False})
    assert response.status_code == 201
    assert response.headers.get("Location") is None


@pytest.mark.parametrize("action", ["", "/permissions", "/files"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_rows_and_actions_are_served_with_and_without_the_slash(api, action, slash):
    run = api.run()
    assert api.get(f"/runs/{run.pk}{action}{slash}").status_code == 200


def test_the_pages_have_no_such_slash(client_of, owner):
    assert client_of(owner).get("/runs").status_code != 200


@pytest.mark.parametrize("path", ["/runs?user_id=a%00b", "/runs/%00", "/users/a%00b", "/runs/1/files/%00/download"])
def test_an_address_holds_no_nul(api, path):
    assert problem_of(api.client.get(f"{ROOT}{path}")) == (400, "invalid")


# --- bodies ---


@pytest.mark.parametrize("body", ["{", "text", "[1", b"\xff\xfe\x00", '{"message": "x"', "[" * 100_000])
def test_a_body_that_is_not_json_is_refused(api, body):
    assert problem_of(api.post("/runs", body)) == (400, "invalid_json")
    assert not Run.objects.exists()


@pytest.mark.parametrize("body", ["[]", "null", "1", '"text"', "{}", '{"message": null}', '{"message": 1}'])
def test_a_body_of_another_form_is_refused(api, body):
    assert problem_of(api.post("/runs", body)) == (422, "invalid")
    assert not Run.objects.exists()


def test_the_field_that_does_not_fit_is_named(api):
    response = api.post("/runs", {"message": "Hi", "max_turns": "many"})
    assert "max_turns" in response.json()["error"]["message"]


@pytest.mark.parametrize("form", ["application/json", "text/plain", "application/octet-stream"])
def test_a_body_of_ten_megabytes_is_refused(api, form):
    body = json.dumps({"message": "x" * 10 * 1024**2})
    response = api.client.generic("POST", f"{ROOT}/runs", body, content_type=form)
    assert problem_of(response) == (413, "too_large")
    assert not Run.objects.exists()


def test_a_get_with_the_content_type_of_json_and_no_body_is_fine(api):
    response = api.client.generic("GET", f"{ROOT}/runs", "", content_type="application/json")
    assert response.status_code == 200


def test_unknown_fields_are_left_alone(api):
    more = {"skill": "x", "email_inbox": True, "feedback": False, "task_setup_tools": True, "from_the_future": [1]}
    assert api.post("/runs", {"message": "Hi", "stream": False, **more}).status_code == 201


# --- what breaks ---


def test_what_breaks_is_our_fault_and_tells_nothing_of_the_inside(api, monkeypatch, caplog):
    run = api.run()
    monkeypatch.setattr(shapes, "STATUS", {})
    with caplog.at_level(logging.ERROR):
        response = api.get(f"/runs/{run.pk}")
    assert problem_of(response) == (500, "internal")
    assert b"KeyError" not in response.content
    assert "KeyError" in caplog.text


def test_a_host_that_is_not_ours_is_refused_in_the_envelope(api):
    response = api.client.get(f"{ROOT}/runs", headers={"Host": "evil.example"})
    assert problem_of(response)[0] == 400


def test_every_answer_names_its_request(api):
    first, second = api.get("/runs"), api.get("/runs")
    assert first["X-Request-Id"] != second["X-Request-Id"]


def test_a_problem_is_named_as_the_lines_of_the_log_about_it_are(api):
    response = api.client.get(f"{ROOT}/runs/999999", headers={"X-Request-Id": "proxy-7"})
    assert (problem_of(response)[0], response["X-Request-Id"]) == (404, "proxy-7")


@pytest.mark.parametrize("path", [f"{ROOT}/runs", f"{ROOT}/nothing", "/config"])
def test_a_whole_answer_says_how_long_it_is(api, path):
    response = api.client.get(path)
    assert response["Content-Length"] == str(len(response.content))
