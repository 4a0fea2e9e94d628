"""Many live runs at once: what a streamed token costs the server, and how late it comes."""

import asyncio
import time
from array import array
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from bench.person import Person
from bench.processes import TICKS, Process
from bench.wire import Event
from bench.words import ENDED, Wrong, pace, percentile, spread, yardstick

PATIENCE = 20  # seconds that a stream may take longer than its tokens
SETTLE = 2  # seconds between the last stream's first token and the steady window
SPARE = 3  # seconds that the streams go on after the window, at least


class Tally:
    """What came, over all runs."""

    def __init__(self) -> None:
        self.arrived = array("d")  # monotonic seconds
        self.late = array("d")  # seconds since the fake model wrote it
        self.messages = 0
        self.speaking = asyncio.Semaphore(0)  # released by each run's first token
        self.whole = 0  # runs of which every token came once and in order
        self.wrong: list[str] = []  # what went wrong with the others

    def within(self, begin: float, end: float) -> list[float]:
        """The lateness, in ms, of what came between these moments."""
        return [late * 1e3 for at, late in zip(self.arrived, self.late, strict=True) if begin <= at < end]


class Follower:
    """Checks the journal of one run as it comes: no gap, no double, every token in its place."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.seq = self.tokens = 0
        self.rest = ""
        self.end: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def take(self, events: list[Event], at: float) -> None:
        self.tally.messages += 1
        for event in events:
            self.check(event["seq"] == self.seq + 1, f"event {event['seq']} after {self.seq}")
            self.seq = event["seq"]
            if event["kind"] == "text":
                self.count(event["data"]["delta"], at)
            elif event["kind"] in ENDED and not self.end.done():
                self.end.set_result(event["kind"])

    def count(self, delta: str, at: float) -> None:
        *tokens, self.rest = (self.rest + delta).split(" ")
        for token in tokens:
            number, _, stamp = token.partition(":")
            self.check(int(number) == self.tokens + 1, f"token {number} after {self.tokens}")
            self.tokens += 1
            if self.tokens == 1:
                self.tally.speaking.release()
            self.tally.arrived.append(at)
            self.tally.late.append(at - int(stamp) / 1e9)

    def check(self, true: bool, words: str) -> None:
        if not true and not self.end.done():
            self.end.set_exception(Wrong(words))

    def conclude(self, tokens: int, *, closed: bool) -> None:
        """Raise `Wrong` unless the run has completed with all its tokens."""
        how = self.end.result() if self.end.done() else f"{'closed' if closed else 'silent'} after event {self.seq}"
        if (how, self.tokens) != ("run.completed", tokens):
            raise Wrong(f"{how}, {self.tokens} of {tokens} tokens")


async def one_stream(person: Person, tally: Tally, wait: float, tokens: int, rate: int) -> None:
    await asyncio.sleep(wait)
    follower = Follower(tally)
    try:
        run = await person.start(pace(tokens, rate))
        socket = await person.follow(run, follower.take)
        either: set[asyncio.Future[Any]] = {follower.end, socket.ended}
        await asyncio.wait(either, timeout=PATIENCE + tokens / rate, return_when=asyncio.FIRST_COMPLETED)
        follower.conclude(tokens, closed=socket.ended.done())
        socket.close()
        tally.whole += 1
    except Wrong as error:
        tally.wrong.append(str(error))
    finally:
        if not follower.tokens:
            tally.speaking.release()


# Starts one stream after so many seconds, of so many tokens at this rate, and checks what comes.
One = Callable[[Tally, float, int, int], Coroutine[Any, Any, None]]


@dataclass
class Sample:
    """What has been used and what has come, up to one moment; the difference of two is what lies between."""

    at: float  # monotonic seconds
    server: float  # seconds of CPU
    model: float
    load: float
    machine: float
    messages: int

    @classmethod
    def now(cls, server: Process, model: Process, tally: Tally) -> "Sample":
        user, nice, system = map(int, Path("/proc/stat").read_text().split()[1:4])
        busy = (user + nice + system) / TICKS
        cpu = server.cpu(), model.cpu(), time.process_time()
        return cls(time.monotonic(), *cpu, busy, tally.messages)

    def __sub__(self, other: "Sample") -> "Sample":
        return Sample(*(mine - theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


async def streams(
    server: Process, model: Process, one: One, runs: int, rate: int, seconds: float, starts: float
) -> float | None:
    """µs of the server's CPU for a token that came, in the steady window; None when there was none."""
    tokens = int((runs / starts + SETTLE + seconds + SPARE) * rate)
    tally = Tally()
    async with asyncio.TaskGroup() as group:
        for place in range(runs):
            group.create_task(one(tally, place / starts, tokens, rate))
        for _ in range(runs):
            await tally.speaking.acquire()
        await asyncio.sleep(SETTLE)
        begin, yards = Sample.now(server, model, tally), []
        while time.monotonic() < begin.at + seconds:
            await asyncio.sleep(1)
            yards.append(yardstick())
        end, steady = Sample.now(server, model, tally), not tally.whole
        threads = server.status("Threads")
    print(f"{runs} live runs, {rate} tokens/s each; {tally.whole} of {runs} got all {tokens} tokens once and in order")
    for words, times in Counter(tally.wrong).most_common(5):
        print(f"  WRONG: {words} ({times} times)")
    if not steady:
        print("  NOT STEADY: the first runs had ended before the last had spoken for long enough; nothing is measured")
        return None
    cost = report(end - begin, tally.within(begin.at, end.at), threads)
    print(f"  the yardstick meanwhile: {percentile(yards, 0.5):.0f} µs")
    return cost


def report(used: Sample, late: list[float], threads: int) -> float:
    others = used.machine - used.server - used.model - used.load
    cost = used.server / len(late) * 1e6
    print(f"  server: {cost:.0f} µs of CPU per token, {used.server / used.at:.0%} of a core")
    print(f"  lateness: {spread(late)}, worst {max(late):.1f} ms")
    print(f"  {len(late) / used.at:.0f} tokens/s in {used.messages / used.at:.0f} messages/s; {threads} threads")
    shares = [f"{share / used.at:.0%}" for share in (used.model, used.load, others)]
    print(f"  of a core each: the model {shares[0]}, the load {shares[1]}, others on this machine {shares[2]}")
    return cost
