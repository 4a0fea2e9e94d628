"""Both shapes of the product as real processes, seen from outside: through its doors, its database and a ledger."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from functools import cached_property
from pathlib import Path

import httpx2

from config.env import ROOT, Environment
from tests.eventually import eventually
from tests.person import Person
from tests.serving import Serve, free_port
from tests.units import exec_start

KEY, LINK = re.compile(r"sayso_\w+"), re.compile(r"/sign-in/\S+")
ROSTER = """
[[teammates]]
id = "clerk"
name = "Clerk"
permission_mode = "autonomous"
tools = ["send_letter", "look_slowly"]

[[teammates]]
id = "scribe"
name = "Scribe"
permission_mode = "autonomous"
model = "scribe"
tools = ["send_letter"]

[[teams]]
id = "office"
name = "Office"
mode = "coordinate"
model = "leader"
members = ["clerk", "scribe"]
"""


class Shape:
    """What the tests use; `webs` are the addresses of the web processes."""

    webs: list[str]
    environment: dict[str, str]

    def __init__(self, data: Path, fake) -> None:
        self.data, self.ledger, self.hold = data, data / "ledger", data / "hold"
        self.told = {
            "OPENAI_BASE_URL": fake.base_url,
            "SAYSO_MODEL": "fake",
            "SAYSO_TOOLS": "tests.faults.slow_tools",
            "LEDGER": str(self.ledger),
        }

    def prepare(self) -> None:
        """The roster and a key, once the database is there."""
        roster = self.data / "roster.toml"
        roster.write_text(ROSTER)
        printed = self.python("-m", "tests.backends.prepare", str(roster))
        self.key = KEY.findall(printed)[-1]
        self.sign_in_link = LINK.findall(printed)[-1]
        self.http = httpx2.Client(headers={"Authorization": f"Bearer {self.key}"}, timeout=30, trust_env=False)

    @cached_property
    def person(self) -> Person:
        return Person(self.webs[0]).sign_in(self.sign_in_link)

    def python(self, *words: str) -> str:
        """Run another program on the same data; what it prints."""
        command = [sys.executable, *words]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def rows(self, query: str) -> list[tuple]:
        raise NotImplementedError

    # --- what a client does ---

    def call(self, method: str, path: str, web: int = 0, **body):
        address = f"{self.webs[web % len(self.webs)]}/api/v2{path}"
        return self.http.request(method, address, json=body or None)

    def start(self, performer: str, message: str, web: int = 0) -> int:
        [(pk,)] = self.rows(f"SELECT id FROM teammates_teammate WHERE slug = '{performer}'")
        answer = self.call("POST", "/runs", web, teammate_id=pk, message=message, stream=False, human_in_the_loop=True)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def by_page(self, performer: str, message: str) -> int:
        """Start on the home page, where teams are too."""
        return self.person.start(performer, message)

    def stream(self, run: int, web: int = 0) -> Iterator[dict]:
        """Every frame, from the beginning to a pause that lasts or the end."""
        with self.http.stream("GET", f"{self.webs[web % len(self.webs)]}/api/v2/runs/{run}/stream") as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))

    def gate(self, run: int) -> int:
        """The one approval of the run's tree that waits."""
        query = (
            "SELECT g.id FROM approvals_toolapproval g JOIN runs_run r ON r.id = g.run_id WHERE g.status = 'pending'"
        )
        [(pk,)] = self.rows(f"{query} AND {run} IN (r.id, r.root_id)")
        return pk

    def decide(self, run: int, decision: str = "allow", web: int = 0):
        return self.call(
            "POST", f"/runs/{run}/approve", web, request_id=f"approval-{self.gate(run)}", decision=decision
        )

    def leave(self) -> None:
        self.http.close()
        if "person" in self.__dict__:
            self.person.http.close()

    # --- what is so ---

    def status(self, run: int) -> str:
        return self.rows(f"SELECT status FROM runs_run WHERE id = {run}")[0][0]

    def becomes(self, run: int, status: str, seconds: float = 40) -> None:
        assert eventually(lambda: self.status(run) == status, seconds), (self.status(run), self.kinds(run))

    def kinds(self, run: int) -> list[str]:
        return [kind for (kind,) in self.rows(f"SELECT kind FROM runs_event WHERE run_id = {run} ORDER BY seq")]

    def has_no_gap(self, run: int) -> bool:
        seqs = [seq for (seq,) in self.rows(f"SELECT seq FROM runs_event WHERE run_id = {run} ORDER BY seq")]
        return seqs == list(range(1, len(seqs) + 1))

    def effects(self) -> list[str]:
        return self.ledger.read_text().splitlines() if self.ledger.exists() else []


