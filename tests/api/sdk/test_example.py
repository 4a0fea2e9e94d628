"""The worked example runs as its README says, with both generations of the SDK."""

import os
import subprocess

import pytest

from config.env import ROOT
from tests.api.sdk.test_gates import COLOURS
from tests.conftest import SDKS

POST = {"channel": "news", "text": "Dark mode is here."}


@pytest.fixture(params=list(SDKS))
def play(request, server, keys, complaints):
    """Run the example and type these lines; what it printed."""

    def play(*typed):
        known = {"M8TES_BASE_URL": f"{server.url}/api/v2", "M8TES_API_KEY": keys[0]}
        done = subprocess.run(
            [SDKS[request.param], "examples/newsroom.py", "Announce the dark mode"],
            input="".join(f"{line}\n" for line in typed),
            env={**os.environ, **known},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return play


@pytest.mark.parametrize(("word", "result"), [("y", "Published in news."), ("n", "Denied by a person")])
def test_it_asks_and_publishes_only_what_is_allowed(model, play, word, result):
    model.say("I need to know one thing. ").call("AskUserQuestion", COLOURS)
    model.call("announce", POST)
    model.say("That was it.")
    printed = play("2", word)
    assert printed.startswith("I need to know one thing.")
    assert "1. Red" in printed
    assert "text: Dark mode is here." in printed
    assert "is completed. That was it." in printed
    told = [message["content"] for message in model.requests[-1]["messages"] if message["role"] == "tool"]
    assert "Blue" in told[0]
    assert told[1].startswith(result)
