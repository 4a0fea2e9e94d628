"""Many live runs at once: what a streamed token costs the server, and how late it comes."""

import asyncio
import time
from array import array
from dataclasses import astuple, dataclass
from pathlib import Path

from bench.person import Person
from bench.processes import TICKS, Bench
from bench.wire import Event
from bench.words import ENDED, Wrong, pace, spread

STARTS_A_SECOND = 40
PATIENCE = 20  # seconds that a stream may take longer than its tokens
SETTLE = 2  # seconds between the last start and the steady window


class Tally:
    """What came, over all runs."""

    def __init__(self) -> None:
        self.arrived = array("d")  # monotonic seconds
        self.late = array("d")  # seconds since the fake model wrote it
        self.messages = 0
        self.whole = 0  # runs of which every token came once and in order

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
            self.tally.arrived.append(at)
            self.tally.late.append(at - int(stamp) / 1e9)

    def check(self, true: bool, words: str) -> None:
        if not true and not self.end.done():
            self.end.set_exception(Wrong(words))


async def one_stream(person: Person, tally: Tally, wait: float, tokens: int, rate: int) -> None:
    await asyncio.sleep(wait)
    run = await person.start(pace(tokens, rate))
    follower = Follower(tally)
    socket = await person.follow(run, follower.take)
    async with asyncio.timeout(PATIENCE + tokens / rate):
        how = await follower.end
    socket.close()
    if (how, follower.tokens) != ("run.completed", tokens):
        raise Wrong(f"{how} after {follower.tokens} of {tokens} tokens")
    tally.whole += 1


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
    def now(cls, bench: Bench, tally: Tally) -> "Sample":
        user, nice, system = map(int, Path("/proc/stat").read_text().split()[1:4])
        busy = (user + nice + system) / TICKS
        cpu = bench.server.cpu(), bench.model.cpu(), time.process_time()
        return cls(time.monotonic(), *cpu, busy, tally.messages)

    def __sub__(self, other: "Sample") -> "Sample":
        return Sample(*(mine - theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


async def streams(person: Person, bench: Bench, runs: int, rate: int, seconds: float) -> None:
    ramp = runs / STARTS_A_SECOND
    tokens = int((ramp + SETTLE + seconds + 1) * rate)
    tally = Tally()
    async with asyncio.TaskGroup() as group:
        for place in range(runs):
            group.create_task(one_stream(person, tally, place / STARTS_A_SECOND, tokens, rate))
        await asyncio.sleep(ramp + SETTLE)
        begin = Sample.now(bench, tally)
        await asyncio.sleep(seconds)
        end = Sample.now(bench, tally)
        threads = bench.server.status("Threads")
    print(f"{runs} live runs, {rate} tokens/s each; {tally.whole} of {runs} got all {tokens} tokens once and in order")
    report(end - begin, tally.within(begin.at, end.at), threads)


def report(used: Sample, late: list[float], threads: int) -> None:
    others = used.machine - used.server - used.model - used.load
    print(f"  server: {used.server / len(late) * 1e6:.0f} µs of CPU per token, {used.server / used.at:.0%} of a core")
    print(f"  lateness: {spread(late)}, worst {max(late):.1f} ms")
    print(f"  {len(late) / used.at:.0f} tokens/s in {used.messages / used.at:.0f} messages/s; {threads} threads")
    shares = [f"{share / used.at:.0%}" for share in (used.model, used.load, others)]
    print(f"  of a core each: the model {shares[0]}, the load {shares[1]}, others on this machine {shares[2]}")
