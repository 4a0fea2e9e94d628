"""What programs cost that come in by the m8tes door: looking, a run of one token, and a stream that is held."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

from bench.processes import Bench
from bench.words import expect, pace

FEW = 1000  # runs of a young installation, to compare with
HELD = 100  # streams of one run
UNCOUNTED = 5  # at the start
AT_ONCE = 8  # runs, as of a server that has more to do than one client asks of it
ONE_TOKEN = pace(1, 1000)
SLOWLY = pace(600, 1)
PAUSES = (0.01, 0.05)  # seconds before each look at a run: in the longer one the processor forgets the server


async def api(bench: Bench, history: int, times: int) -> None:
    headers = {"Authorization": f"Bearer {bench.prepare('key').strip()}"}
    connector, patient = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=None, sock_read=60)
    at = f"{bench.origin}/api/v2/"
    async with aiohttp.ClientSession(at, headers=headers, connector=connector, timeout=patient) as web:
        for runs in (FEW, history):
            bench.prepare("history", str(runs))
            await looks(web, bench, runs, times)
        for pause in PAUSES:
            await one_token(web, bench, times, pause)
        await held(web, bench)


async def looks(web: aiohttp.ClientSession, bench: Bench, runs: int, times: int) -> None:
    """The same three requests again and again, one after the other."""
    newest = (await get(web, "runs?limit=1"))["data"][0]["id"]
    for name, path in (
        ("GET /runs/{id}", f"runs/{newest}"),
        ("a page of 20", "runs"),
        ("a page of 20 from the middle", f"runs?starting_after={newest - runs // 2}"),
    ):
        spent = await cost(bench, times, lambda path=path: get(web, path))
        print(f"{name:<32} among {runs:>7,} runs: {spent:.2f} ms of the server's CPU")


async def one_token(web: aiohttp.ClientSession, bench: Bench, times: int, pause: float) -> None:
    """Runs one after the other, then several at the same time."""
    looked = 0

    async def run() -> None:
        nonlocal looked
        looked += await begun_and_polled(web, pause)

    one = await cost(bench, times, run)
    looks = looked / (times + UNCOUNTED)
    several = await cost(bench, times, lambda: asyncio.gather(*[run() for _ in range(AT_ONCE)])) / AT_ONCE
    print(f"One token, {looks:.1f} looks, {pause * 1000:.0f} ms before each: {one:.2f} ms of the server's CPU a run")
    print(f"The same, {AT_ONCE} begun at once: {several:.2f} ms a run")


async def begun_and_polled(web: aiohttp.ClientSession, pause: float, door: str = "") -> int:
    """A run of one token until it is done; how often it was looked at. `door`: its address from where `web` stands."""
    asked = {"message": ONE_TOKEN, "name": "Bench api", "stream": False, "history": False, "memory": False}
    async with web.post(f"{door}runs", json=asked) as response:
        expect(response.status == 201, f"POST /runs gave {response.status}")
        begun = await response.json()
    looks, until = 0, time.monotonic() + 30
    while True:
        await asyncio.sleep(pause)
        looks += 1
        found = await get(web, f"{door}runs/{begun['id']}")
        if found["status"] == "completed":
            return looks
        expect(found["status"] == "running" and time.monotonic() < until, f"the run is {found['status']}")


async def held(web: aiohttp.ClientSession, bench: Bench) -> None:
    """One run that speaks slowly, without readers and with many."""
    async with web.post("runs", json={"message": SLOWLY, "name": "Bench api", "stream": False}) as response:
        run = (await response.json())["id"]
    streams = [await first_word(web, run)]
    before = connections(bench)
    for _ in range(HELD):  # not at once: SQLite closes files of a burst of requests only when nobody has it locked
        streams.append(await first_word(web, run))
    after = connections(bench)
    print(f"Connections to the database: {before} with 1 stream, {after} with {len(streams)} streams of the same run")
    for stream in streams:
        stream.close()
    async with web.post(f"runs/{run}/cancel") as response:
        expect(response.status == 200, f"cancel gave {response.status}")


async def first_word(web: aiohttp.ClientSession, run: int) -> aiohttp.ClientResponse:
    """A stream of the run that has told its first word and stays open."""
    response = await web.get(f"runs/{run}/stream")
    expect(response.status == 200, f"the stream gave {response.status}")
    async for line in response.content:
        if b'"text-delta"' in line:
            return response
    raise ConnectionError("the stream ended without a word")


async def get(web: aiohttp.ClientSession, path: str) -> Any:
    async with web.get(path) as response:
        expect(response.status == 200, f"GET {path} gave {response.status}")
        return json.loads(await response.read())


async def cost(bench: Bench, times: int, do: Callable[[], Awaitable[Any]]) -> float:
    """Milliseconds of the server's CPU for one, after a few that are not counted."""
    for _ in range(UNCOUNTED):
        await do()
    before = bench.server.cpu()
    for _ in range(times):
        await do()
    return (bench.server.cpu() - before) / times * 1000


def connections(bench: Bench) -> int:
    """How often the server has the database's file open."""
    opened = Path(f"/proc/{bench.server.process.pid}/fd").iterdir()
    return sum(file.resolve().name == "sayso.sqlite3" for file in opened)
