"""Runs that wait for people: what they cost the server while nobody comes."""

import asyncio
import sqlite3
import time
from contextlib import closing

from bench.person import Person
from bench.processes import Bench
from bench.words import expect

QUIET = 5  # seconds of rest before a look


def count(bench: Bench) -> int:
    with closing(sqlite3.connect(f"file:{bench.data / 'sayso.sqlite3'}?mode=ro", uri=True)) as rows:
        return int(rows.execute("SELECT count(*) FROM runs_run WHERE status = 'paused'").fetchone()[0])


async def pause(bench: Bench, runs: int) -> float:
    """Queue so many runs from another process; the server finds, runs and pauses them. The seconds that took."""
    begun, wanted = time.monotonic(), count(bench) + runs
    await asyncio.to_thread(bench.prepare, "queue", str(runs))
    while count(bench) < wanted:
        expect(time.monotonic() < begun + 300, f"{count(bench)} of {wanted} runs are paused")
        await asyncio.sleep(0.5)
    return time.monotonic() - begun


async def look(bench: Bench) -> tuple[int, int, float]:
    """Threads, kB of memory, and the share of a core that the resting server uses."""
    await asyncio.sleep(QUIET)
    before = bench.server.cpu()
    await asyncio.sleep(QUIET)
    used = (bench.server.cpu() - before) / QUIET
    return bench.server.status("Threads"), bench.server.status("VmRSS"), used


async def paused(person: Person, bench: Bench, runs: int) -> None:
    await pause(bench, runs)  # pools and caches have the size that so many at once need
    threads, memory, idle = await look(bench)
    seconds = await pause(bench, runs)
    threads_after, memory_after, idle_after = await look(bench)
    begun = time.monotonic()
    await person.page("/inbox/")
    inbox = (time.monotonic() - begun) * 1000
    print(f"{runs} more paused runs beside {runs} ({seconds:.0f} s until all had paused)")
    print(f"  threads {threads} -> {threads_after}, memory {memory / 1024:.0f} -> {memory_after / 1024:.0f} MB")
    print(f"  at rest {idle:.1%} -> {idle_after:.1%} of a core; the inbox with them: {inbox:.0f} ms")
