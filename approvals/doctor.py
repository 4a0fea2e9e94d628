"""What must hold of the rows at every moment, as SQL: whoever finds a row here has found a mistake of ours.

Each query gives (run, what is wrong). `WORDS` stand for pieces of SQL; `:recently` and `:slots` are values.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection

from runs import clock

GRACE_SECONDS = 30  # in which a sweep must have seen what time heals

WORDS = {
    "ended": "('completed', 'failed', 'cancelled')",
    "ends": "('run.completed', 'run.failed', 'run.cancelled')",
    "gates": """(
        SELECT run_id, status, verdict, decided_by_id, decided_at, id, 'approval' AS kind FROM approvals_toolapproval
        UNION ALL
        SELECT run_id, status, verdict, decided_by_id, decided_at, id, 'question' FROM approvals_question
    )""",
}


@dataclass(frozen=True)
class Invariant:
    code: str
    promise: str
    query: str


@dataclass(frozen=True)
class Finding:
    invariant: Invariant
    run: int
    what: str

    def __str__(self) -> str:
        return f"{self.invariant.code}: run {self.run}: {self.what}"


INVARIANTS = (
    Invariant(
        "I1",
        "A call is started once.",
        """
        SELECT run_id, 'call ' || (data ->> 'call') || ' was started ' || count(*) || ' times'
        FROM runs_event WHERE kind = 'call.started' GROUP BY run_id, data ->> 'call' HAVING count(*) > 1
        """,
    ),
    Invariant(
        "I2",
        "A call that asked was started under a decision about these very arguments.",
        """
        SELECT c.run_id, 'call ' || c.id || ' was started without a decision that allows it'
        FROM runs_toolcall c
        WHERE c.started_at IS NOT NULL
          AND (c.must_ask <> '' OR EXISTS (SELECT 1 FROM approvals_toolapproval a WHERE a.call_id = c.id))
          AND NOT EXISTS (
            SELECT 1 FROM approvals_toolapproval a
            WHERE a.call_id = c.id AND a.status = 'decided' AND a.verdict = 'allow'
              AND (a.digest = c.approved_digest OR a.edited_arguments IS NOT NULL)
          )
        """,
    ),
    Invariant(
        "I3",
        "The log of a run counts 1, 2, 3 … up to what its row says.",
        """
        SELECT r.id, 'its log has ' || COALESCE(e.n, 0) || ' lines, its row says ' || r.last_seq
        FROM runs_run r
        LEFT JOIN (
            SELECT run_id, count(*) AS n, min(seq) AS low, max(seq) AS high FROM runs_event GROUP BY run_id
        ) e ON e.run_id = r.id
        WHERE COALESCE(e.n, 0) <> r.last_seq OR e.low <> 1 OR e.high <> r.last_seq
        """,
    ),
    Invariant(
        "I3",
        "The log of a run ends once, as its row does, and not before.",
        """
        SELECT r.id, 'it is ' || r.status || ', and its log tells of ' || count(e.id) || ' ends'
        FROM runs_run r LEFT JOIN runs_event e ON e.run_id = r.id AND e.kind IN :ends
        GROUP BY r.id, r.status
        HAVING count(e.id) <> CASE WHEN r.status IN :ended THEN 1 ELSE 0 END
            OR max(CASE WHEN e.kind <> 'run.' || r.status THEN 1 ELSE 0 END) = 1
        """,
    ),
    Invariant(
        "I4",
        "A live run is held by a worker, waits in the queue, for people or for runs below.",
        """
        SELECT r.id, 'it is ' || r.status || ', and nothing will move it'
        FROM runs_run r
        WHERE (r.status = 'running' AND (r.lease = '' OR r.lease_until IS NULL OR r.lease_until < :recently))
           OR (r.status = 'paused' AND r.open_gates + r.open_children = 0)
        """,
    ),
    Invariant(
        "I4",
        "A paused run counts the gates and the runs below that it waits for.",
        """
        SELECT r.id, 'it counts ' || r.open_gates || ' gates and ' || r.open_children || ' runs below, which is wrong'
        FROM runs_run r
        WHERE r.open_gates <> (SELECT count(*) FROM :gates g WHERE g.run_id = r.id AND g.status = 'pending')
           OR (r.status = 'paused' AND r.open_children <>
               (SELECT count(*) FROM runs_run c WHERE c.parent_id = r.id AND c.status NOT IN :ended))
        """,
    ),
    Invariant(
        "I4",
        "A call that a run below answers is open exactly as long as that run lives.",
        """
        SELECT c.run_id, 'call ' || c.id || ' is ' || c.state || ', and the run below it ' || r.status
        FROM runs_run r JOIN runs_toolcall c ON c.id = r.called_by_id
        WHERE (c.state = 'started' AND r.status IN :ended) OR (c.state <> 'started' AND r.status NOT IN :ended)
        """,
    ),
    Invariant(
        "I5",
        "A run that has ended holds nothing: no lease, no open gate, no live run below.",
        """
        SELECT r.id, 'it has ended, and something of it is still open'
        FROM runs_run r
        WHERE r.status IN :ended AND (
            r.lease <> '' OR r.lease_until IS NOT NULL OR r.finished_at IS NULL
            OR EXISTS (SELECT 1 FROM :gates g WHERE g.run_id = r.id AND g.status = 'pending')
            OR EXISTS (SELECT 1 FROM runs_run c WHERE c.parent_id = r.id AND c.status NOT IN :ended)
        )
        """,
    ),
    Invariant(
        "I6",
        "A decided gate says who decided, when, and what.",
        """
        SELECT g.run_id, g.kind || ' ' || g.id || ' is decided, but not by whom, when or how'
        FROM :gates g
        WHERE g.status = 'decided' AND (g.decided_by_id IS NULL OR g.decided_at IS NULL OR g.verdict = '')
        """,
    ),
    Invariant(
        "I7",
        "A queued run does not wait while there is a free slot.",
        """
        SELECT r.id, 'it waits in the queue since ' || max(e.at)
        FROM runs_run r JOIN runs_event e ON e.run_id = r.id
        WHERE r.status = 'queued' AND (SELECT count(*) FROM runs_run b WHERE b.status = 'running') < :slots
        GROUP BY r.id HAVING max(e.at) < :recently
        """,
    ),
    Invariant(
        "I8",
        "Every decision is on record once.",
        """
        SELECT g.run_id, g.kind || ' ' || g.id || ' has ' || count(d.id) || ' decisions on record'
        FROM :gates g
        LEFT JOIN approvals_decision d
          ON (g.kind = 'approval' AND d.approval_id = g.id) OR (g.kind = 'question' AND d.question_id = g.id)
        GROUP BY g.run_id, g.kind, g.id, g.status, g.decided_by_id
        HAVING count(d.id) <> CASE WHEN g.decided_by_id IS NULL THEN 0 ELSE 1 END
        """,
    ),
)


def examine(invariants: Iterable[Invariant] = INVARIANTS) -> list[Finding]:
    """What does not hold; nothing, where all is well. Reads everything and changes nothing."""
    return [Finding(one, run, str(what)) for one in invariants for run, what in _rows(one.query)]


def _rows(query: str) -> list[tuple[int, str]]:
    recently = clock.read() - timedelta(seconds=GRACE_SECONDS)
    values = {"recently": connection.ops.adapt_datetimefield_value(recently), "slots": settings.SLOTS}
    for word, sql in WORDS.items():
        query = re.sub(rf":{word}\b", sql, query)
    with connection.cursor() as cursor:
        cursor.execute(re.sub(r":\w+", "%s", query), [values[name] for name in re.findall(r":(\w+)", query)])
        return list(cursor.fetchall())
