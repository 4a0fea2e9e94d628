import os

import pytest

from runs import cores


@pytest.fixture
def kept_to_one(monkeypatch):
    """The thread of this test stays on one core, as those of `serve` do; all that there were."""
    monkeypatch.setattr(cores, "_given", set())
    monkeypatch.setattr(cores, "_one", set())
    before = os.sched_getaffinity(0)
    cores.keep_to_one()
    yield before
    os.sched_setaffinity(0, before)
