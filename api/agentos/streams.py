"""How a run is told to the client: as an event stream, or as its result once it stands still (contract 1.3, 2.2)."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from channels.db import database_sync_to_async
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from api.agentos.answers import answer, written
from api.agentos.errors import answer_to
from api.agentos.events import Event, Telling, told
from api.agentos.flat import ASKED, PROPOSED, Kept
from api.agentos.messages import calls_of
from api.agentos.shapes import run_shape, shape_of
from api.agentos.tree_events import TreeTelling
from api.agentos.workflow_shapes import workflow_run_shape
from api.streams import EventStream, Later, ear_of
from approvals.selectors import gates_of
from runs.journal import Line
from runs.live.follow import ENDS, PAGE, Ear, follow, lines_after
from runs.live.trees import follow_tree, tree_lines
from runs.models import Run
from teammates.prepared import Select

RELATED = ("teammate", "team", "workflow", "session", "performer_revision", "called_by", "parent", "root")
ALONE = ("teammate", "session", "performer_revision")  # of a teammate's run that nobody called
NOT_KEPT = ("RunContent", "TeamRunContent", "WorkflowPaused", "StepExecutorPaused")  # the last two are of version 3


def telling_of(run: Run, after: int = 0, *, only_content: bool = False) -> Telling | TreeTelling:
    """Of a teammate's run alone; of a team's or a workflow's with all runs below it."""
    kind = Telling if run.teammate_id is not None else TreeTelling
    return kind(run, after, only_content=only_content)


def streamed(run: Run, after: int = 0, *, only_content: bool = False) -> EventStream:
    """The events behind `after`, to the first pause or the end."""
    ear = ear_for(run, after)
    return EventStream(frames(telling_of(run, after, only_content=only_content), ear), ear=ear)


async def frames(telling: Telling | TreeTelling, ear: Ear | None) -> AsyncIterator[bytes]:
    async for lines in following(telling.run, telling.after, ear):
        batch = to_pause(telling.run, lines)
        if events := await told(telling, batch):
            yield as_frames(events)
        if is_pause(telling.run, batch[-1]):
            return


def ear_for(run: Run, after: int) -> Ear | None:
    """None for a tree, which is read anew at each look."""
    return ear_of(run, after) if run.teammate_id is not None else None


def following(run: Run, after: int, ear: Ear | None = None) -> AsyncIterator[list[Any]]:
    return follow(run.pk, after, ear) if run.teammate_id is not None else follow_tree(run.pk, after)


def to_pause(run: Run, lines: list[Line]) -> list[Line]:
    end = next((place for place, line in enumerate(lines, start=1) if is_pause(run, line)), len(lines))
    return lines[:end]


def is_pause(run: Run, line: Line) -> bool:
    """Does the whole of it stand still there?"""
    return line.kind == "run.paused" and line.run_id == run.pk and not line.data.get("moves")


def as_frames(events: list[Event]) -> bytes:
    return "".join(f"event: {event['event']}\ndata: {written(event)}\n\n" for event in events).encode()


def waited(request: HttpRequest, run: Run, after: int = 0) -> Later:
    """The RunOutput, once the run has paused or ended behind `after`; no thread waits for it."""
    ear = ear_for(run, after)

    async def result() -> HttpResponse:
        lines: list[Line] = []
        async for more in following(run, after, ear):
            lines += more
            if any(is_pause(run, line) or (line.kind in ENDS and line.run_id == run.pk) for line in more):
                break
        heard_all = run.teammate_id is not None and not after
        response: HttpResponse = await database_sync_to_async(finished)(run, lines if heard_all else None)
        return response

    return Later(result, partial(answer_to, request), ear)


def finished(run: Run, lines: list[Line] | None) -> HttpResponse:
    return answer(whole(as_it_is(run), lines))


def as_it_is(run: Run) -> Run:
    """The row as it is now; of a run that nobody called with the performer that is known already."""
    if run.teammate_id is None or run.parent_id is not None:
        return _run(RELATED, pk=run.pk)[0]
    [fresh] = _run(("session",), pk=run.pk)
    fresh.teammate, fresh.performer_revision = run.teammate, run.performer_revision
    return fresh


@Select
def _run(related: tuple[str, ...], pk: Any) -> "QuerySet[Run]":
    return Run.objects.select_related(*related).filter(pk=pk)


def whole(run: Run, lines: list[Line] | None = None) -> Event:
    """The RunOutput with its events: all but the words, which its content holds. `lines`: its log, if it is known."""
    lines = all_lines(run) if lines is None else lines
    if run.teammate_id is not None:
        gates = gates_of(run) if any(line.kind == ASKED for line in lines) else []
        calls = calls_of(run) if any(line.kind == PROPOSED for line in lines) else []
        return shape_of(run, gates, calls) | {"events": kept(Kept(run, gates, calls).events(lines))}
    telling = TreeTelling(run)
    events = kept(telling.events(lines))
    if telling.book is not None:
        return workflow_run_shape(run, telling.book) | {"events": events}
    return run_shape(run) | {"events": events}


def kept(events: list[Event]) -> list[Event]:
    return [event for event in events if event["event"] not in NOT_KEPT]


def all_lines(run: Run) -> list[Line]:
    """Of a team or a workflow those of its whole tree."""
    if run.teammate_id is None:
        return [*tree_lines(run.pk)]
    found = page = lines_after(run.pk, 0)
    while len(page) == PAGE:
        page = lines_after(run.pk, page[-1].seq)
        found += page
    return found
