"""Runs that really run: the machine's own code, a fake only for the model, on a real socket."""

import time

import pytest

from runs import services
from runs.engine import driver, model
from runs.models import Run
from teammates.models import Teammate
from teammates.services import save
from tests.fake_model import FakeModel


@pytest.fixture
def fake(settings):
    with FakeModel() as fake:
        settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = fake.base_url, "test"
        settings.DEFAULT_MODEL = "fake"
        yield fake
        model.close_clients()


@pytest.fixture
def teammate_with(transactional_db):
    def make(*tools, mode="autonomous", people=True, model="", slug="helper"):
        teammate = Teammate(slug=slug, name="Helper", permission_mode=mode, human_in_the_loop=people, model=model)
        save(teammate, [tool if isinstance(tool, tuple) else (tool, "") for tool in tools])
        return teammate

    return make


@pytest.fixture
def start(owner):
    def start(teammate, message="Do it", **more):
        return services.start(owner=owner, teammate=teammate, message=message, **more)

    return start


@pytest.fixture
def carry():
    """Carry a run forward until it waits for people or has ended."""

    def carry(run: Run) -> Run:
        driver.carry_forward(run.pk)
        run.refresh_from_db()
        return run

    return carry


def eventually(fact, seconds=10.0):
    """Wait for a fact; its last value."""
    end = time.monotonic() + seconds
    while not (value := fact()) and time.monotonic() < end:
        time.sleep(0.01)
    return value


def kinds(run: Run) -> list[str]:
    return list(run.events.values_list("kind", flat=True))
