"""PostgreSQL and Redis of a test's own: on free ports, in folders that go with them; they can be restarted."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Self

from tests.serving import free_port

START_SECONDS = 30
NOBODY = (
    {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
)  # PostgreSQL refuses root


def program(name: str) -> str | None:
    """Where it is: on the path, or where Debian puts PostgreSQL's."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(debian[-1]) if debian else None)


class Service:
    """One server process. `kill` ends it as a power cut would, `start` brings it back on the same port."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sayso-service-", dir="/tmp"))
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def ready(self) -> bool:
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    who: dict = {}  # as whom it runs

    def start(self) -> Self:
        log = (self.folder / "log").open("ab")
        with log:
            self.process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, **self.who
            )
        until = time.monotonic() + START_SECONDS
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError((self.folder / "log").read_text()[-3000:])
            time.sleep(0.05)
        return self

    def end(self, how: signal.Signals = signal.SIGINT) -> None:
        """PostgreSQL calls an interrupt a fast shutdown: it waits for no client."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(20)

    def restart(self) -> None:
        self.end()
        self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        with suppress(subprocess.TimeoutExpired):
            self.end()
        if self.process:
            self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis(Service):
    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        quiet = ["--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        return [str(program("redis-server")), "--port", str(self.port), "--bind", "127.0.0.1", *quiet]


class Postgres(Service):
    who = NOBODY

    def __init__(self) -> None:
        super().__init__()
        if NOBODY:
            shutil.chown(self.folder, "nobody", "nogroup")
        make = [
            str(program("initdb")),
            "-D",
            str(self.data),
            "-U",
            "sayso",
            "--auth=trust",
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
        ]
        subprocess.run(make, check=True, capture_output=True, cwd="/", **NOBODY)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        return f"postgres://sayso@127.0.0.1:{self.port}/postgres"

    def command(self) -> list[str]:
        told = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": "200",
        }
        options = [part for name, value in told.items() for part in ("-c", f"{name}={value}")]
        return [str(program("postgres")), "-D", str(self.data), "-p", str(self.port), *options]

    def ready(self) -> bool:
        if not super().ready():
            return False
        import psycopg  # an extra: only where these tests run

        with suppress(psycopg.OperationalError):
            psycopg.connect(self.url, connect_timeout=2).close()
            return True
        return False
