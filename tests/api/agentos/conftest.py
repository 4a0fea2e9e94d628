"""The AgentOS door with the owner's key, or with anybody's; and the real server with unmodified clients of it."""

from pathlib import Path

import httpx2 as httpx
import pytest

from tests.api.agentos.clients import PATIENCE, Agno
from tests.api.agentos.door import Door
from tests.api.agentos.trees import Performing
from tests.conftest import AGNOS
from tests.fake_model import FakeModel
from tests.fake_script import Script
from tests.serving import Serve
from tests.trees import told

ROSTER = """
[[teammates]]
id = "helper"
name = "Helper"
permission_mode = "autonomous"
human_in_the_loop = true
tools = ["post", "send", "measure", "look", "count", "stumble", "AskUserQuestion"]
instructions = "You are {robot_name}."
"""


@pytest.fixture
def door(owner):
    return Door(owner)


@pytest.fixture
def door_of(db):
    return Door


@pytest.fixture
def gated(fake, posted, teammate_with, door):
    """A run, as told to the client, that waits: may it post "hello"? What it has posted is in `posted`."""
    teammate_with("post", mode="approval")
    fake.call("post", {"text": "hello"})
    return door.run()


@pytest.fixture
def said(fake, teammate_with, door):
    """A session with one run that has ended, as told to the client."""
    teammate_with()
    return door.run(message="Hello there\nand more", session_id="s-1", user_id="ann")


@pytest.fixture
def shout(own_tool):
    @own_tool(effect="pure", title="Shout")
    def shout(input: str) -> str:
        """Say it louder."""
        return input.upper()

    @own_tool(effect="pure", title="Is it short?")
    def is_short(input: str) -> bool:
        """Is it?"""
        return len(input) < 10

    @own_tool(effect="pure", title="Which way?")
    def which(input: str) -> str:
        """Which one?"""
        return "Loud"


@pytest.fixture
def flow(door, fake, member, shout, workflow_of):
    """Of steps; ann and bob answer."""
    member("ann"), member("bob")
    fake.reply = told(("ann", [Script().say("from ann")]), ("bob", [Script().say("from bob")]))

    def make(*steps, **fields):
        workflow_of(*steps, **fields)
        return Performing(door, "/workflows/flow")

    return make


# --- the real server ---


@pytest.fixture(scope="module")
def endpoint():
    with FakeModel() as server:
        yield server


@pytest.fixture
def model(endpoint):
    endpoint.reply, endpoint.default, endpoint.dropped = None, Script().say("Here you are."), 0
    endpoint.scripts.clear()
    endpoint.requests.clear()
    return endpoint


@pytest.fixture(scope="module")
def house(request, endpoint, tmp_path_factory):
    """The server before it is started, so that the clients can begin to load; its roster may be the module's own."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "ledger").touch()
    (folder / "roster.toml").write_text(getattr(request.module, "ROSTER", ROSTER))
    words = {"OPENAI_BASE_URL": endpoint.base_url, "OPENAI_API_KEY": "test", "SAYSO_MODEL": "fake"}
    return Serve(folder, SAYSO_TOOLS="tests.api.agentos.tools", LEDGER=str(folder / "ledger"), **words)


@pytest.fixture(scope="module")
def programs(house):
    running = {version: Agno(version, house.url) for version, python in AGNOS.items() if python.exists()}
    yield running
    for program in running.values():
        program.stop()


@pytest.fixture(scope="module")
def server(house, programs):
    house.start()
    house.manage("roster", "load", str(Path(house.environment["LEDGER"]).with_name("roster.toml")))
    yield house
    house.stop()
    house.kill()
    assert not [line for line in house.output if "Traceback" in line or "ERROR" in line], "".join(house.output)


@pytest.fixture
def ledger(server):
    """What the tools have done since the test began."""
    path = Path(server.environment["LEDGER"])
    path.write_text("")
    return lambda: path.read_text().splitlines()


@pytest.fixture(params=list(AGNOS))
def agno(request, server, programs, model):
    return programs[request.param]


@pytest.fixture
def curl(server, model):
    with httpx.Client(base_url=server.url, timeout=PATIENCE) as client:
        yield client
