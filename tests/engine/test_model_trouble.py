"""A model that is down, slow, cut off or talks rubbish: the run says so in words, and no tool runs on it."""

import json
import threading
import time
from functools import cache

import pytest

from runs.engine import model
from tests.fake_model import unused_url
from tests.fake_script import Script
from tests.machine import eventually, gap_free, kinds, together, told

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("impatient")]


@pytest.fixture
def run(posted, teammate_with, start, carry):
    """Start a run of a teammate with `post`, and carry it."""
    return lambda: carry(start(teammate_with("post")))


def failed(run, code):
    assert (run.status, run.error_code, run.output) == ("failed", code, "")
    assert run.error.endswith(".") or "Scripted error" in run.error
    assert kinds(run)[-1] == "run.failed"
    assert gap_free(run)
    return True


# --- no answer ---


def test_a_model_that_is_down(fake, run, settings):
    settings.OPENAI_BASE_URL = unused_url()
    assert failed(run(), "model_unreachable")


def test_a_model_that_refuses_the_connection(fake, run):
    fake.default = Script().refuse()
    assert failed(run(), "model_unreachable")
    assert len(fake.requests) == 3


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_refusal_that_passes_is_tried_again(fake, run, status):
    fake.error(status, retry_after=0.01)
    fake.say("Now I can")
    assert run().output == "Now I can"


@pytest.mark.parametrize("status", [429, 500])
def test_a_refusal_that_stays_is_told(fake, run, status):
    fake.default = Script().error(status)
    got = run()
    assert failed(got, "model_refused")
    assert (got.error.count(str(status)), len(fake.requests)) == (1, 3)


@pytest.mark.parametrize("words", ["bad \ud800 word", "bad \x00 word"])
def test_a_refusal_in_words_that_cannot_be_kept_ends_the_run_too(fake, run, words):
    fake.default = Script().error(400, words=words)
    got = run()
    assert (got.status, got.error_code) == ("failed", "model_refused")
    assert "bad" in got.error


@pytest.mark.parametrize(
    ("status", "mend"),
    [
        (400, ""),
        (401, " Check OPENAI_API_KEY."),
        (403, " Check what OPENAI_API_KEY may use."),
        (404, " Check OPENAI_BASE_URL and the name of the model."),
    ],
)
def test_a_refusal_for_good_is_not_tried_again_and_told_with_its_mend(fake, run, status, mend):
    fake.default = Script().error(status)
    got = run()
    assert failed(got, "model_refused")
    assert got.error == f"The model endpoint refused with status {status}: Scripted error.{mend}"
    assert len(fake.requests) == 1


def test_a_model_that_stalls_before_the_first_byte(fake, run, settings):
    settings.MODEL_TIMEOUT = 0.1
    fake.default = Script().stall(5)
    assert failed(run(), "model_timeout")
    assert len(fake.requests) == 1, "waiting as long again would leave a person without a word"


def test_a_model_that_stalls_between_two_words(fake, run, settings):
    settings.MODEL_TIMEOUT = 0.2
    fake.say("one two three").stall(5, after=1)
    got = run()
    assert failed(got, "model_timeout")
    fake.wait_for_drop()


def test_an_answer_that_drips_for_ever_has_a_deadline(fake, run, monkeypatch):
    monkeypatch.setattr(model, "TURN_DEADLINE", 0.2)
    fake.new().paced(1000, 50)
    assert failed(run(), "model_timeout")


def test_a_connection_that_breaks_in_mid_stream_is_not_tried_again(fake, run, posted):
    """What was said has been heard; saying it twice is for the person to ask for."""
    fake.say("one two three").call("post", {"text": "hello"}).cut_after(2)
    got = run()
    assert failed(got, "model_broke_off")
    assert (len(fake.requests), got.calls.count(), posted) == (1, 0, [])


# --- rubbish ---


def frames(*chunks):
    return b"".join(b"data: " + (c if isinstance(c, bytes) else json.dumps(c).encode()) + b"\n\n" for c in chunks)


def delta(finish="stop", **delta):
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def fragment(index=0, **function):
    return {"index": index, "id": "x", "function": {"name": "post", "arguments": '{"text": "hello"}', **function}}


RUBBISH = {
    "a page": b"<html>It works!</html>",
    "nothing": b"",
    "half a line": b"data: {",
    "no JSON": frames(b"{not json"),
    "a list": frames(b"[1, 2]"),
    "a number": frames(b"7"),
    "null": frames(b"null"),
    "no UTF-8": frames(b'{"choices": "\xff\xfe"}'),
    "choices of another kind": frames({"choices": 7}),
    "choices of words": frames({"choices": ["x"]}),
    "delta of another kind": frames({"choices": [{"delta": "hello", "finish_reason": "stop"}]}),
    "text of another kind": frames(delta(content=["a"])),
    "text that is a number": frames(delta(content=5)),
    "calls of another kind": frames(delta(tool_calls="post")),
    "calls of words": frames(delta(tool_calls=["post"])),
    "calls out of order": frames(delta(finish="", tool_calls=[fragment("first")]), delta(tool_calls=[fragment(1)])),
    "a function of another kind": frames(delta(tool_calls=[{"index": 0, "function": "post"}])),
    "arguments of another kind": frames(delta(tool_calls=[fragment(arguments={"text": "hello"})])),
    "an end of another kind": frames(delta(finish=["stop"], content="a")),
    "usage of another kind": frames({**delta(content="a"), "usage": "lots"}),
    "usage in one word": frames({**delta(content="a"), "usage": 12}),
    "an answer in one piece": json.dumps({"choices": [{"message": {"content": "Hi"}}]}).encode(),
    "an error in the stream": frames({"error": {"message": "Scripted error."}}),
    "only the end": frames(b"[DONE]"),
    "no end": frames(delta(finish=None, content="a")),
    "deep": frames(b"[" * 100_000),
}


