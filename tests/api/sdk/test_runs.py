"""Runs with the SDK, in both generations: begin, read, wait, look, list, reply, stop, begin again."""

import uuid
from types import SimpleNamespace

import pytest

from tests.api.sdk.conftest import SdkError

BOT = {"name": "Bot", "instructions": "Be short."}
SOON = {"interval": 0.02}


def types(stream):
    return [frame.type for frame in stream.frames]


# --- begin ---


def test_a_stream_gives_the_text_as_it_comes_and_ends(sdk, model):
    text = "Grüße \x85 and \u2028 and \u2029 and 🎉 to all"
    model.say(text)
    stream = sdk.runs.create(message="Hello", **BOT)
    assert stream.text == "".join(stream.deltas) == text
    assert types(stream)[0] == "metadata"
    assert types(stream)[-1] == "done"
    assert not stream.errors
    run = sdk.runs.get(stream.run_id)
    assert (run.status, run.output, run.error) == ("completed", text, None)


def test_a_run_without_a_stream_is_running_at_once_and_has_its_output_later(sdk, model):
    held = model.say("All done.").gate()
    run = sdk.runs.create(message="Hello", stream=False, metadata={"a": {"ü": [1, None]}}, **BOT)
    assert run.status == "running"
    held.release()
    done = sdk.runs.poll(run.id, **SOON)
    assert (done.status, done.output) == ("completed", "All done.")
    assert done.metadata == SimpleNamespace(a=SimpleNamespace(ü=[1, None]))


def test_a_name_makes_a_teammate_once(sdk, model):
    name = f"Quick {uuid.uuid4()}"
    first, second = (sdk.runs.create_and_wait(message="Hello", name=name, poll_interval=0.02) for _ in range(2))
    assert first.teammate_id == second.teammate_id
    by_id = sdk.runs.create_and_wait(message="Hello", teammate_id=first.teammate_id, poll_interval=0.02)
    assert (by_id.teammate_id, by_id.output) == (first.teammate_id, "Here you are.")


def test_only_the_text_can_be_read(sdk, model):
    model.think("Well …").say("Just words.")
    stream = sdk.runs.create(message="Hello", **BOT)
    assert stream.text == "Just words."


def test_a_failed_run_says_why(sdk, model):
    model.error(401)
    stream = sdk.runs.create(message="Hello", **BOT)
    assert types(stream)[-2:] == ["error", "done"]
    run = sdk.runs.get(stream.run_id)
    assert run.status == "failed"
    assert run.error == stream.frames[-2].error


def test_the_newest_sdk_raises_what_the_run_failed_with(newest, model):
    model.error(401)
    with pytest.raises(SdkError) as told:
        newest.runs.create(message="Hello", raise_on_error=True, **BOT)
    assert told.value.name == "RunFailedError"


def test_the_newest_sdk_knows_the_run_before_its_first_frame(newest, model):
    stream = newest.runs.create(message="Hello", **BOT)
    assert stream.named_before == stream.run_id


# --- leave, come back, stop ---


def test_a_reader_who_leaves_stops_nothing(sdk, model):
    held = model.say("one two three").gate(after=1)
    stream = sdk.runs.create(message="Hello", leave=True, **BOT)
    assert stream.text == "one "
    held.release()
    assert sdk.runs.poll(stream.run_id, **SOON).output == "one two three"


def test_who_comes_back_gets_everything_once(newest, model):
    held = model.say("one two three").gate(after=1)
    left = newest.runs.create(message="Hello", leave=True, **BOT)
    again = newest.runs.stream(left.run_id, leave=True)
    assert (again.run_id, again.text) == (left.run_id, "one ")
    held.release()
    newest.runs.poll(left.run_id, **SOON)
    with pytest.raises(SdkError) as told:
        newest.runs.stream(left.run_id)
    assert (told.value.name, told.value.status) == ("ConflictError", 409)


def test_stopping_a_running_run_closes_the_stream_of_the_model(sdk, model):
    model.say("one two three").gate(after=1)
    stream = sdk.runs.create(message="Hello", leave=True, **BOT)
    assert sdk.runs.cancel(stream.run_id).status == "cancelled"
    model.wait_for_drop()
    assert sdk.runs.get(stream.run_id).status == "cancelled"
    assert sdk.runs.cancel(stream.run_id).status == "cancelled"


def test_stopping_a_run_that_has_ended_changes_nothing(sdk, model):
    run = sdk.runs.create_and_wait(message="Hello", poll_interval=0.02, **BOT)
    assert sdk.runs.cancel(run.id).status == "completed"


# --- go on ---


def test_a_reply_is_a_new_run_in_the_same_conversation(sdk, model):
    model.say("I am Bot.")
    first = sdk.runs.create_and_wait(message="Who are you?", poll_interval=0.02, **BOT)
    model.say("As I said.")
    second = sdk.runs.reply_and_wait(first.id, message="Once more?", poll_interval=0.02)
    assert second.id != first.id
    assert second.output == "As I said."
    told = [message["content"] for message in model.requests[-1]["messages"]]
    assert told[-3:] == ["Who are you?", "I am Bot.", "Once more?"]


