"""Follow a run and all runs below it as one log: nothing is missed, nothing comes twice.

The order is that in which the lines were written, so nothing comes before what led to it. The hub only says when to
look; what is told is read from the log, whose numbers are one order for the whole tree.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from channels.db import database_sync_to_async
from django.db.models import Max, Q

from runs.journal import Line, topic_of
from runs.live.follow import ENDS, SILENCE
from runs.live.hub import hub
from runs.models import Event, Run

COLUMNS = ("run", "seq", "kind", "data", "at", "pk")


@dataclass
class TreeLine(Line):
    """A line with its place among those of all runs."""

    place: int = 0


@dataclass
class Reader:
    """Reads what a tree's log has that was not read yet. Used in a thread.

    A run becomes known by the line in which its parent tells of it, and is not asked for again after its end: however
    large the tree is, a look costs what moves in it.
    """

    root: int
    read: dict[int, int] = field(default_factory=dict)  # of each known run that goes on: its last seq that was read

    @classmethod
    def behind(cls, root: int, place: int) -> "Reader":
        """As if everything up to this place had been read."""
        if not place:
            return cls(root, {root: 0})
        before = Event.objects.filter(run__in=tree_of(root), pk__lte=place)
        ended = before.filter(kind__in=ENDS).values_list("run", flat=True)
        seen = before.order_by().values_list("run").annotate(Max("seq"))
        return cls(root, {run: seq for run, seq in seen if run not in set(ended)})

    def lines(self) -> list[TreeLine]:
        """The end of the top comes last: a stop is written from the top down."""
        found: list[TreeLine] = []
        known = 0
        while known < len(self.read):  # runs that were just told of have lines of their own
            known = len(self.read)
            found += self.more()
        for line in found:
            if line.kind in ENDS:
                self.read.pop(line.run_id, None)
        return sorted(found, key=self.order)

    def more(self) -> list[TreeLine]:
        wanted = Q(pk=None)
        for run, seq in self.read.items():
            wanted |= Q(run=run, seq__gt=seq)
        rows = Event.objects.filter(wanted).order_by("run", "seq").values_list(*COLUMNS)
        found = [TreeLine(*row) for row in rows]
        for line in found:
            self.read[line.run_id] = line.seq
            if line.kind == "child.started":
                self.read[line.data["run"]] = 0
        return found

    def order(self, line: TreeLine) -> tuple[bool, int]:
        return self.is_end(line), line.place

    def is_end(self, line: Line) -> bool:
        return line.run_id == self.root and line.kind in ENDS


def tree_of(root: int) -> list[int]:
    return list(Run.objects.filter(Q(pk=root) | Q(root_id=root)).values_list("pk", flat=True))


def tree_lines(root: int) -> list[TreeLine]:
    """Everything so far."""
    return Reader.behind(root, 0).lines()


async def follow_tree(root: int, after: int = 0) -> AsyncIterator[list[TreeLine]]:
    """The committed lines behind the place `after`, in batches; ends with the line that ends the run at the top.

    It goes on through pauses. No database connection is held between reads.
    """
    reader: Reader = await database_sync_to_async(Reader.behind)(root, after)
    if root not in reader.read:
        return
    with hub.follow(topic_of(root), *map(topic_of, reader.read)) as follower:
        known = set(reader.read)
        while True:
            lines: list[TreeLine] = await database_sync_to_async(reader.lines)()
            if lines:
                yield lines
                if reader.is_end(lines[-1]):
                    return
            if begun := reader.read.keys() - known:  # what they wrote before they were followed is read now
                hub.join(follower, *map(topic_of, begun))
                known |= begun
            else:
                await follower.next(SILENCE)
