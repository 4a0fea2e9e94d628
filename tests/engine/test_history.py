"""What a model is shown: its instructions, the conversation so far, and its own run from the rows."""

import json

import pytest

from runs import services
from runs.models import Run
from teammates.services import save, tools_of
from tests.fake_script import Script
from tests.machine import told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def talk(fake, start, carry, owner):
    """Say something to a teammate, and go on with what is said next; the last run."""

    def talk(teammate, *messages):
        run = None
        for message in messages:
            run = services.reply(run, message, by=owner) if run else start(teammate, message)
            fake.say(f"Heard {message}")
            run = carry(run)
        return run

    return talk


def shown(fake):
    """The last request, as (role, text) pairs without the instructions."""
    return [(m["role"], m["content"]) for m in fake.requests[-1]["messages"] if m["role"] != "system"]


def test_the_first_message_comes_alone(fake, teammate_with, talk):
    talk(teammate_with(), "one")
    assert shown(fake) == [("user", "one")]


def test_instructions_come_first_where_there_are_any(fake, teammate_with, talk):
    helper = teammate_with()
    helper.instructions = "Be brief."
    save(helper, tools_of(helper))
    talk(helper, "one", "two")
    assert fake.requests[-1]["messages"][0] == {"role": "system", "content": "Be brief."}
    assert [message["role"] for message in fake.requests[-1]["messages"]].count("system") == 1


def test_a_reply_is_shown_the_conversation_oldest_first(fake, teammate_with, talk):
    talk(teammate_with(), "one", "two", "three")
    assert shown(fake) == [
        ("user", "one"),
        ("assistant", "Heard one"),
        ("user", "two"),
        ("assistant", "Heard two"),
        ("user", "three"),
    ]


def test_a_long_conversation_shows_its_last_runs(fake, teammate_with, talk):
    helper = teammate_with()
    helper.history_runs = 2
    save(helper, tools_of(helper))
    talk(helper, "one", "two", "three", "four")
    assert [text for role, text in shown(fake) if role == "user"] == ["two", "three", "four"]


def test_another_conversation_is_not_shown(fake, teammate_with, talk):
    helper = teammate_with()
    talk(helper, "one")
    talk(helper, "two")
    assert shown(fake) == [("user", "two")]


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_a_run_without_an_answer_is_not_history(fake, teammate_with, talk, start, carry, owner, end):
    run = start(teammate_with(), "one")
    fake.error(400)
    if end == "cancelled":
        services.cancel(run, by=owner)
    carry(run)
    fake.scripts.clear()
    carry(services.reply(run, "two", by=owner))
    assert shown(fake) == [("user", "two")]


def test_what_began_later_is_not_history_of_what_began_before(fake, teammate_with, start, carry):
    helper = teammate_with()
    first = start(helper, "one")
    carry(start(helper, "two", session=first.session))
    carry(first)
    assert shown(fake) == [("user", "one")]


def test_calls_and_results_come_in_the_order_of_asking(fake, teammate_with, start, carry):
    fake.say("Let me see. ").calls(("current_time", {"timezone": "UTC"}), ("list_files", {}))
    fake.call("list_files", {})
    carry(start(teammate_with("current_time", "list_files"), "one"))
    _, first, time, files, second, again = fake.requests[-1]["messages"]
    assert first["content"] == "Let me see. "
    assert [call["id"] for call in first["tool_calls"]] == ["call_1_0", "call_1_1"]
    assert (time["tool_call_id"], files["tool_call_id"], again["tool_call_id"]) == ("call_1_0", "call_1_1", "call_2_0")
    assert second["content"] is None


def test_after_a_pause_the_model_is_shown_the_same_as_without_one(fake, posted, teammate_with, start, carry, allow):
    fake.reply = lambda body: None if told_in(body) else Script().say("I post. ").call("post", {"text": "hello"})
    carry(start(teammate_with("post"), "one"))
    without = fake.requests[-1]["messages"]
    run = carry(start(teammate_with("post", mode="approval", slug="careful"), "one"))
    allow(run.approvals.get())
    carry(run)
    assert fake.requests[-1]["messages"] == without


def told_in(body):
    return any(message["role"] == "tool" for message in body["messages"])


def test_arguments_that_could_not_be_read_are_remembered_as_none(fake, teammate_with, start, carry):
    fake.raw_arguments('{"timezone": ', tool="current_time")
    carry(start(teammate_with("current_time")))
    call = fake.requests[-1]["messages"][-2]["tool_calls"][0]["function"]
    assert (call["arguments"], len(told(fake))) == ("{}", 1)


def test_thoughts_are_not_shown_again(fake, teammate_with, start, carry):
    fake.think("Secret. ").call("current_time", {})
    carry(start(teammate_with("current_time")))
    assert "Secret" not in json.dumps(fake.requests[-1]["messages"])


def test_odd_characters_survive_the_way_through_the_rows(fake, teammate_with, talk):
    odd = "a\u2028b\u2029c\x85d 😀 \u202e"
    run = talk(teammate_with(), odd, "again")
    assert shown(fake)[:2] == [("user", odd), ("assistant", f"Heard {odd}")]
    assert Run.objects.get(pk=run.pk).session.runs.first().output == f"Heard {odd}"


def test_the_model_of_the_teammate_is_asked(fake, teammate_with, talk, settings):
    talk(teammate_with(model="special"), "one")
    talk(teammate_with(slug="plain"), "one")
    assert [request["model"] for request in fake.requests] == ["special", settings.DEFAULT_MODEL]


def test_what_is_offered_is_what_the_teammate_has_and_may_use(fake, teammate_with, talk):
    talk(teammate_with("current_time", ("list_files", "deny"), "gone", people=False), "one")
    assert [each["function"]["name"] for each in fake.requests[0]["tools"]] == ["current_time"]
    assert fake.requests[0]["tools"][0]["function"]["parameters"]["additionalProperties"] is False
