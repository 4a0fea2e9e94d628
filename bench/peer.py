"""Sayso beside AgentOS 3.1.10: the same requests to both, in turn, on one machine with one fake model."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from bench.api import PAUSES, begun_and_polled
from bench.processes import Bench, Process, free_port
from bench.streams import Follower, Tally, streams
from bench.words import ASK, SHORT, Wrong, expect, pace, percentile

ROUNDS = 5  # in each, one server is measured after the other: what disturbs the machine disturbs both
AGENT = "agents/bench/runs"
ONE_TOKEN = "answer yes"
LONG = 1000  # runs of one session
PAGE = 20
LOOKS = 40

Event = dict[str, Any]
Measure = Callable[["Side", int], Awaitable[list[list[float]]]]  # so many times; a row of figures for each


@dataclass
class Side:
    """One of the two servers, and a client of it."""

    name: str
    web: aiohttp.ClientSession
    server: Process

    async def run(self, message: str, **fields: str) -> Event:
        """One run, told once it has ended."""
        async with self.web.post(AGENT, data={"message": message, "stream": "false", **fields}) as answer:
            told: Event = json.loads(await answer.read())
        expect(told.get("status") == "COMPLETED", f"{self.name} answered {answer.status}: {told}")
        return told

    async def stream(self, path: str, **fields: str) -> AsyncIterator[tuple[Event, float]]:
        """The events of a stream, and when each came (monotonic seconds)."""
        async with self.web.post(path, data={"stream": "true", **fields}) as answer:
            expect(answer.status == 200, f"{self.name} answered {answer.status}")
            rest = b""
            while part := await answer.content.readany():
                at = time.monotonic()
                *blocks, rest = (rest + part).split(b"\n\n")
                for block in blocks:
                    if data := block.partition(b"\ndata: ")[2]:
                        yield json.loads(data), at

    async def cost(self, times: int, do: Callable[[], Awaitable[Any]]) -> float:
        """Milliseconds of the server's CPU for one."""
        before = self.server.cpu()
        for _ in range(times):
            await do()
        return (self.server.cpu() - before) / times * 1000


@contextlib.asynccontextmanager
async def both(bench: Bench, python: Path) -> AsyncIterator[list[Side]]:
    key = bench.prepare("key").strip()
    port = free_port()
    model, database = bench.environment["OPENAI_BASE_URL"], str(bench.data / "agno.db")
    server = ["bench/agno_server.py", str(port), model, database]
    peer = Process(server, {"OS_SECURITY_KEY": key}, bench.data / "agno.log", python)
    try:
        peer.wait_for_port(port, 60)
        async with client(bench.origin, key) as ours, client(f"http://127.0.0.1:{port}", key) as theirs:
            yield [Side("Sayso", ours, bench.server), Side("AgentOS", theirs, peer)]
    finally:
        peer.stop()


def client(origin: str, key: str) -> aiohttp.ClientSession:
    connector, patient = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=None, sock_read=120)
    headers = {"Authorization": f"Bearer {key}"}
    return aiohttp.ClientSession(f"{origin}/", headers=headers, connector=connector, timeout=patient)


