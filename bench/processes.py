"""The fake model and the product as processes of their own, and what the operating system says about them."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as sock:
        return int(sock.getsockname()[1])


class Process:
    """A child process; its figures are those of everything that it started, too."""

    def __init__(
        self, arguments: list[str], environment: dict[str, str], log: Path, python: str | Path = sys.executable
    ) -> None:
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [python, *arguments], cwd=ROOT, env={**os.environ, **environment}, stdout=output, stderr=output
            )
        self.log = log

    def wait_for_port(self, port: int, seconds: float = 30) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise SystemExit(f"{self.log} says why this ended:\n{self.log.read_text()[-3000:]}")
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise SystemExit(f"nothing listens on port {port} after {seconds:.0f} s; see {self.log}")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def family(self) -> list[int]:
        found, ahead = [], [self.process.pid]
        while ahead:
            pid = ahead.pop()
            found.append(pid)
            for task in Path(f"/proc/{pid}/task").iterdir():
                with suppress(FileNotFoundError):  # the thread has ended meanwhile
                    ahead += map(int, (task / "children").read_text().split())
        return found

    def cpu(self) -> float:
        """Seconds of CPU, user and system, of all threads so far."""
        ticks = 0
        for pid in self.family():
            after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(after_name[11]) + int(after_name[12])
        return ticks / TICKS

    def status(self, field: str) -> int:
        """The sum of a figure of /proc/<pid>/status: Threads, or VmRSS in kB."""
        total = 0
        for pid in self.family():
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))
        return total


class Bench:
    """Both processes, on a data directory of their own."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.model_port, self.port = free_port(), free_port()
        self.environment = {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{self.model_port}/v1",
            "OPENAI_API_KEY": "x",
            "SAYSO_MODEL": "fake",
            "SAYSO_DATA": str(data),
        }

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def prepare(self, *arguments: str) -> str:
        """Make rows for the bench; what that printed."""
        done = subprocess.run(
            [sys.executable, "-m", "bench.prepare", *arguments],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout

    def __enter__(self) -> Self:
        self.prepare("people")
        with ExitStack() as stack:
            model = ["-m", "tests.fake_model", "--port", str(self.model_port)]
            self.model = Process(model, {}, self.data / "model.log")
            stack.callback(self.model.stop)
            self.model.wait_for_port(self.model_port)
            stack.callback(self.end)
            self.begin()
            self.stack = stack.pop_all()
        return self

    def begin(self) -> None:
        """Start the product, and return once it listens."""
        serve = ["manage.py", "serve", "--port", str(self.port)]
        self.server = Process(serve, self.environment, self.data / "serve.log")
        self.server.wait_for_port(self.port)

    def end(self) -> None:
        self.server.stop()

    def __exit__(self, *_: object) -> None:
        self.stack.close()
