"""The fake model is told apart from the real endpoint by nobody: the openai package reads it."""

import threading
import time

import openai
import pytest

from tests.fake_model import FakeModel, unused_url
from tests.fake_script import Script

TALK = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def model():
    with FakeModel() as fake:
        yield fake


@pytest.fixture
def client(model):
    with openai.OpenAI(base_url=model.base_url, api_key="x", max_retries=0, timeout=5) as client:
        yield client


def stream(client, talk=TALK):
    return client.chat.completions.create(
        model="fake", messages=talk, stream=True, stream_options={"include_usage": True}
    )


def spoken(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_it_says_what_it_is_told_and_then_its_default(model, client):
    model.say("Once upon a time")
    assert spoken(stream(client)) == "Once upon a time"
    assert client.chat.completions.create(model="fake", messages=TALK).choices[0].message.content == "Here you are."
    assert [body["messages"] for body in model.requests] == [TALK, TALK]
    assert [headers["Authorization"] for headers in model.headers] == ["Bearer x"] * 2


def test_a_stream_ends_with_its_reason_and_its_usage(model, client):
    model.say("Once upon").finish_reason("length")
    chunks = list(stream(client))
    assert chunks[-2].choices[0].finish_reason == "length"
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens == 2


def test_parallel_calls_come_in_pieces(model, client):
    model.say("Both. ").calls(("add", {"a": 1, "b": 22222222}), ("add", {"a": 2}))
    names, texts = {}, {}
    for chunk in stream(client):
        for call in (chunk.choices[0].delta.tool_calls or []) if chunk.choices else []:
            names[call.index] = names.get(call.index) or call.function.name
            texts[call.index] = texts.get(call.index, "") + call.function.arguments
    assert names == {0: "add", 1: "add"}
    assert texts == {0: '{"a": 1, "b": 22222222}', 1: '{"a": 2}'}


def test_broken_arguments_stay_broken(model, client):
    model.raw_arguments('{"a": ', tool="add")
    call = client.chat.completions.create(model="fake", messages=TALK).choices[0].message.tool_calls[0]
    assert (call.function.name, call.function.arguments) == ("add", '{"a": ')


def test_an_error_names_when_to_come_back(model, client):
    model.error(429, retry_after=3)
    with pytest.raises(openai.RateLimitError) as refused:
        stream(client)
    assert refused.value.response.headers["retry-after"] == "3"


def test_it_refuses_and_breaks_off(model, client):
    model.refuse()
    with pytest.raises(openai.APIConnectionError):
        stream(client)
    model.say("one two three four").cut_after(2)
    heard = []
    with pytest.raises(openai.APIConnectionError):
        heard.extend(stream(client))
    assert spoken(heard) == "one two "
    assert model.dropped == 0


def test_an_endpoint_that_is_down():
    client = openai.OpenAI(base_url=unused_url(), api_key="x", max_retries=0)
    with client, pytest.raises(openai.APIConnectionError):
        stream(client)


def test_rubbish_is_sent_as_it_is(model, client):
    model.rubbish(b"data: {not json\n\n")
    with pytest.raises(ValueError):
        list(stream(client))


def test_a_gate_holds_the_answer_in_the_middle(model, client):
    gate = model.say("one two three").gate(after=2)
    heard = []
    reader = threading.Thread(target=lambda: heard.extend(stream(client)))
    reader.start()
    assert model.wait_for_request()["messages"] == TALK
    gate.wait()
    time.sleep(0.05)
    assert spoken(heard) == "one two "
    gate.release()
    reader.join(5)
    assert spoken(heard) == "one two three"


def test_a_client_that_leaves_is_noticed(model, client):
    gate = model.say("one two").gate(after=1)
    answer = stream(client)
    gate.wait()
    answer.close()
    model.wait_for_drop()


def test_silence_runs_into_the_clients_timeout(model, client):
    model.stall(5)
    with pytest.raises(openai.APITimeoutError):
        stream(client.with_options(timeout=0.1))
    model.wait_for_drop()


def test_side_by_side_each_is_answered_by_what_it_asks(model, client):
    model.reply = lambda body: Script().say(body["messages"][-1]["content"].upper())
    assert spoken(stream(client, [{"role": "user", "content": "left"}])) == "LEFT"
    assert spoken(stream(client, [{"role": "user", "content": "right"}])) == "RIGHT"


def test_a_paced_answer_numbers_its_tokens_and_keeps_its_pace(model, client):
    model.new().paced(20, 100)
    begun = time.monotonic()
    tokens = spoken(stream(client)).split()
    assert 0.15 < time.monotonic() - begun < 2
    assert [int(token.partition(":")[0]) for token in tokens] == list(range(1, 21))
