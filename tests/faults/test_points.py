"""Fault points cost nothing in a product that nobody breaks, and know their names."""

import subprocess
import sys
import timeit

import pytest

from config.env import ROOT
from runs import faults
from tests.source import modules, text


@pytest.fixture(autouse=True)
def disarmed():
    yield
    faults.disarm()


def test_not_armed_a_point_costs_next_to_nothing():
    # A claim alone takes about a thousand times as long.
    assert min(timeit.repeat(lambda: faults.fault_point("claim.before_commit"), number=10_000, repeat=5)) < 0.02


def test_every_point_is_somewhere_and_every_place_has_its_name():
    code = "".join(text(path) for path in modules("runs", "approvals"))
    assert [name for name in faults.POINTS if f'fault_point("{name}")' not in code] == []


def test_an_unknown_point_is_refused():
    with pytest.raises(ValueError, match="no fault point 'tea'"):
        faults.arm("tea", lambda: None)


def test_an_armed_point_acts_and_a_disarmed_one_does_not():
    done = []
    faults.arm("event.append", lambda: done.append(1))
    faults.fault_point("event.append")
    faults.disarm()
    faults.fault_point("event.append")
    assert done == [1]


@pytest.mark.parametrize(("told", "code"), [("event.append:2", -9), ("event.append:3", 0), ("claim.after_commit", 0)])
def test_the_environment_arms_a_point_of_a_process(told, code):
    do = "from runs.faults import fault_point as p; p('event.append'); p('event.append')"
    assert subprocess.run([sys.executable, "-c", do], cwd=ROOT, env={"SAYSO_FAULT": told}).returncode == code
