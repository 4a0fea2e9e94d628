"""What every shape of the product does alike: start, stream, pause, decide, cancel, crash, and trees of runs."""

import threading

import pytest

from tests.eventually import eventually
from tests.fake_script import Script
from tests.trees import delegate, told

pytestmark = pytest.mark.timeout(300)  # the first test of a shape starts its processes


def letter(to="Ada"):
    return Script().call("send_letter", {"to": to})


def by_turn(*scripts):
    """What the model says in each of its turns, whoever asks and however often the turn is begun again."""

    def reply(body):
        done = sum(message["role"] == "assistant" for message in body["messages"])
        return scripts[min(done, len(scripts) - 1)]

    return reply


def text_of(frames):
    return "".join(frame["delta"] for frame in frames if frame["type"] == "text-delta")


def test_a_run_starts_and_its_words_reach_followers_at_every_web_process(shape, fake):
    half = fake.new().say("one two three four five six").gate(after=3)
    run = shape.start("clerk", "Count")
    got = [[] for _ in range(2)]
    listening = [
        threading.Thread(target=lambda web=web: got[web].extend(shape.stream(run, web)), daemon=True)
        for web in range(2)
    ]
    for thread in listening:
        thread.start()
    half.wait()
    assert eventually(lambda: all(text_of(frames) for frames in got))
    half.release()
    for thread in listening:
        thread.join(20)
    assert [text_of(frames) for frames in got] == ["one two three four five six"] * 2
    shape.becomes(run, "completed")
    assert shape.has_no_gap(run)


def test_a_pause_waits_for_its_decision_and_the_tool_runs_once(shape, fake):
    fake.reply = by_turn(letter(), Script().say("It is sent"))
    run = shape.start("clerk", "Write to Ada")
    shape.becomes(run, "paused")
    assert shape.effects() == []
    assert shape.decide(run, web=1).status_code == 200
    shape.becomes(run, "completed")
    assert len(shape.effects()) == 1
    assert shape.has_no_gap(run)


def test_a_denial_reaches_the_model_and_the_tool_never_runs(shape, fake):
    fake.reply = by_turn(letter(), Script().say("Then not"))
    run = shape.start("clerk", "Write to Ada")
    shape.becomes(run, "paused")
    assert shape.decide(run, "deny").status_code == 200
    shape.becomes(run, "completed")
    assert shape.effects() == []
    assert "Denied by a person" in fake.requests[-1]["messages"][-1]["content"]


def test_of_decisions_that_race_at_every_web_process_one_wins(shape, fake):
    fake.reply = by_turn(letter(), Script().say("So be it"))
    run = shape.start("clerk", "Write to Ada")
    shape.becomes(run, "paused")
    gate, answers = f"approval-{shape.gate(run)}", []

    def decide(place):
        body = {"request_id": gate, "decision": ("allow", "deny")[place % 2]}
        answers.append((place % 2, shape.call("POST", f"/runs/{run}/approve", place // 2, **body).status_code))

    racing = [threading.Thread(target=decide, args=[place]) for place in range(8)]
    for thread in racing:
        thread.start()
    for thread in racing:
        thread.join(30)
    shape.becomes(run, "completed")
    winners = {verdict for verdict, status in answers if status == 200}
    assert len(answers) == 8 and len(winners) == 1
    assert len(shape.effects()) == (1 if winners == {0} else 0)
    assert shape.kinds(run).count("gate.decided") == 1


def test_a_stop_ends_it_wherever_it_runs(shape, fake):
    half = fake.new().say("one two three four").gate(after=2)
    run = shape.start("clerk", "Count")
    half.wait()
    assert shape.call("POST", f"/runs/{run}/cancel", 1).json()["status"] == "cancelled"
    half.release()
    assert shape.status(run) == "cancelled"
    assert shape.kinds(run)[-1] == "run.cancelled"
    assert shape.has_no_gap(run)


def test_a_run_whose_worker_is_killed_goes_on_elsewhere(shape, fake):
    half = fake.new().say("one two three four five").gate(after=3)
    run = shape.start("clerk", "Count")
    half.wait()
    assert eventually(lambda: "text" in shape.kinds(run))
    fake.default = Script().say("one two three, and done")
    shape.crash()
    shape.becomes(run, "completed")
    assert shape.kinds(run).count("turn.restarted") == 1
    assert shape.has_no_gap(run)


def test_a_call_killed_in_mid_effect_becomes_a_question(shape, fake):
    fake.reply = by_turn(letter(), Script().say("It is sent"))
    run = shape.start("clerk", "Write to Ada")
    shape.becomes(run, "paused")
    shape.hold.touch()
    assert shape.decide(run).status_code == 200
    assert eventually(shape.effects)
    shape.crash()
    shape.becomes(run, "paused")
    assert shape.rows(f"SELECT kind FROM approvals_question WHERE run_id = {run}") == [("unknown",)]
    assert len(shape.effects()) == 1


def test_a_clean_restart_hands_back_what_runs(shape, fake):
    half = fake.new().say("one two three four five six").gate(after=3)
    run = shape.start("clerk", "Count")
    half.wait()
    fake.default = Script().say("one two three")
    shape.roll()
    shape.becomes(run, "completed", seconds=10)  # less than a lease: it was handed back, not found
    assert shape.kinds(run).count("run.completed") == 1
    assert shape.has_no_gap(run)


def test_a_tree_pauses_at_a_gate_below_and_goes_on(shape, fake):
    fake.reply = told(
        ("leader", [delegate(("clerk", "count"), ("scribe", "write")), Script().say("Both are done.")]),
        ("fake", [Script().say("three")]),
        ("scribe", [letter(), Script().say("posted")]),
    )
    run = shape.by_page("office", "Do it")
    shape.becomes(run, "paused")
    assert eventually(lambda: "run.paused" in shape.kinds(run), 20)
    shape.person.decide(shape.gate(run), "allow")
    shape.becomes(run, "completed")
    assert len(shape.effects()) == 1
    assert shape.has_no_gap(run)
