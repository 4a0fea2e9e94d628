"""The m8tes door with the owner's key, or with anybody's."""

import pytest

from tests.api.door import Api


@pytest.fixture
def api(owner):
    return Api(owner)


@pytest.fixture
def api_of(db):
    """The door with a new key of `user`; `scopes` are those that a key has unless it is told otherwise."""
    return Api
