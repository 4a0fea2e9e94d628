"""Measures a real `manage.py serve`, and several processes; `bench/README.md` keeps the figures and how to read them.

The fake model, the server and the load (this process) are three processes; the load does what browsers do: it signs
in, sends the pages' forms and follows each run through its own websocket.
"""

import argparse
import asyncio
import contextlib
import os
import platform
import tempfile
import time
from functools import partial
from pathlib import Path

from bench.api import api
from bench.distributed import distributed
from bench.latency import decisions, first_events
from bench.paused import paused
from bench.peer import peer
from bench.person import signed_in
from bench.prepare import PASSWORD, PERSON, TEAMMATE
from bench.processes import ROOT, Bench
from bench.streams import one_stream, streams
from bench.trees import trees
from bench.words import yardstick

ON_ONE = ("latency", "streams", "paused", "api", "peer", "trees")
PARTS = (*ON_ONE, "distributed")
PEER = ROOT / ".venv-sdks/peer/bin/python"


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.live", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", default=PARTS, help=f"which of {', '.join(PARTS)}; all when none is named")
    parser.add_argument("--runs", type=int, default=200, help="live runs at the same time")
    parser.add_argument("--rate", type=int, default=10, help="tokens a second of each run")
    parser.add_argument("--starts", type=float, default=20, help="runs that are started in a second")
    parser.add_argument("--seconds", type=float, default=15, help="length of the steady window that is measured")
    parser.add_argument("--times", type=int, default=100, help="how often each latency is taken")
    parser.add_argument("--paused", type=int, default=5000, help="paused runs")
    parser.add_argument("--history", type=int, default=100_000, help="ended runs among which programs look")
    parser.add_argument("--data", type=Path, help="data directory to use and keep; a temporary one otherwise")
    parser.add_argument("--python", type=Path, default=PEER, help="a Python that has what bench/peer.lock names")
    return parser.parse_args()


async def measure(bench: Bench, wanted: argparse.Namespace) -> None:
    async with signed_in(bench.origin, PERSON, PASSWORD, TEAMMATE) as person:
        if "latency" in wanted.parts:
            await first_events(person, bench, wanted.times)
            await decisions(person, bench, wanted.times)
        if "streams" in wanted.parts:
            await streams(bench.server, bench.model, partial(one_stream, person), *load(wanted))
        if "paused" in wanted.parts:
            await paused(person, bench, wanted.paused)
        if "api" in wanted.parts:
            await api(bench, wanted.history, wanted.times)
        if "peer" in wanted.parts:
            await peer(bench, wanted.python, wanted.times, *load(wanted))
        if "trees" in wanted.parts:
            await trees(bench)


def load(wanted: argparse.Namespace) -> tuple[int, int, float, float]:
    return wanted.runs, wanted.rate, wanted.seconds, wanted.starts


def main() -> None:
    wanted = options()
    with contextlib.ExitStack() as stack:
        data = wanted.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sayso-bench-")))
        data.mkdir(parents=True, exist_ok=True)
        print(time.strftime("%Y-%m-%d %H:%M"), f"Python {platform.python_version()}, {os.cpu_count()} cores")
        before = yardstick()
        if set(wanted.parts) & set(ON_ONE):
            with Bench(data) as bench:
                asyncio.run(measure(bench, wanted))
        if "distributed" in wanted.parts:
            distributed(data / "distributed")
        print(
            f"The yardstick took {before:.0f} µs before and {yardstick():.0f} µs after; load {os.getloadavg()[0]:.1f}"
        )


if __name__ == "__main__":
    main()
