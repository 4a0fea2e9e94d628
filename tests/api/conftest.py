"""The m8tes door with the owner's key, or with anybody's."""

import pytest

from runs.models import Event, Run
from teammates.models import Teammate
from teammates.services import save
from tests.api.door import Api, problem_of
from tests.api.world import World


@pytest.fixture
def api(owner):
    return Api(owner)


@pytest.fixture
def api_of(db):
    """The door with a new key of `user`; `scopes` are those that a key has unless it is told otherwise."""
    return Api


@pytest.fixture
def refused(api):
    """The status and the code of a create that begins nothing and leaves nothing behind."""

    def refused(**body):
        before = Teammate.objects.count()
        got = problem_of(api.post("/runs", {"message": "Hello", **body}))
        assert not Run.objects.exists()
        assert not Event.objects.exists()
        assert Teammate.objects.count() == before
        return got

    return refused


@pytest.fixture
def made(api):
    """Make a teammate through the door; what it answered."""

    def made(**body):
        response = api.post("/agents", {"name": "Helper", **body})
        assert response.status_code == 201, response.content
        return response.json()

    return made


@pytest.fixture
def house(db):
    """A teammate of the house."""
    teammate = Teammate(slug="clerk", name="Clerk")
    save(teammate, [("read_file", ""), ("announce", "deny"), ("AskUserQuestion", "")])
    return teammate


@pytest.fixture
def two(fake, posted, teammate_with, api, carry):
    """A run that waits for two decisions, and their names."""
    fake.calls(("post", {"text": "one"}), ("post", {"text": "two"}))
    run = carry(api.run(teammate_with("post"), human_in_the_loop=True, permission_mode="approval"))
    return run, [gate["request_id"] for gate in api.gates(run)]


@pytest.fixture
def world(api, fake, posted, carry, transactional_db):
    """The owner's account with one of everything."""
    return World(api, fake, carry)
