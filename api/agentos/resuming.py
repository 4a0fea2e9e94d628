"""Join a run again after the connection broke: what was missed, then what happens (contract 6, of version 3)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from channels.db import database_sync_to_async
from django.http import HttpResponse
from ninja import Field, Form, Router, Schema

from api.agentos.agents import Slug
from api.agentos.auth import READ, Request
from api.agentos.events import PLACES, SINGLE, Event, Telling, position, told
from api.agentos.forms import Given
from api.agentos.kinds import AGENT, TEAM, WORKFLOW
from api.agentos.performing import run_of
from api.agentos.shapes import STATUS
from api.agentos.streams import all_lines, as_frames, following, is_pause, telling_of, to_pause
from api.agentos.tree_events import TreeTelling
from api.streams import EventStream
from runs.journal import Line
from runs.live.follow import ENDS
from runs.models import Run
from runs.states import RunStatus

router = Router(tags=["agents"])


class Rejoin(Schema):
    last_event_index: Annotated[int, Field(ge=-1, lt=2**53)] = -1
    session_id: Given = None
    user_id: Given = None


@router.post("/agents/{agent_id}/runs/{run_id}/resume", auth=READ, summary="Join a run again")
def resume_agent(request: Request, agent_id: Slug, run_id: str, form: Form[Rejoin]) -> HttpResponse:
    """What came behind `last_event_index`, then live, to a pause that lasts or the end. It decides nothing."""
    run = run_of(request, AGENT, agent_id, run_id, form.session_id, form.user_id)
    return EventStream(frames(run, form.last_event_index))


@router.post("/teams/{team_id}/runs/{run_id}/resume", auth=READ, summary="Join a run again")
def resume_team(request: Request, team_id: Slug, run_id: str, form: Form[Rejoin]) -> HttpResponse:
    run = run_of(request, TEAM, team_id, run_id, form.session_id, form.user_id)
    return EventStream(frames(run, form.last_event_index))


@router.post("/workflows/{workflow_id}/runs/{run_id}/resume", auth=READ, summary="Join a run again")
def resume_workflow(request: Request, workflow_id: Slug, run_id: str, form: Form[Rejoin]) -> HttpResponse:
    run = run_of(request, WORKFLOW, workflow_id, run_id, form.session_id, form.user_id)
    return EventStream(frames(run, form.last_event_index))


@dataclass(frozen=True)
class Missed:
    """What the log had when it was read."""

    telling: Telling | TreeTelling
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
    async for lines in following(run, missed.last):
        batch = lines if went_on(run, lines) else to_pause(run, lines)
        if events := await told(missed.telling, batch):
            yield as_frames(events)
        if is_pause(run, batch[-1]):
            return


def missed_by(run: Run, index: int) -> Missed:
    """`index` is of the last event that the client has."""
    telling, lines = telling_of(run), all_lines(run)
    seen = [line for line in lines if is_seen(line, index)]
    telling.pass_over(seen)
    events = [event for event in telling.events(lines[len(seen) :]) if event["event_index"] > index]
    run.refresh_from_db(fields=["status"])
    stands = is_over(run, lines[-1]) or not went_on(run, lines)
    return Missed(telling, events, max(map(position, lines)), stands, STATUS[RunStatus(run.status)])


def is_seen(line: Line, index: int) -> bool:
    """All its events are; of another kind than words there may be several."""
    return (position(line) + (line.kind not in SINGLE)) * PLACES <= index


def went_on(run: Run, lines: list[Line]) -> bool:
    """Does the run not stand at a pause behind these lines?"""
    marks = [line for line in lines if is_pause(run, line) or line.kind == "run.resumed" or is_over(run, line)]
    return not marks or not is_pause(run, marks[-1])


def is_over(run: Run, line: Line) -> bool:
    return line.run_id == run.pk and line.kind in ENDS


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
