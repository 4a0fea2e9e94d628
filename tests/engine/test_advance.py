import pytest

from tests.machine import kinds

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_answers(fake, teammate_with, start, carry):
    fake.say("Hello there")
    run = carry(start(teammate_with()))
    assert (run.status, run.output) == ("completed", "Hello there")
    assert kinds(run) == [
        "run.queued", "run.started", "turn.started", "turn.finished", "run.completed",
    ]  # fmt: skip
    assert list(run.events.values_list("seq", flat=True)) == list(range(1, run.last_seq + 1))


def test_a_reading_tool_runs_and_the_model_sees_its_result(fake, teammate_with, start, carry):
    fake.call("current_time", {"timezone": "UTC"})
    fake.say("It is late")
    run = carry(start(teammate_with("current_time", mode="approval")))
    assert run.status == "completed"
    assert run.calls.get().state == "succeeded"
    assert "UTC" in fake.requests[1]["messages"][-1]["content"]
