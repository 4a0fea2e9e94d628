import pytest

from tests.machine import eventually, kinds

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


def test_thoughts_are_kept_apart_from_the_answer(fake, posted, teammate_with, start, carry):
    fake.think("Hm, let me see. ").say("Yes")
    got = carry(start(teammate_with("post")))
    assert (got.output, got.messages.get().thinking) == ("Yes", "Hm, let me see. ")
    assert "".join(e.data["delta"] for e in got.events.filter(kind="thinking")) == "Hm, let me see. "


def test_usage_is_summed_over_the_turns(fake, posted, teammate_with, start, carry):
    fake.call("post", {"text": "hello"})
    got = carry(start(teammate_with("post")))
    usages = [message.usage for message in got.messages.all()]
    assert got.usage["total_tokens"] == sum(usage["total_tokens"] for usage in usages) > 0
    assert got.usage["model_calls"] == 2


def test_the_turn_is_in_the_log_while_the_model_is_still_silent(fake, teammate_with, start, carry, aside):
    silent = fake.say("Hello there").gate(after=0)
    run = start(teammate_with())
    carrying = aside(carry, run)
    assert eventually(lambda: kinds(run)[-1:] == ["turn.started"])
    silent.release()
    assert carrying.result(10).output == "Hello there"
