"""The log of every run: what happened, in order, without a gap; written before anyone is told.

Two ways in. A worker that holds a run's lease hands its text to the `Writer`, which commits whatever has gathered in
one transaction, and changes state inside `step`. Everybody else appends inside the transaction of their own service.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import Error, transaction
from django.utils import timezone
from django.utils.functional import cached_property  # without the lock of Python 3.11's

from runs import deliveries
from runs.faults import fault_point
from runs.live.hub import hub
from runs.locks import write
from runs.models import Run, ToolCall
from runs.states import RunStatus
from teammates.prepared import database

LINGER = 0.05  # seconds that text may gather after a commit, at most; with few runs it hardly waits
LINGER_EACH = 0.001  # seconds for each run of the last batch
RETRY_SECONDS = 1.0  # between attempts to write a batch while the database refuses

logger = logging.getLogger("sayso.journal")
encode = json.JSONEncoder(ensure_ascii=False).encode
quoted = json.encoder.encode_basestring

Happening = tuple[str, dict[str, Any]]
Source = tuple[int, str]  # a run, and the lease of the worker that speaks for it


INSERT = 'INSERT INTO runs_event (run_id, seq, kind, data, "at") VALUES (%s, %s, %s, %s, %s)'
RAISED = "UPDATE runs_run SET last_seq = last_seq + %s WHERE id = %s RETURNING last_seq"
FENCED = """
    UPDATE runs_run SET last_seq = last_seq + %s WHERE id = %s AND lease = %s AND status = 'running' RETURNING last_seq
"""
SAID = """
    WITH said(run_id, lease, n) AS (VALUES {})
    UPDATE runs_run SET last_seq = last_seq + said.n FROM said
    WHERE runs_run.id = said.run_id AND runs_run.lease = said.lease AND runs_run.status = 'running'
    RETURNING runs_run.id, runs_run.lease, runs_run.last_seq
"""


class LeaseLost(Exception):
    """This worker no longer holds the run: stop touching it."""


@dataclass  # not frozen: writing each field of each word by another function would cost more than the rest
class Line:
    """One committed event, as followers get it. Nobody changes it."""

    run_id: int
    seq: int
    kind: str
    data: dict[str, Any]
    at: datetime

    @cached_property
    def body(self) -> str:
        """The data as JSON, made once for the log and all followers."""
        if self.kind == "text":  # of each word; the encoder makes ready for anything first
            return f'{{"turn": {self.data["turn"]}, "delta": {quoted(self.data["delta"])}}}'
        return encode(self.data)

    @cached_property
    def frame(self) -> str:
        """The line as JSON."""
        return f'{{"seq": {self.seq}, "kind": "{self.kind}", "at": "{self.at.isoformat()}", "data": {self.body}}}'

    @classmethod
    def read(cls, run_id: int, frame: str) -> "Line":
        """The line of a `frame`."""
        read = json.loads(frame)
        line = cls(run_id, read["seq"], read["kind"], read["data"], datetime.fromisoformat(read["at"]))
        line.__dict__["frame"] = frame  # as it came, so that it is not made again
        return line


def topic_of(run_id: int) -> str:
    return f"run-{run_id}"


def append(run_id: int, kind: str, data: dict[str, Any] | None = None) -> int:
    """Add one line inside the caller's transaction and return its seq; followers hear of it after the commit."""
    if not database().in_atomic_block:
        raise RuntimeError("Append to the journal inside the transaction that changes the run.")
    seq = _append(run_id, [(kind, data or {})])
    _announce(run_id, seq, kind)
    return seq


def call_ended(call: ToolCall) -> None:
    """Tell the end of the call, inside the transaction that ends it."""
    told = {"call": call.pk, "turn": call.turn, "state": call.state, "seconds": call.seconds}
    append(call.run_id, "call.finished", told)


def begin(run_id: int, kind: str, data: dict[str, Any]) -> None:
    """The first line of a new run, whose row was written with `last_seq` 1; otherwise as `append`."""
    _write(run_id, 1, [(kind, data)])


def _announce(run_id: int, seq: int, kind: str) -> None:
    if kind in deliveries.EVENTS:
        deliveries.announce(run_id, seq, kind)


def tell(run_id: int, kind: str, data: dict[str, Any]) -> None:
    """As `append`, for tools: left out when the run has ended meanwhile, because its end is its last line."""
    if Run.objects.filter(pk=run_id, status=RunStatus.RUNNING).exists():
        append(run_id, kind, data)


def _append(run_id: int, happenings: list[Happening]) -> int:
    last = _raised(RAISED, len(happenings), run_id)
    if last is None:
        raise Run.DoesNotExist(f"There is no run {run_id}.")
    _write(run_id, last, happenings)
    return last


def _raised(statement: str, *params: int | str) -> int | None:
    with database().cursor() as cursor:
        cursor.execute(statement, params)
        found = cursor.fetchone()
    return int(found[0]) if found else None


def _write(run_id: int, last: int, happenings: list[Happening]) -> None:
    lines = _lines(run_id, last, happenings, timezone.now())
    _insert(lines)
    transaction.on_commit(partial(publish, lines))


def _lines(run_id: int, last: int, happenings: list[Happening], now: datetime) -> list[Line]:
    first = last - len(happenings) + 1
    return [Line(run_id, first + place, kind, data, now) for place, (kind, data) in enumerate(happenings)]


