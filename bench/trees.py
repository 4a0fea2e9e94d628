"""What a step of short and long workflows costs, and a member of small and large teams, followed as a stream."""

import asyncio
import json

import aiohttp

from bench.processes import Bench
from bench.words import expect

MEMBERS = (5, 20)
STEPS = {"tools": (5, 200), "teammates": (5, 200), "blocks": (5, 150)}  # a block counts as three steps
TIMES = 3  # that an ended run is looked at


async def trees(bench: Bench) -> None:
    headers = {"Authorization": f"Bearer {bench.prepare('key').strip()}"}
    bench.prepare("trees")
    async with aiohttp.ClientSession(bench.origin, headers=headers, read_bufsize=2**24) as web:
        for kind, counts in {"members": MEMBERS, **STEPS}.items():
            for count in counts:
                routes = "teams" if kind == "members" else "workflows"
                # Short ones are run more often, so that each figure is of as many steps.
                await measured(web, bench, f"{routes}/{kind}-{count}", count, 200 // count)


async def measured(web: aiohttp.ClientSession, bench: Bench, path: str, count: int, times: int) -> None:
    """The run followed to its end, so many times; then the last of them looked at."""
    for _ in range(2):
        await run(web, path)
    before = bench.server.cpu()
    for _ in range(times):
        told = await run(web, path)
    each = (bench.server.cpu() - before) / times / count * 1000
    at = f"/{path}/runs/{told['run_id']}?session_id={told['session_id']}"
    before = bench.server.cpu()
    for _ in range(TIMES):
        await look(web, at)
    looked = (bench.server.cpu() - before) / TIMES / count * 1000
    print(
        f"{path:<25} {each:6.1f} ms of the server's CPU a step, followed; {looked:5.2f} ms a step to look at it again"
    )


async def run(web: aiohttp.ClientSession, path: str) -> dict[str, str]:
    """Started and followed to its last event."""
    event: dict[str, str] = {}
    async with asyncio.timeout(120), web.post(f"/{path}/runs", data={"message": "Begin.", "stream": "true"}) as stream:
        expect(stream.status == 200, f"POST /{path}/runs gave {stream.status}")
        async for line in stream.content:
            if line.startswith(b"data: "):
                event = json.loads(line[6:])
    expect(event["event"] in ("WorkflowCompleted", "TeamRunCompleted"), f"/{path} ended with {event}")
    return event


async def look(web: aiohttp.ClientSession, at: str) -> None:
    async with web.get(at) as response:
        expect(response.status == 200, f"GET {at} gave {response.status}")
        await response.read()
