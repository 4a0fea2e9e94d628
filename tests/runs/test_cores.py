"""Threads on one core, but for what works outside of Python; where the system forbids to choose, nothing is lost."""

import os
import sys
import threading

import pytest

from runs import cores

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a thread choose its cores")


def in_a_thread(do):
    found = []
    thread = threading.Thread(target=lambda: found.append(do()))
    thread.start()
    thread.join()
    return found[0]


def here():
    return os.sched_getaffinity(0)


def test_threads_begun_afterwards_stay_on_it_and_one_that_wants_all_has_them(kept_to_one):
    def works():
        cores.use_all()
        return here()

    assert len(here()) == 1 and in_a_thread(here) == here()
    assert in_a_thread(works) == kept_to_one
    with cores.every_core():
        assert here() == kept_to_one
    assert len(here()) == 1


def test_cores_that_were_taken_away_meanwhile_stop_no_tool(kept_to_one, monkeypatch):
    before = here()
    monkeypatch.setattr(cores, "_given", {1023})
    cores.use_all()
    assert here() == before


@pytest.mark.parametrize("name", ["sched_getaffinity", "sched_setaffinity"])
def test_where_nobody_may_choose_the_server_starts_all_the_same(name, monkeypatch):
    def refuse(*_):
        raise PermissionError

    before = here()
    monkeypatch.setattr(cores, "_given", set())
    monkeypatch.setattr(cores, "_one", set())
    with monkeypatch.context() as sandbox:
        sandbox.setattr(os, name, refuse)
        cores.keep_to_one()
        cores.use_all()
    assert here() == before
