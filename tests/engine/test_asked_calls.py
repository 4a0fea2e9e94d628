"""Calls that a model asks for: what cannot be meant runs nothing, and what can is run as it was meant."""

import json

import pytest

from tests.machine import kinds, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(posted, teammate_with, start, carry):
    """Start a run of a teammate with `post`, and carry it."""
    return lambda: carry(start(teammate_with("post")))


def test_an_answer_that_was_cut_off_runs_no_tool(fake, run, posted):
    fake.call("post", {"text": "hello"}).finish_reason("length")
    got = run()
    assert (got.status, posted, got.calls.get().state) == ("completed", [], "failed")
    assert told(fake) == ["Not run: your answer was cut off by the token limit. Ask again with shorter arguments."]
    assert kinds(got).count("call.finished") == 1


ARGUMENTS = {
    "broken": ('{"text": "hel', "not valid JSON"),
    "empty": ("", "do not fit"),
    "blank": (" ", "not valid JSON"),
    "two values": ('{"text": "a"} {"text": "b"}', "not valid JSON"),
    "a name twice": ('{"text": "shown", "text": "run"}', "is there twice"),
    "a name twice below": ('{"text": {"a": 1, "a": 2}}', "is there twice"),
    "a list": ('["hello"]', "one JSON object"),
    "a text": ('"hello"', "one JSON object"),
    "null": ("null", "one JSON object"),
    "NaN": ('{"text": NaN}', "not valid JSON"),
    "infinity": ('{"text": 1e999}', "not valid JSON"),
    "2^53": ('{"text": 9007199254740992}', "not valid JSON"),
    "half a pair": ('{"text": "\\ud800"}', "not valid JSON"),
    "NUL": ('{"text": "a\\u0000b"}', "NUL"),
    "NUL in a name": ('{"a\\u0000": "b"}', "NUL"),
    "too deep for anybody": ('{"text": ' + "[" * 900 + "]" * 900 + "}", "nested deeper than 100 levels"),
    "deep": ('{"text": ' + "[" * 5000 + "]" * 5000 + "}", "not valid JSON"),
    "another type": ('{"text": 5}', "do not fit"),
    "one more": ('{"text": "a", "cc": "b"}', "do not fit. cc: The tool has no such argument."),
    "one less": ("{}", "do not fit. text: It is required."),
}


@pytest.mark.parametrize(("arguments", "why"), ARGUMENTS.values(), ids=list(ARGUMENTS))
def test_arguments_that_cannot_be_meant_run_nothing(fake, run, posted, arguments, why):
    fake.raw_arguments(arguments, tool="post")
    got = run()
    assert (got.status, posted, got.calls.get().state) == ("completed", [], "failed")
    assert told(fake)[0].startswith("Not run") and why in told(fake)[0]
    echoed = fake.requests[1]["messages"][-2]["tool_calls"][0]["function"]["arguments"]
    assert isinstance(json.loads(echoed), dict)


@pytest.mark.parametrize(
    "text",
    [
        "\u2028",
        "\u2029",
        "\x85",
        "😀",
        "e\u0301",
        "\u202e",
        "a\\u0000b",
        "𝒳",
    ],
)
def test_odd_but_honest_text_arrives_as_it_was_meant(fake, run, posted, text):
    fake.call("post", {"text": text})
    got = run()
    assert (got.status, posted) == ("completed", [text])
    assert told(fake) == [f"Posted {text}"]
