"""Several processes: what two workers carry against one, a token's way through Redis, and a start after a kill."""

import asyncio
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

from bench.person import signed_in
from bench.prepare import PASSWORD, PERSON, TEAMMATE
from bench.processes import Bench, Process
from bench.streams import Tally, one_stream
from bench.words import expect, pace, spread
from tests.services import Postgres, Redis, program

SLOTS = 20  # runs that a worker moves at the same time
RUNS = 10 * SLOTS
CALL = 4  # tokens of each answer, one a second
STREAMS, TOKENS, RATE = 5, 100, 10
HELD = 50  # runs in mid-sentence, and as many at a gate, when the server is killed
PATIENCE = 300.0

DONE = "SELECT count(*) FROM runs_run WHERE status = 'completed'"
OPEN = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
SPAN = "SELECT extract(epoch FROM max(finished_at) - min(started_at)) FROM runs_run WHERE message = %s"
LEASES = "SELECT DISTINCT substr(lease, 1, instr(lease, ':')) FROM runs_run WHERE lease <> ''"


class Cluster(Bench):
    """One web process, beat and some workers, with a PostgreSQL and a Redis of their own."""

    def __init__(self, data: Path, postgres: str, redis: str, workers: int) -> None:
        super().__init__(data)
        self.postgres, self.redis, self.workers = postgres, redis, workers
        self.environment |= {"DATABASE_URL": postgres, "REDIS_URL": redis, "SAYSO_SLOTS": str(SLOTS)}

    def begin(self) -> None:
        alone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        worker = ["-m", "celery", "-A", "config", "worker", "-P", "threads", *alone]
        self.at_work = [self.started(f"worker{n}", *worker, "-n", f"worker{n}@%h") for n in range(self.workers)]
        self.beat = self.started("beat", "-m", "celery", "-A", "config", "beat")
        self.server = self.started("web", "-m", "daphne", "-p", str(self.port), "config.asgi:application")
        self.server.wait_for_port(self.port)

    def started(self, name: str, *arguments: str) -> Process:
        return Process([*arguments], self.environment, self.data / f"{name}.log")

    def end(self) -> None:
        for process in (self.server, self.beat, *self.at_work):
            process.stop()

    def value(self, query: str, *values: str) -> float:
        """The first figure of a query's answer."""
        import psycopg  # an extra: only where this part is measured

        with psycopg.connect(self.postgres) as database:
            [(value,)] = database.execute(query, values).fetchall()
        return float(value)

    async def ended(self, runs: int) -> int:
        """Wait until so many have ended; the most connections to PostgreSQL that were seen meanwhile."""
        until, most = time.monotonic() + PATIENCE, 0
        while self.value(DONE) < runs:
            expect(time.monotonic() < until, f"not all of {runs} runs have ended")
            most = max(most, int(self.value(OPEN)))
            await asyncio.sleep(0.5)
        return most

    def memory_of_redis(self) -> int:
        """kB, at most so far."""
        from redis import Redis as Client  # an extra, as above

        with Client.from_url(self.redis) as client:
            return int(client.info("memory")["used_memory_peak"]) // 1024

    def cpu(self) -> float:
        return sum(worker.cpu() for worker in self.at_work)


async def carried(cluster: Cluster) -> float:
    """Runs that ended in a second, while more of them waited than there were slots."""
    warm = cluster.workers * SLOTS
    await asyncio.to_thread(cluster.prepare, "queue", str(warm), pace(1, 100))
    await cluster.ended(warm)
    before = cluster.cpu()
    await asyncio.to_thread(cluster.prepare, "queue", str(RUNS), pace(CALL, 1))
    connections = await cluster.ended(warm + RUNS)
    used = (cluster.cpu() - before) / RUNS * 1000
    rate = RUNS / cluster.value(SPAN, pace(CALL, 1))
    print(f"{cluster.workers} × {SLOTS} slots: {rate:.2f} runs/s of {CALL} tokens at 1/s, {used:.0f} ms of CPU each")
    print(f"  at most {connections} connections to PostgreSQL, {cluster.memory_of_redis()} kB in Redis")
    return rate


async def tokens(cluster: Cluster) -> None:
    """From the model through a worker, PostgreSQL and Redis to the websocket of a page at another process."""
    async with signed_in(cluster.origin, PERSON, PASSWORD, TEAMMATE) as person:
        tally = Tally()
        async with asyncio.TaskGroup() as group:
            for place in range(STREAMS):
                group.create_task(one_stream(person, tally, place / STREAMS / RATE, TOKENS, RATE))
    expect(tally.whole == STREAMS, f"{tally.wrong}")
    late = [seconds * 1000 for seconds in tally.late]
    print(f"model -> page through Redis, {STREAMS} streams of {RATE} tokens/s: {spread(late)}")


def workers(data: Path) -> None:
    rates = []
    for count in (1, 2):
        folder = data / f"{count}"
        folder.mkdir(parents=True)
        with Postgres() as postgres, Redis() as redis, Cluster(folder, postgres.url, redis.url, count) as cluster:
            rates.append(asyncio.run(carried(cluster)))
            if count == 2:
                asyncio.run(tokens(cluster))
    print(f"Two workers carry {rates[1] / rates[0]:.2f} times the runs of one")


def killed(data: Path) -> None:
    """kill -9 of one process on SQLite in mid-work; when after the next start is the state of every run true again?"""
    data.mkdir(parents=True)
    with Bench(data) as bench, closing(sqlite3.connect(data / "sayso.sqlite3")) as rows:
        bench.prepare("queue", str(HELD))
        bench.prepare("queue", str(HELD), pace(600, 1))
        until = time.monotonic() + PATIENCE
        while states(rows) != {"paused": HELD, "running": HELD}:
            expect(time.monotonic() < until, f"the runs are {states(rows)}")
            time.sleep(0.2)
        dead = leases(rows)
        bench.server.process.kill()
        bench.server.process.wait()
        began = time.monotonic()
        bench.begin()
        answers = time.monotonic() - began
        while leases(rows) & dead:
            time.sleep(0.01)
        known = time.monotonic() - began
        expect(states(rows)["paused"] == HELD, "a paused run did not stay one")
    print(f"kill -9 with {HELD} live and {HELD} paused runs: the next start listens after {answers:.1f} s,")
    print(f"  and no run is held by the dead any more after {known:.1f} s")


def states(rows: sqlite3.Connection) -> dict[str, int]:
    return dict(rows.execute("SELECT status, count(*) FROM runs_run GROUP BY status"))


def leases(rows: sqlite3.Connection) -> set[str]:
    """The boots that hold runs."""
    return {boot for (boot,) in rows.execute(LEASES)}


def distributed(data: Path) -> None:
    if lacking := [name for name in ("postgres", "redis-server") if program(name) is None]:
        print(f"Not measured: {', '.join(lacking)} is not here", file=sys.stderr)
        return
    workers(data)
    killed(data / "killed")