class Embedded(Shape):
    """One process; on SQLite, unless `more` of its environment says otherwise."""

    def __init__(self, data: Path, fake, **more: str) -> None:
        super().__init__(data, fake)
        self.serve = Serve(data, **self.told, **more).start()
        self.webs, self.environment = [self.serve.url], self.serve.environment
        self.prepare()

    def rows(self, query: str) -> list[tuple]:
        with closing(sqlite3.connect(self.data / "sayso.sqlite3")) as database:
            return database.execute(query).fetchall()

    def crash(self) -> None:
        """Whoever moves the runs dies, and another one begins."""
        self.serve.kill()
        self.serve.start()

    def roll(self) -> None:
        """A clean restart."""
        assert self.serve.stop() == 0
        self.serve.start()

    def close(self) -> None:
        self.leave()
        self.serve.kill()


class Distributed(Shape):
    """Two web processes, two workers, one beat; `SAYSO_SLOTS` small enough for two cores."""

    def __init__(self, data: Path, fake, postgres: str, redis: str, workers: int = 2) -> None:
        super().__init__(data, fake)
        self.postgres = postgres
        clean = {name: value for name, value in os.environ.items() if name.lower() not in Environment.model_fields}
        own = {"SAYSO_DATA": str(data), "DATABASE_URL": postgres, "REDIS_URL": redis, "SAYSO_SLOTS": "200"}
        self.environment = {**clean, **self.told, **own, "DJANGO_SETTINGS_MODULE": "config.settings"}
        self.prepare()
        self.processes: dict[str, subprocess.Popen] = {}
        ports = [free_port(), free_port()]
        self.webs = [f"http://127.0.0.1:{port}" for port in ports]
        for place, port in enumerate(ports):
            self.run(f"web{place}", "sayso-web@.service", str(port))
        for place in range(workers):
            self.run_worker(place)
        self.run("beat", "sayso-beat.service")
        for url in self.webs:
            assert eventually(lambda url=url: self.answers(url), 120), self.log()
        assert eventually(lambda: self.log().count("concurrency:") >= workers, 120), self.log()

    def run(self, name: str, unit: str, instance: str = "") -> None:
        """As systemd would, by the unit that is shipped."""
        with (self.data / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                exec_start(unit, instance), cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )

    def run_worker(self, place: int) -> None:
        self.run(f"worker{place}", "sayso-worker@.service", str(place))

    def answers(self, url: str) -> bool:
        try:
            return self.http.get(f"{url}/health").status_code == 200
        except httpx2.TransportError:
            return False

    def log(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.data.glob("*.log")))

    def rows(self, query: str) -> list[tuple]:
        import psycopg

        with psycopg.connect(self.postgres) as database:
            return database.execute(query).fetchall()

    def workers(self) -> list[int]:
        return [int(name.removeprefix("worker")) for name in self.processes if name.startswith("worker")]

    def crash(self) -> None:
        """kill -9 of every worker, then new ones."""
        for place in self.workers():
            self.kill(f"worker{place}")
        for place in self.workers():
            self.run_worker(place)

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait()

    def roll(self) -> None:
        """One worker after the other, each cleanly."""
        for place in self.workers():
            self.end(f"worker{place}")
            self.run_worker(place)

    def end(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGTERM)
        assert self.processes[name].wait(40) == 0, self.log()

    def close(self) -> None:
        self.leave()
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        until = time.monotonic() + 15
        for process in self.processes.values():
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
