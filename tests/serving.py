"""The real `manage.py serve`, as its own process, for tests in a browser and for pictures."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Self

from config.env import ROOT, Environment

LINK = re.compile(r"https?://\S+/sign-in/\S+")
START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Serve:
    """`manage.py serve` on data of its own. `stop` ends it cleanly, `kill` as a power cut would; `start` goes on."""

    def __init__(self, data: Path, **environment: str) -> None:
        clean = {name: value for name, value in os.environ.items() if name.lower() not in Environment.model_fields}
        self.environment = {**clean, **environment, "SAYSO_DATA": str(data)}
        self.environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
        self.url = f"http://127.0.0.1:{free_port()}"
        self.output: list[str] = []

    def start(self) -> Self:
        """Return once it says where it listens; `link` is the sign-in link, if it printed one."""
        self.printed: SimpleQueue[str] = SimpleQueue()
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", self.url.rpartition(":")[2]],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout
        threading.Thread(target=self._read, args=[self.process.stdout, self.printed], daemon=True).start()
        self.wait_for(self.url)
        return self

    def _read(self, stream: IO[str], printed: SimpleQueue[str]) -> None:
        for line in stream:
            self.output.append(line)
            printed.put(line)
        stream.close()
        printed.put("")  # nothing more will come

    def wait_for(self, words: str, seconds: float = START_SECONDS) -> str:
        """The next line that holds `words`."""
        line = ""
        while words not in line:
            try:
                line = self.printed.get(timeout=seconds)
            except Empty:
                line = ""
            if not line:
                raise AssertionError(f"serve did not say {words!r}. It said:\n{''.join(self.output)}")
        return line

    @property
    def link(self) -> str:
        """The sign-in link: as printed at the first start, later on request."""
        if not (found := LINK.findall("".join(self.output))):
            found = [self.manage("signin").strip().replace("http://127.0.0.1:8000", self.url)]
        return found[-1]

    def manage(self, *words: str) -> str:
        """Run another command on the same data and return what it prints."""
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=True)
        return done.stdout

    def stop(self, seconds: float = 20) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(seconds)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def serving(data: Path, **environment: str) -> Iterator[Serve]:
    serve = Serve(data, **environment).start()
    try:
        yield serve
    finally:
        with suppress(subprocess.TimeoutExpired):
            serve.stop()
        serve.kill()
