import pytest

from runs.engine.model import ask_endpoint, in_reader
from runs.engine.reply import Request
from tests.fake_script import Script

pytestmark = pytest.mark.django_db(transaction=True)


def test_more_than_a_hundred_models_speak_at_once(fake):
    held = [Script().say("one two three") for _ in range(130)]
    gates = [script.gate(after=1) for script in held]
    waiting = iter(held)
    fake.reply = lambda body: next(waiting)
    question = Request("fake", [{"role": "user", "content": "Speak"}], [], 1)
    answers = [in_reader(ask_endpoint(question, lambda kind, delta: None)) for _ in held]
    for gate in gates:
        gate.wait()
        gate.release()
    assert [answer.result(10).text for answer in answers] == ["one two three"] * 130
