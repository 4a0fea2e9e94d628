"""The real server, a fake model, and programs that use the m8tes SDK, each in a process of its own."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from urllib.request import Request, urlopen

import pytest

from config.env import ROOT
from tests.conftest import SDKS
from tests.eventually import eventually
from tests.fake_model import FakeModel
from tests.fake_script import Script
from tests.serving import serving

PROGRAM = Path(__file__).with_name("program.py")
PATIENCE = 30  # seconds for one call


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("sdks")


@pytest.fixture(scope="session")
def endpoint():
    with FakeModel() as server:
        yield server


@pytest.fixture
def model(endpoint, server, keys):
    """What the teammates of the server say: "Here you are." unless the test scripts it."""
    assert eventually(lambda: not any(going(server, key) for key in keys[:2]))  # nobody else takes what is scripted
    endpoint.reply, endpoint.default, endpoint.dropped = None, Script().say("Here you are."), 0
    endpoint.scripts.clear()
    endpoint.requests.clear()
    return endpoint


def going(server, key):
    """The runs of the account that an earlier test left on their way."""
    query = "status=running&include_end_user_runs=true&archived=include"
    request = Request(f"{server.url}/api/v2/runs?{query}", headers={"Authorization": f"Bearer {key}"})
    with urlopen(request) as response:
        return json.load(response)["data"]


@pytest.fixture(scope="session")
def server(endpoint, tmp_path_factory):
    words = {"OPENAI_BASE_URL": endpoint.base_url, "OPENAI_API_KEY": "test", "SAYSO_MODEL": "fake"}
    words["SAYSO_TOOLS"] = "tests.quick"
    words["SAYSO_WEBHOOKS_PRIVATE"] = "true"  # the tests hear at an address of this machine
    with serving(tmp_path_factory.mktemp("served"), **words) as served:
        yield served


@pytest.fixture(scope="session")
def keys(server):
    """Of two accounts, and one that opens nothing."""
    command = [sys.executable, "-m", "tests.api.sdk.accounts"]
    done = subprocess.run(command, cwd=ROOT, env=server.environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def programs(server, keys):
    """By version; the newest SDK uses what older ones cannot."""
    running = {version: Program(version, f"{server.url}/api/v2", keys) for version in SDKS}
    yield running
    for program in running.values():
        program.stop()


@pytest.fixture(params=list(SDKS))
def sdk(request, programs, complaints):
    """`sdk.runs.create(message="Hello")` as the SDK of each version does it, and what came of it."""
    return Account(programs[request.param], 0)


@pytest.fixture
def newest(programs, complaints):
    return Account(programs["4.49.0"], 0)


@pytest.fixture
def complaints(server):
    already = len(server.output)
    yield
    said = server.output[already:]
    assert not [line for line in said if "Traceback" in line or "ERROR" in line], "".join(said)


class SdkError(Exception):
    """What the SDK raised."""

    def __init__(self, told):
        super().__init__(f"{told['name']}: {told['message']}")
        self.name, self.message, self.status = told["name"], told["message"], told["status_code"]
        self.code, self.run_id = told["code"], told["run_id"]


class Program:
    def __init__(self, version, base_url, keys):
        self.version = version
        command = [SDKS[version], PROGRAM, base_url, *keys]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, order):
        overdue = threading.Timer(PATIENCE, self.process.kill)
        overdue.start()
        try:
            print(json.dumps(order), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
        finally:
            overdue.cancel()
        told = json.loads(line, object_hook=lambda found: SimpleNamespace(**found)) if line else None
        assert told, f"SDK {self.version} did not come back from {order}"
        if hasattr(told, "error"):
            raise SdkError(vars(told.error))
        return told.result

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


class Account:
    """The SDK's client with one of the keys, from the outside: attributes lead to a call."""

    def __init__(self, program, number, path=()):
        self._program, self._number, self._path = program, number, path

    def __getattr__(self, name):
        return Account(self._program, self._number, (*self._path, name))

    def __call__(self, *args, leave=False, all=False, **kwargs):
        order = {"path": ".".join(self._path), "args": args, "kwargs": kwargs, "as": self._number}
        return self._program.tell({**order, "leave": leave, "all": all})

    def of(self, number):
        """The same program with another key."""
        return Account(self._program, number)
