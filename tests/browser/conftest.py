"""One real `manage.py serve` and one Chromium for all tests of this folder that a process runs."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from config.env import ROOT
from tests.browser.visitor import Tab, Visitor
from tests.browser.windows import PATIENCE, Windows
from tests.conftest import CHROMIUM
from tests.fake_model import FakeModel
from tests.serving import Serve, serving

expect.set_options(timeout=PATIENCE)

# Chromium shares memory through ever new files; without a disk below them it takes a tenth less processor time.
IN_MEMORY = Path("/dev/shm")
ROOMY = IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > 2**30


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="package")
def endpoint() -> Iterator[FakeModel]:
    with FakeModel() as model:
        yield model


@pytest.fixture
def fake(endpoint: FakeModel) -> FakeModel:
    """The model of the teammate "Obedient", who says what a test scripted; all others are played by the demo model."""
    endpoint.scripts.clear()
    endpoint.requests.clear()
    return endpoint


@pytest.fixture(scope="package")
def serve(endpoint: FakeModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    said = {"OPENAI_BASE_URL": endpoint.base_url, "SAYSO_MODEL": "demo", "SAYSO_TOOLS": "tests.quick"}
    with serving(tmp_path_factory.mktemp("served"), **said) as served:
        yield served


@pytest.fixture(scope="package")
def cast(serve: Serve) -> dict[str, list[list[str]]]:
    command = [sys.executable, "-m", "tests.browser.cast"]
    done = subprocess.run(command, cwd=ROOT, env=serve.environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="package")
def windows(serve: Serve) -> Iterator[Windows]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu"],
            env={**os.environ, "TMPDIR": str(IN_MEMORY)} if ROOMY else None,
        )
        yield Windows(chromium, serve.url)
        chromium.close()


@pytest.fixture
def complaints(serve: Serve) -> Iterator[list[str]]:
    """What browsers held against the pages (errors, warnings, what the content policy stopped), and the server's."""
    found: list[str] = []
    already = len(serve.output)
    yield found
    said = serve.output[already:]
    trouble = [line for line in said if re.search(r"ERROR|CRITICAL|Traceback", line)]
    assert not found and not trouble, "".join([*found, "\nThe server said:\n", *said])


@pytest.fixture
def visitor(windows, cast, complaints) -> Iterator[Callable[[str], Visitor]]:
    """The next person of this role: olivia (a member), rafael (a reviewer) or stella (staff)."""
    came: list[Visitor] = []

    def next_one(role: str = "olivia") -> Visitor:
        came.append(Visitor(windows, *cast[role].pop(), complaints))
        return came[-1]

    yield next_one
    for one in came:
        one.leaves()


@pytest.fixture
def olivia(visitor) -> Visitor:
    """A person with an account, who has not done anything yet."""
    return visitor("olivia")


@pytest.fixture
def rafael(visitor) -> Visitor:
    """A reviewer: sees everybody's runs and may decide."""
    return visitor("rafael")


@pytest.fixture
def stella(visitor) -> Visitor:
    """Staff: may change the teammates of the house."""
    return visitor("stella")


@pytest.fixture
def stranger(windows, complaints) -> Iterator[Visitor]:
    """Somebody who is not signed in."""
    somebody = Visitor(windows, "", "", complaints)
    yield somebody
    somebody.leaves()


@pytest.fixture
def tab(olivia) -> Tab:
    """Olivia's browser, with no page in it yet."""
    return olivia.opens()


@pytest.fixture
def home(olivia) -> Tab:
    return olivia.opens("/")
