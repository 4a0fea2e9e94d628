"""The keeper of leases in the web process: while it lives, what died is found."""

import threading

import pytest
from django.db import InterfaceError, OperationalError

from config import worker
from runs import recovery


class Enough(BaseException):
    """The test has seen what it wanted."""


@pytest.mark.parametrize("trouble", [OperationalError("locked"), InterfaceError("closed"), ValueError("odd")])
def test_the_keeper_survives_whatever_breaks_a_sweep(monkeypatch, settings, caplog, trouble):
    beats = iter([trouble, trouble, Enough])

    def sweep():
        raise next(beats)

    settings.SWEEP_SECONDS, settings.RENEW_SECONDS = 1, 1000
    monkeypatch.setattr(recovery, "sweep", sweep)
    monkeypatch.setattr(threading.Event, "wait", lambda self, timeout=None: False)
    with pytest.raises(Enough):
        worker.keep()
    assert caplog.text.count("; trying again") == 2