async def peer(bench: Bench, python: Path, times: int, runs: int, rate: int, seconds: float, starts: float) -> None:
    async with both(bench, python) as sides:
        few = max(1, times // ROUNDS)
        print(f"{'':<48} {sides[0].name:>10} {sides[1].name:>10}   ratio")
        await compare(sides, times, ["a run of one token as JSON, CPU"], one_token)
        await compare(sides, times, ["the same, ours begun and polled at the m8tes door"], one_token_polled)
        await compare(sides, few, ["POST -> first byte of a stream, p50", "POST -> first token of it, p50"], firsts)
        await compare(sides, few, ["approve -> first event after it, p50"], decision)
        await sessions(sides)
        found = [await many(side, bench, runs, rate, seconds, starts) for side in sides]
        tell(f"a token of {runs} streams at {rate} tokens/s, CPU", [(cost or float("nan")) / 1000 for cost in found])


def tell(name: str, values: list[float]) -> None:
    ours, theirs = values
    print(f"{name:<48} {ours:>7.2f} ms {theirs:>7.2f} ms {ours / theirs:>7.2f}", flush=True)


async def compare(sides: list[Side], times: int, names: list[str], measure: Measure) -> None:
    """The median of all that was measured, one server after the other and again."""
    found: dict[str, list[list[float]]] = {side.name: [] for side in sides}
    for side in sides:
        await measure(side, 5)  # first times are not counted: caches fill, modules load
    for _ in range(ROUNDS):
        for side in sides:
            found[side.name] += await measure(side, times)
    for place, name in enumerate(names):
        tell(name, [percentile([row[place] for row in found[side.name]], 0.5) for side in sides])


async def one_token(side: Side, times: int) -> list[list[float]]:
    return [[await side.cost(times, lambda: side.run(ONE_TOKEN))]]


async def one_token_polled(side: Side, times: int) -> list[list[float]]:
    """Of ours as programs of the m8tes door have it, in two requests; AgentOS has no such door."""
    if side.name == "AgentOS":
        return await one_token(side, times)
    return [[await side.cost(times, lambda: begun_and_polled(side.web, PAUSES[0], "api/v2/"))]]


async def firsts(side: Side, times: int) -> list[list[float]]:
    return [await first(side) for _ in range(times)]


async def first(side: Side) -> list[float]:
    sent, came = time.monotonic(), []
    async for event, at in side.stream(AGENT, message=SHORT):
        if not came or (len(came) == 1 and event.get("content")):
            came.append((at - sent) * 1000)
    return came


async def decision(side: Side, times: int) -> list[list[float]]:
    return [[await decided(side)] for _ in range(times)]


async def decided(side: Side) -> float:
    *_, (asked, _) = [told async for told in side.stream(AGENT, message=ASK)]
    expect(asked["event"] == "RunPaused", f"{side.name} ended with {asked['event']}")
    tools = json.dumps([{**tool, "confirmed": True} for tool in asked["tools"]])
    path, sent = f"{AGENT}/{asked['run_id']}/continue", time.monotonic()
    told = [told async for told in side.stream(path, tools=tools, session_id=asked["session_id"])]
    expect(told[-1][0]["event"] == "RunCompleted", f"{side.name} ended with {told[-1][0]['event']}")
    return (told[0][1] - sent) * 1000


async def sessions(sides: list[Side]) -> None:
    """AgentOS has no pages there, and always answers with all of them."""
    for side in sides:
        for _ in range(LONG):
            await side.run(ONE_TOKEN, session_id="long")
    for name, path in (
        (f"a page of {PAGE} of {LONG:,} runs, the newest, CPU", f"sessions/long/runs?type=agent&limit={PAGE}"),
        ("the same, the oldest", f"sessions/long/runs?type=agent&limit={PAGE}&page={LONG // PAGE}"),
        ("the session itself", "sessions/long?type=agent"),
    ):
        tell(name, [await looks(side, path) for side in sides])


async def looks(side: Side, path: str) -> float:
    async def look() -> None:
        async with side.web.get(path) as answer:
            await answer.read()
            expect(answer.status == 200, f"{side.name}: GET {path} gave {answer.status}")

    await look()
    return await side.cost(LOOKS, look)


async def many(side: Side, bench: Bench, runs: int, rate: int, seconds: float, starts: float) -> float | None:
    print(f"{side.name}:")
    return await streams(side.server, bench.model, partial(listen, side), runs, rate, seconds, starts)


async def listen(side: Side, tally: Tally, wait: float, tokens: int, rate: int) -> None:
    await asyncio.sleep(wait)
    follower = Follower(tally)
    try:
        async for event, at in side.stream(AGENT, message=pace(tokens, rate)):
            tally.messages += 1
            if event["event"] == "RunContent":
                follower.count(event["content"], at)
            elif event["event"] == "RunCompleted" and not follower.end.done():
                follower.end.set_result("run.completed")
        follower.conclude(tokens, closed=True)
        tally.whole += 1
    except (Wrong, aiohttp.ClientError) as error:
        tally.wrong.append(str(error))
    finally:
        if not follower.tokens:
            tally.speaking.release()
