"""Every route of the door, walked in the ways that must never be let in, and never break."""

from django.test import Client

from api.m8tes.told.table import TABLE
from tests.api.door import Api, problem_of
from tests.api.world import BODIES, MULTIPART, OPERATIONS, send

FOR_ANYBODY = {"POST /hooks/{token}"}
# The same for every account: what this installation has to choose from, and what belongs to the key itself.
OF_THE_HOUSE = {"/models", "/apps", "/apps/{app}/tools", "/built-in-tools", "/openapi.json", "/verify/status"}
ITSELF = {"/keys", "/keys/all", "/keys/rotate", "/settings", "/usage", "/runs/check", "/runs/needs-you", "/audit-logs"}
RUBBISH = ["{", "[1]", '"text"', "\x00", '{"message": 1e999}', "[" * 5000]


def failures(check):
    """The routes for which `check` says something else than nothing."""
    found = {f"{method} {path}": check(method, path) for method, path in sorted(OPERATIONS)}
    return {route: told for route, told in found.items() if told}


def test_the_walk_knows_every_route():
    assert len(OPERATIONS) > 80
    assert set(BODIES) <= {f"{method} {path}" for method, path in OPERATIONS} == set(TABLE)


def test_without_a_key_nothing_opens(world):
    stranger = Api(world.api.user)
    stranger.client = Client()

    def check(method, path):
        answer = send(stranger, method, world.address(path), world.body(method, path))
        return None if problem_of(answer) == (401, "unauthorized") else answer.content

    assert set(failures(lambda *route: " ".join(route) not in FOR_ANYBODY and check(*route))) == set()


def test_another_account_finds_nothing_of_it(world, outsider, api_of):
    """By an id 404; in lists nothing."""
    foreign = api_of(outsider)
    before = world_rows(world)

    def check(method, path):
        if path in OF_THE_HOUSE | ITSELF or path in MULTIPART or f"{method} {path}" in FOR_ANYBODY:
            return None
        answer = send(foreign, method, world.address(path), world.body(method, path))
        if "{" in path or (path == "/tasks" and method == "POST"):
            return None if problem_of(answer) == (404, "not_found") else answer.content
        return None if method != "GET" or answer.json()["data"] == [] else answer.content

    assert failures(check) == {}
    assert world_rows(world) == before
    assert foreign.get("/usage").json()["runs_used"] == 1  # the one that this walk began
    assert [key["id"] for key in foreign.get("/keys/all").json()][-1:] == [foreign.row.pk]


def world_rows(world):
    """What the account's own key reads of everything."""
    lists = [path for method, path in OPERATIONS if method == "GET" and path not in ("/openapi.json", "/keys/all")]
    read = [world.address(path) for path in lists if "stream" not in path and "download" not in path]
    return {path: world.api.get(path).json() for path in read if path not in ("/audit-logs", "/keys/all")}


def test_a_body_of_rubbish_is_refused_in_the_envelope(world):
    def check(method, path):
        if f"{method} {path}" not in BODIES:
            return None
        answers = [send(world.api, method, world.address(path), rubbish) for rubbish in RUBBISH]
        return [answer.content for answer in answers if problem_of(answer)[0] not in (400, 422)]

    assert failures(check) == {}


def test_a_method_that_no_route_has_is_refused_in_the_envelope(world):
    def check(method, path):
        answer = world.api.put(world.address(path), {})
        told = problem_of(answer) == (405, "method_not_allowed") and method in answer["Allow"]
        return None if told else answer.content

    assert failures(check) == {}


def test_a_slash_at_the_end_changes_nothing(world):
    def check(method, path):
        if method != "GET" or "stream" in path:
            return None
        address = world.address(path)
        with_slash, without = read(world.api.get(f"{address}/")), read(world.api.get(address))
        return None if with_slash == without and without[0] == 200 else (with_slash, without)

    assert failures(check) == {}


def read(answer):
    return answer.status_code, b"".join(answer) if answer.streaming else answer.content
