"""Every status, and every move that is allowed. `docs/states.md` draws the same tables; a test compares them."""

from typing import TypeVar

from django.db.models import TextChoices


class RunStatus(TextChoices):
    QUEUED = "queued", "Queued"  # waits for a worker
    RUNNING = "running", "Running"  # a worker holds its lease
    PAUSED = "paused", "Needs you"  # no worker; waits for people
    COMPLETED = "completed", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Stopped"


class CallState(TextChoices):
    PROPOSED = "proposed", "Proposed"  # the model asked for it
    WAITING = "waiting", "Waits for you"  # a gate is open for it
    READY = "ready", "Ready"  # may run: by mode, rule or decision
    STARTED = "started", "Running"  # committed before the first byte leaves
    SUCCEEDED = "succeeded", "Done"
    FAILED = "failed", "Failed"
    DENIED = "denied", "Denied"
    CANCELLED = "cancelled", "Stopped"
    OUTCOME_UNKNOWN = "outcome_unknown", "Outcome unknown"  # started, and nobody knows how it ended


class GateStatus(TextChoices):
    PENDING = "pending", "Waits for you"
    DECIDED = "decided", "Decided"
    EXPIRED = "expired", "Expired, nobody decided in time"
    CANCELLED = "cancelled", "Closed, the run was stopped"
    SUPERSEDED = "superseded", "Replaced by a newer revision"


_R, _C, _G = RunStatus, CallState, GateStatus

RUN_MOVES: dict[RunStatus, set[RunStatus]] = {
    _R.QUEUED: {_R.RUNNING, _R.CANCELLED, _R.FAILED},  # failed: its performer is gone or disabled
    _R.RUNNING: {
        _R.PAUSED,
        _R.COMPLETED,
        _R.FAILED,
        _R.CANCELLED,
        _R.QUEUED,
    },  # queued: handed back, or its lease lapsed
    _R.PAUSED: {_R.QUEUED, _R.CANCELLED, _R.FAILED},
    _R.COMPLETED: set(),  # a reply and a retry are new runs
    _R.FAILED: set(),
    _R.CANCELLED: set(),
}

CALL_MOVES: dict[CallState, set[CallState]] = {
    _C.PROPOSED: {_C.WAITING, _C.READY, _C.SUCCEEDED, _C.FAILED, _C.DENIED, _C.CANCELLED},
    _C.WAITING: {_C.READY, _C.SUCCEEDED, _C.DENIED, _C.CANCELLED},  # succeeded: the answer is the result
    _C.READY: {_C.STARTED, _C.FAILED, _C.DENIED, _C.CANCELLED, _C.WAITING},  # waiting: it changed, or others run it
    _C.STARTED: {_C.SUCCEEDED, _C.FAILED, _C.OUTCOME_UNKNOWN},
    _C.OUTCOME_UNKNOWN: {_C.SUCCEEDED, _C.FAILED},  # a person knew
    _C.SUCCEEDED: set(),
    _C.FAILED: set(),
    _C.DENIED: set(),
    _C.CANCELLED: set(),
}

GATE_MOVES: dict[GateStatus, set[GateStatus]] = {
    _G.PENDING: {_G.DECIDED, _G.EXPIRED, _G.CANCELLED, _G.SUPERSEDED},
    _G.DECIDED: {_G.SUPERSEDED},  # a plan that was sent back, when its next revision opens
    _G.EXPIRED: set(),
    _G.CANCELLED: set(),
    _G.SUPERSEDED: set(),
}

RUN_LIVE = [_R.QUEUED, _R.RUNNING, _R.PAUSED]
RUN_ENDED = [_R.COMPLETED, _R.FAILED, _R.CANCELLED]
CALL_OPEN = [_C.PROPOSED, _C.WAITING, _C.READY, _C.STARTED, _C.OUTCOME_UNKNOWN]


Status = TypeVar("Status", bound=TextChoices)


def sources(moves: dict[Status, set[Status]], target: Status) -> list[Status]:
    """The statuses from which `target` may be reached."""
    return [source for source, targets in moves.items() if target in targets]
