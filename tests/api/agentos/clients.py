"""Unmodified clients, each in a process of its own."""

import json
import subprocess
import threading
from pathlib import Path

from tests.conftest import AGNOS

PROGRAM = Path(__file__).with_name("program.py")
PATIENCE = 30  # seconds for one order


class ClientError(Exception):
    def __init__(self, told):
        super().__init__(f"{told['name']}: {told['message']}")
        self.name, self.status = told["name"], told["status"]


class Agno:
    """The client of one version, in its own process. `agno.run_agent("helper", "Hello")`."""

    def __init__(self, version, url):
        self.version, self.key = version, ""
        command = [AGNOS[version], PROGRAM, url]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __getattr__(self, name):
        def call(*args, leave="", decide=None, **kwargs):
            order = {"call": name, "args": args, "kwargs": kwargs, "key": self.key, "leave": leave}
            return self.tell(order if decide is None else {**order, "decide": decide})

        return call

    def tell(self, order):
        overdue = threading.Timer(PATIENCE, self.process.kill)
        overdue.start()
        try:
            print(json.dumps(order), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
        finally:
            overdue.cancel()
        told = json.loads(line)
        if "error" in told:
            raise ClientError(told["error"])
        return told["result"]

    def decide(self, paused, *decisions, stream=True):
        """Continue what the client was shown last; the events, or the result."""
        name = "continue_agent_run_stream" if stream else "continue_agent_run"
        call = getattr(self, name)
        return call(
            "helper", paused["run_id"], session_id=paused["session_id"], decide=[list(one) for one in decisions]
        )

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
