"""The way up: what rooms above must do when a run pauses or ends, inside that transaction, and as time passes."""

from django.dispatch import Signal

run_paused = Signal()  # run: Run, waits: list[runs.engine.steps.Wait]; a failing receiver undoes the pause
run_cancelled = Signal()  # run: Run; its open gates close with it
swept = Signal()  # after each sweep, every few seconds: what else is due, in small bites
