"""Join a run again after the connection broke: what was missed, then what happens (contract 6, of version 3)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from channels.db import database_sync_to_async
from django.http import HttpResponse
from ninja import Field, Form, Router, Schema

from api.agentos.agents import Slug, agent_of, run_of
from api.agentos.auth import READ, Request
from api.agentos.events import PLACES, PURE, Event, Telling, told
from api.agentos.forms import Given
from api.agentos.shapes import STATUS
from api.agentos.streams import all_lines, as_frames, to_pause
from api.streams import EventStream
from runs.journal import Line
from runs.live.follow import ENDS, follow
from runs.models import Run
from runs.states import RunStatus

router = Router(tags=["agents"])


class Rejoin(Schema):
    last_event_index: Annotated[int, Field(ge=-1, lt=2**53)] = -1
    session_id: Given = None
    user_id: Given = None


@router.post("/{agent_id}/runs/{run_id}/resume", auth=READ, summary="Join a run again")
def resume(request: Request, agent_id: Slug, run_id: str, form: Form[Rejoin]) -> HttpResponse:
    """What came behind `last_event_index`, then live, to a pause that lasts or the end. It decides nothing."""
    run = run_of(request, agent_of(request, agent_id), run_id, form.session_id, form.user_id)
    return EventStream(frames(run, form.last_event_index))


@dataclass(frozen=True)
class Missed:
    """What the log had when it was read."""

    telling: Telling
    events: list[Event]
    last: int
    stands: bool
    status: str


async def frames(run: Run, index: int) -> AsyncIterator[bytes]:
    missed: Missed = await database_sync_to_async(missed_by)(run, index)
    yield as_frames([heading(missed, index), *missed.events] if missed.stands or missed.events else [])
    if missed.stands:
        return
    yield as_frames([subscribed(missed)])
    async for lines in follow(run.pk, missed.last):
        batch = lines if went_on(lines) else to_pause(lines)
        if events := await told(missed.telling, batch):
            yield as_frames(events)
        if batch[-1].kind == "run.paused":
            return


def missed_by(run: Run, index: int) -> Missed:
    """`index` is of the last event that the client has."""
    telling, lines = Telling(run), all_lines(run.pk)
    seen = [line for line in lines if is_seen(line, index)]
    telling.events([line for line in seen if line.kind in PURE])  # so that a repeated turn is told as to who heard it
    telling.begun |= {line.data["call"] for line in seen if line.kind == "call.started"}
    events = [event for event in telling.events(lines[len(seen) :]) if event["event_index"] > index]
    run.refresh_from_db(fields=["status"])
    stands = lines[-1].kind in ENDS or not went_on(lines)
    return Missed(telling, events, lines[-1].seq, stands, STATUS[RunStatus(run.status)])


def is_seen(line: Line, index: int) -> bool:
    """All its events are; of another kind than words there may be several."""
    return (line.seq + (line.kind not in PURE)) * PLACES <= index


def went_on(lines: list[Line]) -> bool:
    """Does the run not stand at a pause behind these lines?"""
    marks = [line.kind for line in lines if line.kind in ("run.paused", "run.resumed", *ENDS)]
    return not marks or marks[-1] != "run.paused"


def heading(missed: Missed, index: int) -> dict[str, Any]:
    count = len(missed.events)
    if missed.stands:
        words = f"Run {missed.status}. Replaying {count} missed events."
        told = {"event": "replay", "total_events": count, "last_event_index_requested": index}
    else:
        words = f"Catching up on {count} missed events."
        told = {"event": "catch_up", "missed_events": count, "current_event_count": missed.last}
    return {**told, **named(missed), "message": words}


def subscribed(missed: Missed) -> dict[str, Any]:
    return {"event": "subscribed", **named(missed), "message": "Live events follow."}


def named(missed: Missed) -> dict[str, str]:
    return {"run_id": str(missed.telling.run.uuid), "status": missed.status.lower()}
