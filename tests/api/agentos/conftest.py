"""The AgentOS door with the owner's key, or with anybody's."""

import pytest

from tests.api.agentos.door import Door
from tests.api.agentos.trees import Performing
from tests.fake_script import Script
from tests.trees import told


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
