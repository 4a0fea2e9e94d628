"""What nobody decided in time, at the AgentOS door: it counts as refused, and the rest goes on."""

from datetime import timedelta

import pytest

from runs import clock, recovery
from tests.api.agentos.door import names, waiting, work

pytestmark = pytest.mark.django_db(transaction=True)

LOUD = {"name": "Loud", "tool": "shout"}


@pytest.fixture
def expire(settings, monkeypatch):
    settings.APPROVAL_HOURS = 8

    def expire():
        later = clock.now() + timedelta(hours=9)
        with monkeypatch.context() as patch:
            for name in ("now", "read"):
                patch.setattr(clock, name, lambda: later)
            recovery.sweep()
        work()

    return expire


def test_a_step_that_expired_is_skipped_in_the_events_and_the_next_one_told(expire, flow):
    work = flow({**LOUD, "confirm": True, "on_error": "skip"}, {"name": "Ann", "teammate": "ann"})
    paused = work.run()
    expire()
    done = work.look(paused)
    assert (done["status"], [one["step_name"] for one in done["step_results"]]) == ("COMPLETED", ["Loud", "Ann"])


def test_a_step_that_expired_and_may_not_is_an_error(expire, flow):
    work = flow({**LOUD, "confirm": True})
    paused = work.run()
    expire()
    assert "StepError" in names(work.look(paused)["events"])


def test_a_client_that_sends_an_expired_call_back_can_go_on(expire, fake, posted, teammate_with, door):
    teammate_with("post", mode="approval")
    for text in ("one", "two"):
        fake.call("post", {"text": text})
    first = door.run()
    expire()
    second = door.look(first).json()
    [open_call] = waiting(second)
    tools = [{**tool, "confirmed": True} if tool == open_call else tool for tool in second["tools"]]
    assert door.go_on(second, tools).json()["status"] == "COMPLETED"
    assert posted == ["two"]


def test_a_step_that_a_person_refused_is_not_asked_about_again(flow):
    work = flow({**LOUD, "confirm": True, "retries": 2})
    paused = work.run()
    never = paused["step_requirements"][0] | {"confirmed": False, "rejection_feedback": "never"}
    assert work.go_on(paused, step_requirements=[never], stream=False).json()["status"] == "ERROR"
