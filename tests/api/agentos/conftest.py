"""The AgentOS door with the owner's key, or with anybody's."""

import pytest

from tests.api.agentos.door import Door


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
