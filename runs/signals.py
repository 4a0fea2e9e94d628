"""The way up: what `approvals` must do inside the transaction that pauses or ends a run."""

from django.dispatch import Signal

run_paused = Signal()  # run: Run, waits: list[runs.engine.steps.Wait]; a failing receiver undoes the pause
run_cancelled = Signal()  # run: Run; its open gates close with it
