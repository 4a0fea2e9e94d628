import pytest

from tests.backends.shapes import Distributed
from tests.fake_model import FakeModel
from tests.fake_script import Script
from tests.services import Postgres, Redis

WORDS = "one two three four five six seven eight nine ten"
TOKENS = 100
SECONDS = 4


def reply(body):
    """A letter and a few words; or, where the message asks for it, tokens that carry the moment they were sent at."""
    if body["messages"][-1]["content"] == "Tokens":
        return Script().paced(TOKENS, 10)
    if body["messages"][-1]["role"] == "tool":
        return Script().paced(SECONDS * 10, 10)  # long enough that accidents meet runs in mid-sentence
    return Script().say(WORDS).call("send_letter", {"to": "Ada"})


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    with FakeModel(reply=reply) as fake, Postgres() as postgres, Redis() as redis:
        shape = Distributed(tmp_path_factory.mktemp("chaos"), fake, postgres.url, redis.url)
        yield shape, postgres, redis
        shape.close()
