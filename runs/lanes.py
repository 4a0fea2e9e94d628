"""Who of a tree worked when, and who waited for whom: the geometry of the drawing, made from rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from django.utils import timezone

from runs.models import Run
from runs.states import RunStatus
from runs.ways import name_of

LEFT, RIGHT, ROW, TOP = 208, 698, 44, 12
QUIET, TEAR = 0.4, 34  # a time without work that is longer than this part of the whole is torn out, to this width
SHORT = 60.0  # seconds that are never torn out
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Bar:
    """A stretch of one lane. `kind`: work, person (waits for one) or members (waits for the runs below)."""

    kind: str
    x: int
    width: int


@dataclass
class Lane:
    """One run of the tree, with what its row says."""

    run: Run
    name: str
    words: str
    y: int
    bars: list[Bar] = field(default_factory=list)
    ticks: list[int] = field(default_factory=list)  # calls
    decisions: list[int] = field(default_factory=list)

    @property
    def state(self) -> str:
        return str(self.run.shown)

    @property
    def indent(self) -> int:
        return 8 + 16 * self.run.depth

    @property
    def label(self) -> str:
        """As much of the name as fits before the lane."""
        fits = 24 - 2 * self.run.depth
        return self.name if len(self.name) <= fits else f"{self.name[: fits - 1]}…"


@dataclass(frozen=True)
class Drawing:
    """All lanes, with the marks of time below them and the times that were torn out."""

    lanes: list[Lane]
    marks: list[tuple[int, datetime]]
    tears: list[tuple[int, str]]

    @property
    def height(self) -> int:
        return self.floor + (44 if self.tears else 28)  # what a tear left out stands below the times

    @property
    def exact(self) -> bool:
        """Are the marks less than minutes apart?"""
        return (self.marks[-1][1] - self.marks[0][1]).total_seconds() < 600

    @property
    def floor(self) -> int:
        return TOP + ROW * len(self.lanes)


@dataclass(frozen=True)
class Waits:
    """What a run waited for people, and when they decided."""

    spans: list[Span]
    decided: list[datetime]


NO_WAITS = Waits([], [])


def in_order(runs: Iterable[Run]) -> list[Run]:
    """From the top down, each run before those below it."""
    below: dict[int | None, list[Run]] = {}
    for run in sorted(runs, key=lambda one: one.pk):
        below.setdefault(run.parent_id, []).append(run)

    def walk(parent: int | None) -> list[Run]:
        return [one for run in below.get(parent, []) for one in (run, *walk(run.pk))]

    return walk(None)


def draw(runs: list[Run], waits: Mapping[int, Waits], calls: Mapping[int, list[datetime]]) -> Drawing:
    """`runs` in their order; `calls` are the times at which calls of each began."""
    now = timezone.now()
    found = {run.pk: spans(run, runs, waits.get(run.pk, NO_WAITS).spans, now) for run in runs}
    start = min(run.created_at for run in runs)
    end = max(run.finished_at or now for run in runs)
    scale = Scale(start, max(end, start), [span for kinds in found.values() for kind, span in kinds if kind == "work"])
    lanes = []
    for place, run in enumerate(runs):
        lane = Lane(run, name_of(run), words(run), TOP + ROW * place)
        lane.bars = [Bar(kind, scale(a), max(scale(b) - scale(a), 2)) for kind, (a, b) in found[run.pk]]
        lane.ticks = [scale(moment) for moment in calls.get(run.pk, [])]
        lane.decisions = [scale(moment) for moment in waits.get(run.pk, NO_WAITS).decided]
        lanes.append(lane)
    return Drawing(lanes, scale.marks, scale.tears)


def spans(run: Run, runs: list[Run], persons: list[Span], now: datetime) -> list[tuple[str, Span]]:
    """The run's time from its start to its end, cut where it began or ceased to wait."""
    if run.started_at is None:
        return []
    begun, ended = run.started_at, run.finished_at or now
    members = [(one.created_at, one.finished_at or now) for one in runs if one.parent_id == run.pk]
    cuts = {moment for span in [*persons, *members] for moment in span if begun < moment < ended}
    found: list[tuple[str, Span]] = []
    for a, b in pairwise(sorted({begun, *cuts, ended})):
        kind = "person" if within(a, b, persons) else "members" if within(a, b, members) else "work"
        if kind == "work" and run.status == RunStatus.QUEUED and b == ended:
            continue  # nobody works on it yet
        if found and found[-1][0] == kind:
            found[-1] = (kind, (found[-1][1][0], b))
        else:
            found.append((kind, (a, b)))
    return found


def within(a: datetime, b: datetime, spans: list[Span]) -> bool:
    return any(start <= a and b <= end for start, end in spans)


def words(run: Run) -> str:
    if run.open_gates:
        return "waits for you"
    if run.status == RunStatus.PAUSED:
        return "waits for its steps" if run.workflow_id else "waits for its members" if run.team_id else "waits"
    if run.finished_at and run.status == RunStatus.COMPLETED:
        return f"done in {in_short((run.finished_at - (run.started_at or run.created_at)).total_seconds())}"
    return {RunStatus.QUEUED: "queued", RunStatus.RUNNING: "at work", RunStatus.FAILED: "failed"}.get(
        RunStatus(run.status), "stopped"
    )


def in_short(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.0f} h"


class Scale:
    """Where a moment stands: time runs evenly, but for long quiet stretches, which are torn out."""

    def __init__(self, start: datetime, end: datetime, work: list[Span]) -> None:
        whole = max((end - start).total_seconds(), 1.0)
        quiet = [gap for gap in gaps(start, end, work) if (length := seconds(gap)) > SHORT and length > QUIET * whole]
        even = max(whole - sum(seconds(gap) for gap in quiet), 1.0)
        per_second = (RIGHT - LEFT - TEAR * len(quiet)) / even
        self.points: list[tuple[datetime, float]] = [(start, LEFT)]
        for a, b in quiet:
            self._go(a, per_second)
            self.points.append((b, self.points[-1][1] + TEAR))
        self._go(end, per_second)
        self.tears = [(self(a), in_short(seconds((a, b)))) for a, b in quiet]

    def _go(self, moment: datetime, per_second: float) -> None:
        last, x = self.points[-1]
        self.points.append((moment, x + (moment - last).total_seconds() * per_second))

    def __call__(self, moment: datetime) -> int:
        for (a, left), (b, right) in pairwise(self.points):
            if moment <= b:
                part = (moment - a).total_seconds() / max((b - a).total_seconds(), 0.001)
                return round(left + max(part, 0) * (right - left))
        return RIGHT

    @property
    def marks(self) -> list[tuple[int, datetime]]:
        """The first and the last moment, and the ends of what was torn out where there is room."""
        found: list[tuple[int, datetime]] = []
        for moment, x in [self.points[0], self.points[-1], *self.points[1:-1]]:
            if all(abs(x - other) >= 100 for other, _ in found):
                found.append((round(x), moment))
        return sorted(found)


def gaps(start: datetime, end: datetime, work: list[Span]) -> list[Span]:
    """The times between in which nobody worked."""
    found, reached = [], start
    for a, b in sorted(work):
        if a > reached:
            found.append((reached, a))
        reached = max(reached, b)
    return [*found, (reached, end)] if end > reached else found


def seconds(span: Span) -> float:
    return (span[1] - span[0]).total_seconds()
