"""How long one person waits, with nothing else going on."""

import asyncio
import time
from collections.abc import Sequence

from bench.person import Forms, Person
from bench.processes import Bench
from bench.wire import Heard
from bench.words import ASK, ENDED, SHORT, spread

WARM = 5  # first times are not counted: caches fill, modules load


def report(names: Sequence[str], rows: list[list[float]]) -> None:
    for name, seconds in zip(names, zip(*rows[WARM:], strict=True), strict=True):
        print(f"{name:<36} {spread([value * 1000 for value in seconds])}")


def spent(what: str, seconds: float, times: int) -> None:
    print(f"{what}: {seconds / times * 1000:.1f} ms of the server's CPU")


async def first_events(person: Person, bench: Bench, times: int) -> None:
    """From sending the form until the run's first event, and its first word, come through its websocket."""
    before = bench.server.cpu()
    rows = [await first_event(person) for _ in range(times + WARM)]
    spent("A run of one turn, its page's socket included", bench.server.cpu() - before, len(rows))
    report(
        ["POST -> redirect to the run", "POST -> first event on its socket", "POST -> first word on its socket"], rows
    )


async def first_event(person: Person) -> list[float]:
    run, heard = await person.start(SHORT), Heard()
    socket = await person.follow(run, heard.take)
    _, first = await heard.until("run.queued")
    _, word = await heard.until("text")
    await heard.until(*ENDED)
    socket.close()
    return [moment - run.sent for moment in (run.answered, first, word)]


async def decisions(person: Person, bench: Bench, times: int) -> None:
    """From sending "Allow" until the continuation's first event, and the worker's first, come."""
    before = bench.server.cpu()
    rows = [await decision(person) for _ in range(times + WARM)]
    spent("A run of two turns with its decision", bench.server.cpu() - before, len(rows))
    report(
        ["Allow -> first event after it", "Allow -> a worker has taken it up", "Allow -> first word after the tool"],
        rows,
    )


async def decision(person: Person) -> list[float]:
    run, heard = await person.start(ASK), Heard()
    socket = await person.follow(run, heard.take)
    opened, _ = await heard.until("gate.opened")
    await heard.until("run.paused")
    card = f"/inbox/approvals/{opened['data']['gate'].rpartition('-')[2]}/"
    _, fields = Forms(await person.page(card)).having("digest")
    sent = time.monotonic()
    post = asyncio.create_task(person.post(f"{card}allow/", fields))
    await heard.until("gate.decided")
    moments = [(await heard.until(kind))[1] for kind in ("run.resumed", "call.started", "text")]
    await heard.until(*ENDED)
    await post
    socket.close()
    return [moment - sent for moment in moments]
