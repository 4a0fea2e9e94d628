"""The same tests on each shape; each is started once."""

import pytest

from tests.backends.shapes import Distributed, Embedded
from tests.fake_model import FakeModel
from tests.fake_script import Script
from tests.services import Postgres, Redis

DISTRIBUTED = pytest.param("distributed", marks=[pytest.mark.postgres, pytest.mark.redis])


@pytest.fixture(scope="package")
def fake_model():
    with FakeModel() as server:
        yield server


@pytest.fixture(scope="package")
def services():
    with Postgres() as postgres, Redis() as redis:
        yield postgres, redis


@pytest.fixture(scope="package", params=["embedded", DISTRIBUTED])
def built(request, tmp_path_factory, fake_model):
    data = tmp_path_factory.mktemp(request.param)
    if request.param == "embedded":
        shape = Embedded(data, fake_model)
    else:
        postgres, redis = request.getfixturevalue("services")
        shape = Distributed(data, fake_model, postgres.url, redis.url)
    yield shape
    shape.close()


@pytest.fixture
def fake(fake_model):
    fake_model.reply, fake_model.default = None, Script().say("Here you are.")
    fake_model.scripts.clear()
    fake_model.requests.clear()
    return fake_model


@pytest.fixture
def shape(built, fake):
    built.ledger.unlink(missing_ok=True)
    yield built
    built.hold.unlink(missing_ok=True)
