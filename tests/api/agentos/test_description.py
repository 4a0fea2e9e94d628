"""The door's description of itself: whole, valid, and told to those who have a key."""

import json

import pytest
from ninja import Schema
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.agentos.description import LISTS, REFUSED, STATUS, STREAM, STREAMS, description
from api.agentos.door import door as agentos
from tests.api.agentos.door import problem_of


@pytest.fixture(scope="module")
def whole():
    return json.loads(json.dumps(description(agentos)))


def operations(whole):
    return {
        f"{method.upper()} {path}": said for path, methods in whole["paths"].items() for method, said in methods.items()
    }


def test_it_is_valid(whole):
    assert list(OpenAPIV31SpecValidator(whole).iter_errors()) == []


def test_it_is_told_to_whoever_has_a_key(whole, door, client):
    assert door.get("/openapi.json").json() == whole
    assert problem_of(client.get("/openapi.json")) == (401, "UNAUTHENTICATED")


def test_every_route_says_what_it_is_for_and_who_may_use_it(whole):
    for name, said in operations(whole).items():
        assert said["summary"] and said["tags"], name
        assert "default" in said["responses"], name
    scopes = {
        scope for said in operations(whole).values() for need in said.get("security", []) for scope in need["ApiKey"]
    }
    assert scopes == {"runs:read", "runs:write", "approvals:read", "approvals:decide"}
    open_ones = {name for name, said in operations(whole).items() if not said.get("security")}
    assert open_ones == {"GET /", "GET /health", "GET /info"}


def test_the_tables_name_routes_that_there_are(whole):
    assert {*LISTS, *STREAMS, *STATUS, *STREAM, REFUSED} <= set(operations(whole))


def test_lists_are_lists_and_the_rest_are_objects(whole, door):
    for name, said in operations(whole).items():
        method, path = name.split()
        if method == "GET" and "{" not in path and path != "/":
            kind = said["responses"]["200"]["content"]["application/json"]["schema"]["type"]
            assert isinstance(door.get(path).json(), list) == (kind == "array"), name


def kinds(of=Schema):
    for kind in of.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_no_two_objects_have_one_name():
    names = [kind.__name__ for kind in set(kinds()) if kind.__module__.startswith("api.agentos.")]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_the_page_of_docs_shows_both_doors(owner, client_of):
    browser = client_of(owner)
    shown = browser.get("/-/docs/agentos").content.decode()
    for words in ("/sessions/{session_id}/rename", "approvals:decide", 'href="#object-Error"', "text/event-stream"):
        assert words in shown, words
    linked = {part.split('"')[0] for part in shown.split('href="#')[1:]}
    assert [name for name in linked if f'id="{name}"' not in shown] == []
    assert 'href="/-/docs/agentos"' in browser.get("/-/docs").content.decode()