def test_a_reply_names_its_own_run_in_the_first_frame(sdk, model):
    first = sdk.runs.create_and_wait(message="Hello", poll_interval=0.02, **BOT)
    stream = sdk.runs.reply(first.id, message="Go on")
    assert stream.run_id != first.id
    assert sdk.runs.get(stream.run_id).output == stream.text == "Here you are."


def test_a_run_that_is_still_going_takes_no_reply(sdk, model):
    held = model.say("one two").gate(after=1)
    stream = sdk.runs.create(message="Hello", leave=True, **BOT)
    with pytest.raises(SdkError) as told:
        sdk.runs.reply(stream.run_id, message="Go on", stream=False)
    assert (told.value.name, told.value.status) == ("ConflictError", 409)
    held.release()
    sdk.runs.poll(stream.run_id, **SOON)


def test_a_failed_run_is_tried_again_as_a_new_run(newest, model):
    model.error(401)
    failed = newest.runs.create_and_wait(message="Hello", poll_interval=0.02, **BOT)
    assert (failed.status, failed.retryable) == ("failed", True)
    retried = newest.runs.retry(failed.id)
    assert retried.id != failed.id
    assert newest.runs.poll(retried.id, **SOON).output == "Here you are."
    with pytest.raises(SdkError) as told:
        newest.runs.retry(retried.id)
    assert (told.value.name, told.value.status) == ("ConflictError", 409)


# --- the same request again ---


def test_the_same_key_gives_the_same_run(newest, model):
    asked = {"message": "Hello", "idempotency_key": str(uuid.uuid4()), "stream": False, **BOT}
    first, again = newest.runs.create(**asked), newest.runs.create(**asked)
    assert first.id == again.id
    assert newest.runs.poll(first.id, **SOON).output == "Here you are."


def test_a_stream_that_is_asked_for_again_goes_on_where_the_run_is(newest, model):
    held = model.say("one two three").gate(after=1)
    asked = {"message": "Hello", "idempotency_key": str(uuid.uuid4()), **BOT}
    first = newest.runs.create(**asked, leave=True)
    again = newest.runs.create(**asked, leave=True)
    assert (again.run_id, again.text) == (first.run_id, "one ")
    held.release()
    newest.runs.poll(first.run_id, **SOON)
    with pytest.raises(SdkError) as told:
        newest.runs.create(**asked)
    assert (told.value.name, told.value.code) == ("ConflictError", "idempotent_replay_terminal")


# --- look ---


def test_files_are_listed_and_downloaded(sdk, model):
    model.call("write_file", {"name": "Übersicht 1.md", "content": "# Über uns"})
    run = sdk.runs.create_and_wait(message="Write", poll_interval=0.02, **BOT)
    assert [(file.name, file.size) for file in sdk.runs.list_files(run.id)] == [("Übersicht 1.md", 11)]
    assert sdk.runs.download_file(run.id, "Übersicht 1.md") == "# Über uns"
    with pytest.raises(SdkError) as told:
        sdk.runs.download_file(run.id, "other.md")
    assert told.value.name == "NotFoundError"


def test_all_pages_are_read_and_every_run_is_there_once(sdk, model):
    name = f"Pages {uuid.uuid4()}"
    made = [sdk.runs.create_and_wait(message="Hello", name=name, poll_interval=0.02) for _ in range(5)]
    teammate = made[0].teammate_id
    page = sdk.runs.list(teammate_id=teammate, limit=2)
    assert ([run.id for run in page.data], page.has_more) == ([made[4].id, made[3].id], True)
    everything = sdk.runs.list(teammate_id=teammate, limit=2, all=True)
    assert [run.id for run in everything.data] == [run.id for run in reversed(made)]
    assert sdk.runs.list(teammate_id=teammate, limit=5).has_more is False
    assert sdk.runs.list(teammate_id=teammate, status="failed").data == []


# --- who ---


def test_a_wrong_key_opens_nothing(sdk):
    with pytest.raises(SdkError) as told:
        sdk.of(2).runs.list()
    assert (told.value.name, told.value.status) == ("AuthenticationError", 401)


def test_another_accounts_run_is_not_there(sdk, model):
    run = sdk.runs.create_and_wait(message="Hello", poll_interval=0.02, **BOT)
    stranger = sdk.of(1)
    tried = [
        lambda: stranger.runs.get(run.id),
        lambda: stranger.runs.cancel(run.id),
        lambda: stranger.runs.reply(run.id, message="Go on", stream=False),
        lambda: stranger.runs.permissions(run.id),
        lambda: stranger.runs.list_files(run.id),
        lambda: stranger.runs.create(message="Hello", teammate_id=run.teammate_id),
    ]
    for attempt in tried:
        with pytest.raises(SdkError) as told:
            attempt()
        assert told.value.name == "NotFoundError"
    assert run.id not in [other.id for other in stranger.runs.list(all=True).data]
