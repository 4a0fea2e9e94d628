"""The door's description of itself: whole, valid, and what the door really answers."""

import json
from functools import cache

import pytest
from jsonschema import Draft202012Validator
from ninja import Schema
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.auth import Bearer
from api.m8tes.description import description
from api.m8tes.door import door
from tests.api.door import problem_of
from tests.api.world import MULTIPART, OPERATIONS, send


@cache
def whole():
    return json.loads(json.dumps(description(door)))


def operation(method, path):
    return whole()["paths"][path][method.lower()]


def test_it_is_valid(db):
    assert list(OpenAPIV31SpecValidator(whole()).iter_errors()) == []
    assert whole()["openapi"].startswith("3.1") and whole()["servers"] == [{"url": "/api/v2"}]


def test_it_is_told_to_whoever_has_a_key(api, client):
    assert api.get("/openapi.json").json() == whole()
    assert problem_of(client.get("/api/v2/openapi.json")) == (401, "unauthorized")


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_route_says_what_it_is_for(method, path):
    said = operation(method, path)
    assert said["summary"] and said["tags"] and said["operationId"]
    assert said["responses"]["default"] == {"$ref": "#/components/responses/Error"}
    names = {parameter["name"] for parameter in said["parameters"] if parameter["in"] == "path"}
    assert names == {part[1:-1] for part in path.split("/") if part.startswith("{")}


def test_every_scope_that_a_route_needs_is_named():
    bearers = {scope for said in operations() for need in said.get("security", []) for scope in need["ApiKey"]}
    assert {"runs:read", "runs:write", "approvals:read", "approvals:decide", "files:*", "webhooks:manage"} <= bearers
    open_ones = [said["operationId"] for said in operations() if not said.get("security")]
    assert len(open_ones) == 1  # the address of a task, which is a secret itself
    assert whole()["components"]["securitySchemes"]["ApiKey"]["scheme"] == Bearer.openapi_scheme


def operations():
    return [operation(*route) for route in OPERATIONS]


def kinds(of=Schema):
    for kind in of.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_no_two_objects_have_one_name():
    """The second of them would take the place of the first in the description."""
    names = [kind.__name__ for kind in set(kinds()) if kind.__module__.startswith("api.m8tes.")]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


# --- what it says is so ---


def differences(method, path, response):
    """What of the answer is not as described: the status, a type, a field too many or too few."""
    said = operation(method, path)["responses"].get(str(response.status_code))
    if said is None:
        return f"{response.status_code} is not described: {response.content}"
    if not said.get("content"):
        return response.content
    if response["Content-Type"] != "application/json" or "schema" not in said["content"]["application/json"]:
        return None
    schema = {**said["content"]["application/json"]["schema"], "components": closed(whole()["components"])}
    return [error.message for error in Draft202012Validator(schema).iter_errors(response.json())]


def closed(components):
    """The same, with objects that have exactly the fields that are told."""
    schemas = {
        name: {**schema, "additionalProperties": False} if "properties" in schema else schema
        for name, schema in components["schemas"].items()
    }
    return {"schemas": schemas}


def test_every_answer_is_as_described(world):
    """First all that look, then all that change, deletions last."""
    order = ["GET", "PATCH", "POST", "DELETE"]
    found = {}
    for method, path in sorted(OPERATIONS, key=lambda route: (order.index(route[0]), "rotate" in route[1])):
        if path in MULTIPART or "stream" in path or (method, path) == ("DELETE", "/keys"):
            continue
        response = answered(world, method, path)
        if problem := differences(method, path, response):
            found[f"{method} {path}"] = problem
    assert found == {}


def answered(world, method, path):
    """A good request for this route."""
    body, own = world.body(method, path), {}
    if path.endswith(("/approve", "/permission-mode")):
        own["run_id"] = world.asked().pk
        [gate] = world.api.get(f"/runs/{own['run_id']}/permissions").json()
        body = {"request_id": gate["request_id"]} if path.endswith("/approve") else body
    if path.endswith("/answer"):
        own["run_id"] = world.questioned().pk
    if path.endswith("/retry"):
        own["run_id"] = world.stopped().pk
    response = send(world.api, method, world.address(path, **own), body)
    restore(world, method, path, response)
    return response


def restore(world, method, path, response):
    """What the next requests need as it was."""
    if path == "/keys/rotate":
        world.api.client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {response.json()['api_key']}"
    if path.endswith(("/disable", "/unarchive")):
        world.api.post(world.address("/agents/{agent_id}/enable"))
    if (method, path) == ("POST", "/tasks/{task_id}/webhook"):
        world.ids["token"] = response.json()["url"].rpartition("/")[2]


def test_an_error_is_as_described(api):
    schema = {"$ref": "#/components/schemas/Envelope", "components": whole()["components"]}
    for response in (api.get("/runs/77"), api.post("/runs", {}), api.put("/runs"), api.get("/nowhere")):
        Draft202012Validator(schema).validate(response.json())
