"""The transcript of a run as blocks, made from rows that were read before; gates are only put in their place."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from runs.models import Event, Message, Run, RunFile, ToolCall
from runs.states import CallState, RunStatus
from runs.ways import PERFORMERS, name_of
from teammates.tools.delegation import BRANCH, INTERNAL
from teammates.tools.questions import ASK, PLAN
from teammates.tools.registry import Tool, registry
from teammates.tools.shown import secrets_of

Gates = Mapping[int, list[Any]]  # by the pk of the call that they are for

HARMLESS = ("pure", "read")
SHOWN_BESIDE_ITS_GATE = {
    CallState.STARTED,
    CallState.SUCCEEDED,
    CallState.FAILED,
    CallState.OUTCOME_UNKNOWN,
}


@dataclass(frozen=True)
class CallRow:
    """One call, in our words; the arguments and the result stay exactly as they are."""

    call: ToolCall
    title: str
    icon: str
    target: str
    child: Run | None = None  # that answers the call
    secrets: Collection[str] = ()  # arguments that are shown to whoever asks

    @property
    def fields(self) -> list[tuple[str, Any]]:
        """What a reader wants of the arguments: of a branch, whose name is the row's title, its input alone."""
        arguments = self.call.arguments or {}
        if self.call.tool == BRANCH.name:
            return [("input", arguments["input"])]
        return list(arguments.items())


@dataclass(frozen=True)
class Block:
    """One thing in a turn after its text: `calls` (rows of one panel), a `file` or a `gate`."""

    kind: str
    things: list[Any]


@dataclass
class Turn:
    """What the teammate said and did between two moments in which it was asked to go on."""

    number: int
    message: Message | None = None
    feedback: Message | None = None
    begun_at: datetime | None = None
    live_text: str = ""
    live_thinking: str = ""
    seq: int = 0
    state: str = "done"  # open: text may still come; cut: it ended without being finished
    anew: bool = True  # a person spoke or decided in between, so the teammate's name is said again
    blocks: list[Block] = field(default_factory=list)

    @property
    def model(self) -> str:
        """Whose words these are, where it is kept; a run may go on with another model than it began with."""
        return str(self.message.usage.get("model", "")) if self.message else ""

    @property
    def text(self) -> str:
        return self.message.text if self.message else self.live_text

    @property
    def is_in_its_gate(self) -> bool:
        """Is the whole text the plan that the card below shows?"""
        gates = [block.things[0] for block in self.blocks if block.kind == "gate"]
        return any(getattr(gate, "plan", "").strip() == self.text.strip() for gate in gates)

    @property
    def thinking(self) -> str:
        return self.message.thinking if self.message else self.live_thinking


@dataclass(frozen=True)
class Speech:
    """The turn that has begun and is not finished: what was said in its present attempt."""

    turn: int
    at: datetime
    text: str = ""
    thinking: str = ""


def speech(run: Run) -> Speech | None:
    """The present turn as the log up to `run.last_seq` tells it; nothing of attempts that died."""
    log = Event.objects.filter(run=run, seq__lte=run.last_seq)
    begun = log.filter(kind__in=("turn.started", "turn.restarted")).order_by("seq").last()
    if begun is None:
        return None
    turn = begun.data["turn"]
    said: dict[str, list[str]] = {"text": [], "thinking": []}
    for kind, data in log.filter(seq__gt=begun.seq, kind__in=said).order_by("seq").values_list("kind", "data"):
        if data["turn"] == turn:
            said[kind].append(data["delta"])
    return Speech(turn, begun.at, "".join(said["text"]), "".join(said["thinking"]))


def turns(
    run: Run,
    messages: Iterable[Message],
    calls: Iterable[ToolCall],
    files: Iterable[RunFile],
    present: Speech | None,
    gates: Gates,
    loose_gates: Iterable[Any] = (),
) -> list[Turn]:
    """All turns in order. `loose_gates` belong to no call; each stands in the turn after which it opened."""
    found: dict[int, Turn] = {}
    for message in messages:
        turn = found.setdefault(message.turn, Turn(message.turn, seq=run.last_seq))
        if message.role == Message.Role.ASSISTANT:
            turn.message = message
            turn.begun_at = message.created_at
        else:
            turn.feedback = message
    if present and (present.turn not in found or found[present.turn].message is None):
        found[present.turn] = unfinished(run, present)
    by_turn: dict[int, list[ToolCall]] = {}
    for call in calls:
        by_turn.setdefault(call.turn, []).append(call)
    ordered = [found[number] for number in sorted(found)]
    files = list(files)
    for turn in ordered:
        turn.blocks = list(blocks(by_turn.get(turn.number, []), files, gates))
    for gate in loose_gates:
        place(gate, ordered)
    for before, turn in pairwise(ordered):
        turn.anew = before.feedback is not None or any(block.kind == "gate" for block in before.blocks)
    return ordered