def _insert(lines: list[Line]) -> None:
    # Not bulk_create: this is the one statement that runs for every word of every run.
    db = database()
    at = db.ops.adapt_datetimefield_value(lines[0].at) if lines else None  # all of one batch
    rows = [(x.run_id, x.seq, x.kind, x.body, at) for x in lines]
    with db.cursor() as cursor:
        cursor.executemany(INSERT, rows)
    fault_point("event.append")


def publish(lines: Iterable[Line]) -> None:
    """Tell who follows these runs."""
    hub.publish((topic_of(line.run_id), line) for line in lines)


@contextmanager
def step(
    run_id: int, lease: str, lines: Sequence[Happening] = (), *, root: int | None = None, durable: bool = False
) -> Iterator[None]:
    """A fenced transaction of the worker that holds the run: `LeaseLost`, and nothing changed, when it no longer does.

    What the run has said so far is written first, so that the log keeps the order in which things happened; then
    `lines`, which cost less here than each by its own `append`. The row of `root` is touched before the run's.
    """
    said = writer.take(run_id, lease)  # before it is our turn to write: the writer may need its own turn for the rest
    try:
        with write(durable=durable):
            if root is not None:
                _raised(RAISED, 0, root)
            happenings = [*said, *lines]
            # Touching the row locks it where others could still write it before our commit (PostgreSQL).
            last = _raised(FENCED, len(happenings), run_id, lease)
            if last is None:
                raise LeaseLost
            if happenings:
                _write(run_id, last, happenings)
            yield
            for seq, (kind, _) in enumerate(lines, last + 1 - len(lines)):
                _announce(run_id, seq, kind)
    except BaseException:
        writer.give_back(run_id, lease, said)
        raise


class Writer:
    """Group commit: takes what has gathered, writes it in one transaction, publishes, takes the next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._said: dict[Source, list[Happening]] = {}
        self._in_flight: set[Source] = set()
        self._thread: threading.Thread | None = None
        self._waits = False
        self.on_lost: Callable[[str], None] = lambda lease: None  # told of leases that hold no run any more

    def say(self, run_id: int, lease: str, kind: str, data: dict[str, Any]) -> bool:
        """Queue one line of a run that this worker holds. Adjacent text of a turn becomes one line.

        True: it waits there for `hurry`. False: the writer is at work, and takes it next.
        """
        with self._lock:  # what `_changed` locks; by itself it is no call of Python's
            said = self._said.setdefault((run_id, lease), [])
            if said and kind in ("text", "thinking") and said[-1][0] == kind and said[-1][1]["turn"] == data["turn"]:
                said[-1] = (kind, {"turn": data["turn"], "delta": said[-1][1]["delta"] + data["delta"]})
            else:
                said.append((kind, data))
            if self._thread is None:
                self._thread = threading.Thread(target=self._live, name="journal", daemon=True)
                self._thread.start()
            return self._waits

    def hurry(self) -> None:
        """Write what waits."""
        with self._changed:
            self._changed.notify_all()

    def take(self, run_id: int, lease: str) -> list[Happening]:
        """What the worker has said and the log does not have yet; waits while the writer is writing some of it."""
        with self._changed:
            while (run_id, lease) in self._in_flight:
                self._changed.wait()
            return self._said.pop((run_id, lease), [])

    def give_back(self, run_id: int, lease: str, said: list[Happening]) -> None:
        if said:
            with self._changed:
                self._said[run_id, lease] = said + self._said.get((run_id, lease), [])
                self._changed.notify_all()

    def _live(self) -> None:
        try:
            self._work()
        finally:  # by an error that nobody foresaw: the next word begins another thread
            self._thread = None

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._said:
                    self._waits = True
                    self._changed.wait()
                self._waits = False
                batch, self._said = self._said, {}
                self._in_flight = set(batch)
            pause, lost = min(LINGER, LINGER_EACH * len(batch)), []
            try:
                lost = self._commit(batch)
            except Error:
                logger.exception("The journal could not be written; trying again")
                database().close()  # the next attempt has a new one, should this one be broken
                for (run_id, lease), said in batch.items():
                    self.give_back(run_id, lease, said)
                pause = RETRY_SECONDS
            finally:
                with self._changed:
                    self._in_flight = set()
                    self._changed.notify_all()
            for lease in lost:
                self.on_lost(lease)
            time.sleep(pause)

    def _commit(self, batch: dict[Source, list[Happening]]) -> list[str]:
        """Write the batch; what was said under a lease that was lost is left out, and the lease returned."""
        values = ", ".join(["(%s, %s, %s)"] * len(batch))
        params: list[Any] = []
        for source, said in batch.items():
            params += [*source, len(said)]
        lines: list[Line] = []
        now = timezone.now()
        with write():
            with database().cursor() as cursor:
                cursor.execute(SAID.format(values), params)
                ours = {(run_id, lease): last for run_id, lease, last in cursor.fetchall()}
            for source, last in ours.items():
                lines += _lines(source[0], last, batch[source], now)
            _insert(lines)
        publish(lines)
        return [lease for run_id, lease in batch if (run_id, lease) not in ours]


writer = Writer()
