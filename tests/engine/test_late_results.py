"""A result that comes when its attempt was given up already: it ends its call once, or not at all."""

import threading

import pytest

from runs import recovery
from runs.engine import driver
from runs.engine.holds import Hold
from runs.engine.toolbox import Toolbox
from runs.models import Run
from tests.machine import eventually, gap_free, kinds, results, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def looking(own_tool, fake, teammate_with, start, aside):
    """A run in the middle of a look; and how to begin the next attempt, which gives what lets it end and its worker."""
    attempts = []

    @own_tool(effect="read")
    def look() -> str:
        """Look."""
        begun, end = attempts[-1]
        name = f"Look {len(attempts)}"
        begun.set()
        end.wait(10)
        return name

    def attempt():
        begun, end = threading.Event(), threading.Event()
        attempts.append((begun, end))
        carrying = aside(driver.carry_forward, run.pk)
        assert begun.wait(10)
        return end, carrying

    fake.call("look", {})
    run = start(teammate_with("look"))
    yield run, attempt
    for _, end in attempts:
        end.set()


def give_up(run):
    """As another worker's sweep does with a lease that has lapsed."""
    assert recovery.requeue(Run.objects.filter(pk=run.pk)) == 1


def test_a_late_result_does_not_spoil_the_attempt_that_replaced_it(looking, fake):
    run, attempt = looking
    first, losing = attempt()
    give_up(run)
    second, winning = attempt()
    first.set()
    losing.result(10)
    assert results(run) == [("started", "")]
    second.set()
    winning.result(10)
    run.refresh_from_db()
    assert (run.status, results(run), told(fake)) == ("completed", [("succeeded", "Look 2")], ["Look 2"])
    assert (kinds(run).count("call.finished"), gap_free(run)) == (1, True)


def test_a_result_that_comes_before_the_next_attempt_replaces_it(looking, fake, carry):
    run, attempt = looking
    end, losing = attempt()
    give_up(run)
    end.set()
    losing.result(10)
    assert (carry(run).status, results(run), told(fake)) == ("completed", [("succeeded", "Look 1")], ["Look 1"])
    assert (kinds(run).count("call.finished"), gap_free(run)) == (1, True)


def test_a_result_that_comes_as_the_next_attempt_begins_replaces_it(looking, fake, carry, monkeypatch):
    run, attempt = looking
    end, losing = attempt()
    give_up(run)
    real = Toolbox._begin_anew
    monkeypatch.setattr(Toolbox, "_begin_anew", lambda *args: (end.set(), losing.result(10), real(*args)))
    assert (carry(run).status, results(run), told(fake)) == ("completed", [("succeeded", "Look 1")], ["Look 1"])
    assert (kinds(run).count("call.finished"), gap_free(run)) == (1, True)


@pytest.mark.parametrize(("effect", "place"), [("effect", "_lost_track"), ("read", "_end")])
def test_a_result_that_comes_just_after_its_time_ends_the_call(own_tool, use, monkeypatch, effect, place, fake):
    end = threading.Event()

    @own_tool(effect=effect, timeout=0.05)
    def act() -> str:
        """Act."""
        end.wait(10)
        return "Done"

    real = getattr(Toolbox, place)

    def later(self, call, *args):
        end.set()
        assert eventually(lambda: results(self.run) == [("succeeded", "Done")])
        return real(self, call, *args)

    monkeypatch.setattr(Toolbox, place, later)
    run = use(("act", {}))
    assert (run.status, results(run), told(fake)) == ("completed", [("succeeded", "Done")], ["Done"])
    assert (kinds(run).count("call.finished"), gap_free(run)) == (1, True)


def test_a_result_that_comes_as_its_time_runs_out_is_the_result(own_tool, use, monkeypatch, fake):
    real = Hold.wait

    def wait(self, future, timeout=None, *, finish=False):
        found = real(self, future, timeout, finish=finish)
        if finish:
            raise TimeoutError
        return found

    @own_tool(effect="effect")
    def act() -> str:
        """Act."""
        return "Done"

    monkeypatch.setattr(Hold, "wait", wait)
    run = use(("act", {}))
    assert (run.status, results(run), told(fake)) == ("completed", [("succeeded", "Done")], ["Done"])