def unfinished(run: Run, present: Speech) -> Turn:
    return Turn(
        present.turn,
        begun_at=present.at,
        live_text=present.text,
        live_thinking=present.thinking,
        seq=run.last_seq,
        state="open" if run.is_live else "cut",
    )


def place(gate: Any, ordered: list[Turn]) -> bool:
    """Put a gate without a call behind the turn that led to it."""
    earlier = [turn for turn in ordered if turn.begun_at and turn.begun_at <= gate.created_at]
    if earlier:
        earlier[-1].blocks.append(Block("gate", [gate]))
    return bool(earlier)


def blocks(calls: Iterable[ToolCall], files: list[RunFile], gates: Gates) -> Iterator[Block]:
    """Calls side by side share a panel; a file stands below the call that wrote it last, a gate where it opened."""
    rows: list[CallRow] = []
    written: list[RunFile] = []
    for call in calls:
        own = gates.get(call.pk, [])
        if own:
            yield from panel(rows, written)
            rows, written = [], []
            for gate in own:
                yield Block("gate", [gate])
        if shows_row(call, bool(own)):
            rows.append(row_of(call))
            written += [file for file in files if file.call_id == call.pk]
    yield from panel(rows, written)


def panel(rows: list[CallRow], written: list[RunFile]) -> Iterator[Block]:
    if rows:
        yield Block("calls", rows)
    for file in written:
        yield Block("file", [file])


def shows_row(call: ToolCall, has_gate: bool) -> bool:
    """A card says all about a call that waits or was denied; questions and plans have nothing but their card."""
    if not has_gate:
        return True
    return call.tool not in (ASK.name, PLAN.name) and call.state in SHOWN_BESIDE_ITS_GATE


def came_up(call: ToolCall) -> bool:
    """It began, waits, or ended without having begun; questions and plans are not told of as calls."""
    ahead = (CallState.PROPOSED, CallState.READY)
    return call.tool not in (ASK.name, PLAN.name) and (call.started_at is not None or call.state not in ahead)


def row_of(call: ToolCall) -> CallRow:
    tool = registry.get(call.tool)
    if tool is None:
        return CallRow(call, call.tool, "wrench", "", secrets=tuple(call.arguments or {}))  # any may have been one
    if tool.name in INTERNAL:
        return delegated(call, tool)
    return CallRow(call, tool.title, tool.icon, tool.target_of(call.arguments), secrets=secrets_of(tool.schema))


def delegated(call: ToolCall, tool: Tool) -> CallRow:
    """A call that another run answers: its row is called as who performs that."""
    child: Run | None = getattr(call, "child", None)
    if child is None:
        return CallRow(call, tool.title, tool.icon, "")
    return CallRow(call, name_of(child), tool.icon, child.title, child)


def settle(calls: Iterable[ToolCall]) -> None:
    """Put the runs that answer these calls in their places, so that naming them reads nothing more."""
    by_pk = {call.pk: call for call in calls if call.tool in INTERNAL}
    if by_pk:
        for child in Run.objects.filter(called_by__in=by_pk).select_related(*PERFORMERS, "performer_revision"):
            child.called_by = by_pk[child.called_by_id or 0]


def attempts(call: ToolCall, calls: Iterable[ToolCall]) -> list[ToolCall]:
    """The call and all that were made in its place, or that it was made in place of; the first one first."""
    every = {one.pk: one for one in calls}
    earlier = {one.retried_as_id: one for one in every.values() if one.retried_as_id}
    chain = [call]
    while chain[0].pk in earlier:
        chain.insert(0, earlier[chain[0].pk])
    while chain[-1].retried_as_id in every:
        chain.append(every[chain[-1].retried_as_id])
    return chain


def would_repeat(calls: Iterable[ToolCall]) -> list[str]:
    """What happened in the world already and may happen again, were the run tried again."""
    happened = {CallState.SUCCEEDED, CallState.STARTED, CallState.OUTCOME_UNKNOWN}
    titles = [
        row.title
        for call in calls
        if call.effect not in (*HARMLESS, "") and call.state in happened
        for row in [row_of(call)]
    ]
    counted = {title: titles.count(title) for title in titles}
    return [title if count == 1 else f"{title}, {count} times" for title, count in counted.items()]


def doing(run: Run, calls: Iterable[ToolCall]) -> str:
    """What the run is at, in a few words."""
    if run.status == RunStatus.QUEUED:
        return "Queued"
    started = list(dict.fromkeys(row_of(call).title for call in calls if call.state == CallState.STARTED))
    if started:
        return " and ".join(started)
    return "Writing" if run.shown == RunStatus.RUNNING else ""


DASHES = 8


def dashes(run: Run, states: list[str]) -> list[str]:
    """The last calls of a run as the dashes of its step line: done, now or wait."""
    waits = {CallState.WAITING, CallState.OUTCOME_UNKNOWN}
    shown = ["wait" if s in waits else "now" if s in (CallState.STARTED, CallState.READY) else "done" for s in states]
    if run.status == RunStatus.RUNNING and "now" not in shown:
        shown.append("now")
    return shown[-DASHES:]
