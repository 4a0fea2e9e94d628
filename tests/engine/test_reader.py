"""Who reads a model's answer, and when what was read goes to the log."""

import asyncio
import threading

import pytest

from runs.engine import endpoint, model
from runs.engine.model import Speech
from runs.engine.reply import Reply, Request


def test_a_lent_loop_reads_and_hangs_up_after_it_has_stopped(fake, monkeypatch):
    loop = asyncio.new_event_loop()
    monkeypatch.setattr(model, "_lent", [])
    monkeypatch.setattr(endpoint, "_clients", {})
    model.read_in(loop)
    lender = threading.Thread(target=loop.run_forever)
    lender.start()
    question = Request("fake", [{"role": "user", "content": "Say it"}], [], 1)
    answer = model.in_reader(model.ask_endpoint(question, lambda kind, delta: None))
    assert answer.result(5).text == "Here you are."
    loop.call_soon_threadsafe(loop.stop)
    lender.join(5)
    model.close_clients()
    assert (endpoint._clients, loop.is_closed()) == ({}, False)
    loop.close()


@pytest.mark.parametrize(("comes", "written"), [("at once", 0), ("in two parts", 2)])
def test_what_comes_together_is_written_together_and_the_last_with_the_reply(monkeypatch, comes, written):
    times = []

    async def answer(request, heard):
        for word in ("one ", "two "):
            heard("text", word)
            heard("text", word)
            if comes == "in two parts":
                await asyncio.sleep(0)
                await asyncio.sleep(0)
        return Reply("one one two two")

    monkeypatch.setattr(model, "ask_endpoint", answer)
    monkeypatch.setattr(model.writer, "say", lambda *said: times.append(said[3]["delta"]) is None)
    monkeypatch.setattr(model.writer, "hurry", lambda: times.append("written"))
    assert asyncio.run(Speech(1, "lease", Request("fake", [], [], 1)).whole()).text == "one one two two"
    assert times.count("written") == written
    assert [word for word in times if word != "written"] == ["one ", "one ", "two ", "two "]
