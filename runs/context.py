"""Which run the thread at hand is busy with, for the log."""

from contextvars import ContextVar

run_at_hand: ContextVar[int | None] = ContextVar("run", default=None)
