"""Stop a run, wherever it is."""

import threading

import pytest

from runs import services
from runs.engine import driver, holds
from runs.models import Run, WrongStatus
from tests.fake_script import Script
from tests.machine import eventually, gap_free, kinds, refused, together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def streaming(fake, posted, teammate_with, start, aside):
    """A run whose model is in mid-sentence, before it calls a tool; what carries it, and the gate of the model."""
    gate = fake.say("one two three").call("post", {"text": "hello"}).gate(after=2)
    run = start(teammate_with("post"))
    carrying = aside(driver.carry_forward, run.pk)
    gate.wait()
    assert eventually(lambda: run.events.filter(kind="text").exists())
    yield run, carrying, gate
    gate.release()


@pytest.fixture
def slow(own_tool, fake, teammate_with, start, aside):
    """A run in the middle of a call; what carries it, and what lets the call end."""
    begun, end = threading.Event(), threading.Event()

    @own_tool(effect="effect")
    def act(good: bool = True) -> str:
        """Act, slowly."""
        begun.set()
        assert end.wait(10)
        if not good:
            raise RuntimeError("It broke")
        return "Done"

    def slow(**arguments):
        fake.call("act", arguments)
        run = start(teammate_with("act"))
        carrying = aside(driver.carry_forward, run.pk)
        assert begun.wait(10)
        return run, carrying, end

    yield slow
    end.set()


def test_a_queued_run_is_stopped_and_never_begins(start, teammate_with, fake, owner, carry):
    """F35."""
    run = start(teammate_with())
    services.cancel(run, by=owner, reason="Ty\x00po")
    assert (carry(run).status, fake.requests) == ("cancelled", [])
    assert kinds(run) == ["run.queued", "run.cancelled"]
    assert run.events.last().data == {"by": "olivia", "reason": "Typo"}
    assert run.finished_at is not None


def test_a_run_in_mid_stream_is_stopped_at_once(streaming, fake, posted, owner):
    """F35."""
    run, carrying, _ = streaming
    services.cancel(run, by=owner)
    carrying.result(5)
    fake.wait_for_drop()
    run.refresh_from_db()
    assert (run.status, run.lease, posted, run.calls.count()) == ("cancelled", "", [], 0)
    assert kinds(run)[-1] == "run.cancelled"
    assert gap_free(run)


def test_what_was_said_before_the_stop_is_kept_and_nothing_comes_after(streaming, owner):
    run, carrying, gate = streaming
    services.cancel(run, by=owner)
    gate.release()
    carrying.result(5)
    assert run.events.last().kind == "run.cancelled"
    assert eventually(lambda: holds.count() == 0)


def test_a_model_that_keeps_silent_is_hung_up_on(fake, teammate_with, start, aside, owner):
    gate = fake.say("one").gate(after=0)
    run = start(teammate_with())
    carrying = aside(driver.carry_forward, run.pk)
    gate.wait()
    services.cancel(run, by=owner)
    carrying.result(5)
    fake.wait_for_drop()
    gate.release()


def test_a_paused_run_is_stopped_with_its_gates(asked, owner, carry, posted):
    """F35."""
    services.cancel(asked, by=owner)
    assert (carry(asked).status, asked.open_gates, posted) == ("cancelled", 0, [])
    assert asked.approvals.get().status == "cancelled"
    assert asked.calls.get().state == "cancelled"
    assert kinds(asked)[-2:] == ["gate.closed", "run.cancelled"]


def test_a_paused_question_closes_too(fake, teammate_with, start, carry, owner):
    fake.say("A plan")
    run = carry(start(teammate_with(mode="plan")))
    services.cancel(run, by=owner)
    assert run.questions.get().status == "cancelled"


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_what_has_ended_cannot_be_stopped(start, teammate_with, fake, owner, carry, settings, status):
    fake.default = Script().error(400) if status == "failed" else fake.default
    run = start(teammate_with())
    if status == "cancelled":
        services.cancel(run, by=owner)
    assert carry(run).status == status
    with refused(run, WrongStatus):
        services.cancel(run, by=owner)