@pytest.mark.parametrize("body", RUBBISH.values(), ids=list(RUBBISH))
def test_rubbish_is_told_as_such_and_runs_nothing(fake, run, posted, body):
    fake.rubbish(body)
    got = run()
    assert got.error_code in ("model_rubbish", "model_broke_off", "model_refused")
    assert failed(got, got.error_code)
    assert (posted, got.calls.count()) == ([], 0)


@pytest.mark.parametrize(
    "body",
    [
        frames(delta(content="Hi"), b"[DONE]"),
        frames(delta(content="Hi")),
        b": comment\r\nevent: x\r\n\r\n" + frames(delta(content="Hi")).replace(b"\n", b"\r\n"),
        frames({"choices": []}, delta(finish=None, content="H"), delta(content="i"), {"choices": [], "usage": None}),
        frames({**delta(content="Hi"), "usage": {"prompt_tokens": "many", "total_tokens": None}}),
        b"data:" + json.dumps(delta(content="Hi")).encode() + b"\n\n",
        frames({"choices": [{"delta": {"content": "Hi"}}]}, {"choices": [{"delta": None, "finish_reason": "stop"}]}),
    ],
)
def test_other_peoples_ways_to_say_it_are_understood(fake, run, body):
    fake.rubbish(body)
    assert run().output == "Hi"


def test_calls_without_a_number_begin_where_an_id_stands(fake, run, posted):
    rest = {"function": {"arguments": '"two"}'}}
    parts = [fragment(None, arguments='{"text": "one"}'), fragment(None, arguments='{"text": '), rest]
    fake.rubbish(frames(*[delta(finish=None, tool_calls=[part]) for part in parts], delta("tool_calls")))
    assert run().status == "completed"
    assert posted == ["one", "two"]


def test_more_calls_than_people_could_look_at_run_nothing(fake, run, posted):
    fake.calls(*[("post", {"text": "again"})] * (model.MAX_CALLS + 1))
    assert failed(run(), "model_too_much")
    assert posted == []


@pytest.mark.parametrize("body", [b"x" * 2000, frames(*[delta(finish=None, content="a")] * 100)])
def test_an_answer_without_end_is_given_up(fake, run, monkeypatch, body):
    monkeypatch.setattr(model, "MAX_LINE", 1000)
    monkeypatch.setattr(model, "MAX_BYTES", 3000)
    fake.rubbish(body)
    assert failed(run(), "model_too_much")


def test_a_page_in_the_place_of_an_answer_says_where_to_look(fake, run):
    fake.rubbish(RUBBISH["a page"])
    got = run()
    assert failed(got, "model_rubbish")
    assert "Check OPENAI_BASE_URL." in got.error


def test_what_no_database_takes_is_left_out_of_the_text(fake, run):
    fake.rubbish(frames(delta(content="a\x00b \ud800 c\u2028d")))
    got = run()
    assert got.output == "ab ? c\u2028d"
    assert gap_free(got)


@pytest.mark.parametrize(
    "tool", ["no_such_tool", "announce", "run_branch", "step_input", "", "post ", "POST", "x" * 300, "a\x00b"]
)
def test_a_tool_that_the_teammate_does_not_have_is_not_run(fake, run, posted, tool):
    fake.call(tool, {"text": "hello"})
    got = run()
    assert (got.status, posted, got.calls.get().state) == ("completed", [], "failed")
    assert told(fake)[0].startswith("There is no tool")
    assert told(fake)[0].endswith("There are: post, AskUserQuestion.")


def test_a_model_that_never_stops_calling_is_stopped(fake, run, settings, posted):
    settings.MAX_TURNS = 3
    fake.reply = lambda body: Script().call("post", {"text": "again"})
    got = run()
    assert failed(got, "max_turns")
    assert len(posted) == 3


def test_a_model_that_says_nothing_at_all_ends_the_run(fake, run):
    fake.say("")
    got = run()
    assert (got.status, got.output) == ("completed", "")


def test_many_threads_at_once_get_one_reader(monkeypatch):
    monkeypatch.setattr(model, "_reader", cache(model._reader.__wrapped__))
    real = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", lambda thread: time.sleep(0.01) or real(thread))
    loops = set(together(10, lambda _: model.reader()))
    for loop in loops:
        loop.call_soon_threadsafe(loop.stop)
        assert eventually(lambda loop=loop: not loop.is_running())
        loop.close()
    assert len(loops) == 1