def test_an_old_picture_of_the_run_stops_it_all_the_same(start, teammate_with, fake, owner, posted, carry):
    fake.call("post", {"text": "hello"})
    old = start(teammate_with("post", mode="approval"))
    carry(Run.objects.get(pk=old.pk))
    services.cancel(old, by=owner)
    assert Run.objects.get(pk=old.pk).status == "cancelled"


# --- in the middle of a call ---


@pytest.mark.parametrize(("good", "state"), [(True, "succeeded"), (False, "failed")])
def test_a_call_that_has_begun_may_end_and_its_result_is_kept_as_evidence(slow, fake, owner, good, state):
    """F35."""
    run, carrying, end = slow(good=good)
    services.cancel(run, by=owner)
    carrying.result(5)
    assert run.calls.get().state == "started"
    end.set()
    assert eventually(lambda: run.calls.get().state == state)
    run.refresh_from_db()
    assert (run.status, run.output, len(fake.requests)) == ("cancelled", "", 1)
    assert kinds(run)[-1] == "run.cancelled"


def test_a_call_that_ends_as_the_run_is_stopped_keeps_its_result_too(slow, owner, monkeypatch):
    run, carrying, end = slow()
    monkeypatch.setattr(holds, "lose", lambda lease: None)  # the worker has not heard of it yet
    services.cancel(run, by=owner)
    end.set()
    carrying.result(5)
    call = run.calls.get()
    assert (call.state, call.result, kinds(run)[-1]) == ("succeeded", "Done", "run.cancelled")


def test_the_calls_after_it_never_begin(own_tool, fake, teammate_with, start, carry, owner, posted):
    @own_tool(effect="effect")
    def stop_myself() -> None:
        """Stop the run from within."""
        services.cancel(Run.objects.get(), by=owner)

    fake.calls(("stop_myself", {}), ("post", {"text": "hello"}))
    run = carry(start(teammate_with("stop_myself", "post")))
    assert (run.status, posted, run.calls.last().state) == ("cancelled", [], "cancelled")


# --- at the same instant ---


def test_twenty_stops_at_once_are_one(asked, owner):
    ends = together(20, lambda _: services.cancel(Run.objects.get(pk=asked.pk), by=owner))
    assert sorted(map(repr, ends)).count("None") == 1
    assert sum(isinstance(end, WrongStatus) for end in ends) == 19
    assert (kinds(asked).count("run.cancelled"), kinds(asked).count("gate.closed")) == (1, 1)


def test_stop_and_end_at_once_leave_one_end(fake, teammate_with, start, owner):
    """F36."""
    helper = teammate_with()
    for _ in range(10):
        run = start(helper)
        acts = [driver.carry_forward, lambda pk: stop(pk, owner)]
        together(2, lambda place, run=run, acts=acts: acts[place](run.pk))
        run.refresh_from_db()
        ends = [kind for kind in kinds(run) if kind in ("run.completed", "run.cancelled")]
        assert ends == [f"run.{run.status}"]
        assert gap_free(run)


def stop(pk, owner):
    assert eventually(lambda: Run.objects.get(pk=pk).messages.exists() or Run.objects.get(pk=pk).finished_at)
    services.cancel(Run.objects.get(pk=pk), by=owner)


@pytest.mark.parametrize("first", ["stop", "end"])
def test_whoever_ends_the_run_first_has_ended_it(fake, teammate_with, start, owner, monkeypatch, first):
    """F36."""
    real, run = driver.finish, start(teammate_with())

    def finish(*args):
        if first == "end":
            real(*args)
        try:
            services.cancel(Run.objects.get(pk=run.pk), by=owner)
        except WrongStatus:
            return
        real(*args)

    monkeypatch.setattr(driver, "finish", finish)
    driver.carry_forward(run.pk)
    run.refresh_from_db()
    assert run.status == ("cancelled" if first == "stop" else "completed")
    assert kinds(run)[-1] == f"run.{run.status}"
