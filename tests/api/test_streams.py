"""The stream of a run (contract 1.9): its frames in order, where its body ends, and what a replay holds."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.utils.timezone import now

from runs import recovery
from runs.engine.transcript import Transcript
from runs.live import follow
from runs.models import Event, Run
from tests.api.door import framed, frames_of, problem_of, raw_frames, said
from tests.machine import eventually, heard_first

QUESTION = {
    "questions": [
        {"question": "Which?", "header": "Which", "options": [{"label": "A"}, {"label": "B"}], "multiSelect": False}
    ]
}
PEOPLE = {"human_in_the_loop": True, "permission_mode": "approval"}


@pytest.fixture
def begin(api, teammate_with, carry):
    """Begin a run that streams, and carry it as far as it goes alone: the run and the unread response."""

    def begin(*tools, **body):
        response = api.post("/runs", {"teammate_id": teammate_with(*tools).pk, "message": "Do it", **body})
        assert response.status_code == 200, response.content
        return carry(Run.objects.latest("pk")), response

    return begin


def types(frames):
    """In order; how the words of one block are cut is a matter of time, so adjacent deltas count as one."""
    found = []
    for frame in frames:
        if not (frame["type"].endswith("-delta") and found[-1:] == [frame["type"]]):
            found.append(frame["type"])
    return found


def again(api, run):
    return frames_of(api.get(f"/runs/{run.pk}/stream"))


# --- the sequences ---


def test_a_text_run(fake, begin):
    fake.say("Grüße aus Köln")
    run, response = begin()
    frames = frames_of(response)
    assert types(frames) == ["metadata", "text-start", "text-delta", "text-end", "run_metrics", "done"]
    assert frames[0] == {"type": "metadata", "run_id": run.pk, "payload": {"run_id": run.pk}}
    assert (frames[-1]["completion_state"], frames[-1]["stop_reason"]) == ("complete", "end_turn")
    assert said(frames) == run.output == "Grüße aus Köln"


def test_a_run_with_a_tool(fake, posted, begin):
    fake.say("First I post. ").call("post", {"text": "hello"})
    fake.say("Done.")
    _, response = begin("post")
    frames = frames_of(response)
    assert types(frames) == [
        *("metadata", "text-start", "text-delta", "text-end"),
        *("tool-call-start", "tool-call-delta", "tool-call-end", "tool-result-end"),
        *("text-start", "text-delta", "text-end", "run_metrics", "done"),
    ]
    start, delta, _, result = called = [frame for frame in frames if frame["type"].startswith("tool-")]
    assert (start["toolName"], delta["delta"], result["result"]) == ("post", '{"text": "hello"}', "Posted hello")
    assert len({frame["toolCallId"] for frame in called}) == 1
    assert said(frames) == "First I post. Done."


def test_thoughts_stand_before_the_words(fake, begin):
    fake.think("Hm.").say("Hello.")
    _, response = begin()
    assert types(frames_of(response))[1:7] == [
        *("reasoning-start", "reasoning-delta", "reasoning-end"),
        *("text-start", "text-delta", "text-end"),
    ]


def test_a_list_of_things_to_do(fake, begin):
    fake.call("todo_write", {"items": [{"text": "One", "done": True}]})
    _, response = begin("todo_write")
    [todos] = [frame for frame in frames_of(response) if frame["type"] == "todo-update"]
    assert todos["todos"] == [{"text": "One", "done": True}]


def test_a_question_ends_the_body(fake, begin, api):
    fake.call("AskUserQuestion", QUESTION)
    run, response = begin(**PEOPLE)
    frames = frames_of(response)
    assert types(frames) == ["metadata", "tool-call-start", "tool-call-delta", "tool-call-end", "awaiting_approval"]
    [gate] = api.gates(run)
    asked = {key: gate[key] for key in ("request_id", "tool_use_id", "tool_name", "tool_input")}
    assert frames[-1] == {"type": "awaiting_approval", "run_id": run.pk, **asked}
    assert frames[-1]["tool_use_id"] == frames[1]["toolCallId"]


def test_a_plan_ends_the_body(fake, begin):
    fake.say("1. Post it.")  # a plan in words opens a gate without a call
    _, response = begin(human_in_the_loop=True, permission_mode="plan")
    frames = frames_of(response)
    assert types(frames)[-2:] == ["text-end", "awaiting_approval"]
    assert frames[-1]["tool_input"]["questions"][0]["header"] == "Plan Approval"


def test_several_gates_are_all_told_before_the_body_ends(fake, posted, begin):
    fake.calls(("post", {"text": "one"}), ("post", {"text": "two"}))
    _, response = begin("post", **PEOPLE)
    assert types(frames_of(response))[-2:] == ["awaiting_approval"] * 2


def test_a_failure(fake, begin):
    fake.error(401)
    run, response = begin()
    frames = frames_of(response)
    assert types(frames) == ["metadata", "error", "done"]
    assert (frames[1]["error"], frames[2]["completion_state"]) == (run.error, "error")


def test_a_stop(fake, teammate_with, api):
    response = api.post("/runs", {"teammate_id": teammate_with().pk, "message": "Do it"})
    run = Run.objects.get()
    api.post(f"/runs/{run.pk}/cancel")
    assert frames_of(response) == [
        {"type": "metadata", "run_id": run.pk, "payload": {"run_id": run.pk}},
        {"type": "cancelled", "run_id": run.pk},
    ]


def test_a_reply_names_its_own_run_first(fake, begin, api, carry):
    run, response = begin()
    raw_frames(response)
    response = api.post(f"/runs/{run.pk}/reply", {"message": "Go on"})
    reply = carry(Run.objects.latest("pk"))
    assert frames_of(response)[0]["run_id"] == reply.pk != run.pk
    assert response["X-Run-Id"] == str(reply.pk)


# --- the bytes ---


def test_every_byte_is_ascii_and_every_frame_is_one_line(fake, posted, begin):
    text = "a\x85b\u2028c\u2029d 🎉 ü\r\ne\x0bf\x1cg"
    fake.say(text).call("post", {"text": text})
    _, response = begin("post")
    raw = raw_frames(response)
    assert raw.isascii()
    frames = raw.decode().split("\n\n")
    assert frames.pop() == ""
    assert all(frame.startswith("data: {") and len(frame.splitlines()) == 1 for frame in frames)
    assert posted == [text]


# --- come back ---


def test_a_replay_of_a_pause_tells_all_of_it_and_ends(fake, posted, begin, api):
    fake.say("I post. ").call("post", {"text": "hello"})
    run, response = begin("post", **PEOPLE)
    assert again(api, run) == frames_of(response)
    assert again(api, run) == again(api, run)


def test_after_a_decision_a_replay_tells_it_and_what_came_of_it(fake, posted, begin, api, aside, carry):
    fake.call("post", {"text": "hello"})
    held = fake.say("Posted it.").gate(after=1)
    run, _ = begin("post", **PEOPLE)
    [gate] = api.gates(run)
    api.post(f"/runs/{run.pk}/approve", {"request_id": gate["request_id"]})
    aside(carry, run)
    held.wait()
    response = api.get(f"/runs/{run.pk}/stream")
    held.release()
    frames = frames_of(response)
    assert [kind for kind in types(frames) if "text" not in kind] == [
        *("metadata", "tool-call-start", "tool-call-delta", "tool-call-end"),
        *("awaiting_approval", "permission_resolved", "tool-result-end", "run_metrics", "done"),
    ]
    resolved = frames[types(frames).index("permission_resolved")]
    assert (resolved["request_id"], resolved["resolved_status"]) == (gate["request_id"], "allowed")
    assert said(frames) == Run.objects.get().output == "Posted it."


@pytest.mark.parametrize(("word", "result"), [("allow", "Posted hello"), ("deny", "Denied by a person")])
def test_a_decided_call_has_its_result_once(fake, posted, begin, api, carry, word, result):
    fake.call("post", {"text": "hello"})
    fake.call("AskUserQuestion", QUESTION)
    run, _ = begin("post", **PEOPLE)
    api.post(f"/runs/{run.pk}/approve", {"request_id": api.gates(run)[0]["request_id"], "decision": word})
    carry(run)
    results = [frame for frame in again(api, run) if frame["type"] == "tool-result-end"]
    assert len(results) == 1
    assert results[0]["result"].startswith(result)


def test_an_answer_is_the_result_of_its_call(fake, begin, api, carry):
    fake.call("AskUserQuestion", QUESTION)
    fake.call("AskUserQuestion", QUESTION)
    run, _ = begin(**PEOPLE)
    api.post(f"/runs/{run.pk}/answer", {"answers": {"Which?": "A"}})
    carry(run)
    frames = again(api, run)
    assert types(frames)[4:7] == ["awaiting_approval", "permission_resolved", "tool-result-end"]
    assert '"Which?": "A"' in frames[6]["result"]
    assert types(frames)[-1] == "awaiting_approval"


@pytest.mark.parametrize("decided", [0, 1])
def test_a_replay_ends_where_the_run_waits_and_asks_again_if_not_for_the_newest(fake, posted, begin, api, decided):
    fake.calls(("post", {"text": "one"}), ("post", {"text": "two"}))
    run, _ = begin("post", **PEOPLE)
    both = [gate["request_id"] for gate in api.gates(run)]
    api.post(f"/runs/{run.pk}/approve", {"request_id": both[decided]})
    assert [frame["request_id"] for frame in again(api, run) if "request_id" in frame] == both + both[decided::-1]


def test_a_stop_while_it_waits_ends_an_open_replay(fake, posted, begin, api, aside, carry):
    fake.call("post", {"text": "hello"})
    fake.say("a b c").gate(after=1)
    run, _ = begin("post", **PEOPLE)
    api.post(f"/runs/{run.pk}/approve", {"request_id": api.gates(run)[0]["request_id"]})
    aside(carry, run)
    assert eventually(lambda: Event.objects.filter(run=run, kind="text").exists())
    response = api.get(f"/runs/{run.pk}/stream")
    api.post(f"/runs/{run.pk}/cancel")
    assert types(frames_of(response))[-1] == "cancelled"


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
def test_a_run_that_is_over_has_no_stream(fake, begin, api, end):
    run, _ = begin()
    Run.objects.filter(pk=run.pk).update(status=end)
    assert problem_of(api.get(f"/runs/{run.pk}/stream")) == (409, "run_ended")


# --- attempts that died ---


@pytest.mark.parametrize("page", [2, 500])
def test_a_replay_holds_nothing_of_attempts_that_died(fake, begin, api, monkeypatch, page):
    """However the log is cut into pages."""
    monkeypatch.setattr(follow, "PAGE", page)
    monkeypatch.setattr(follow.lines_after, "__defaults__", (page,))
    fake.call("AskUserQuestion", QUESTION)
    run, _ = begin(**PEOPLE)
    Event.objects.filter(run=run).delete()
    log = [
        ("turn.started", {"turn": 1}),
        ("text", {"turn": 1, "delta": "Once upon"}),
        ("text", {"turn": 1, "delta": " a time"}),
        ("turn.restarted", {"turn": 1}),
        ("text", {"turn": 1, "delta": "Twice"}),
        ("run.paused", {"gates": 1}),
    ]
    Event.objects.bulk_create(Event(run=run, seq=seq, kind=kind, data=data) for seq, (kind, data) in enumerate(log, 1))
    Run.objects.filter(pk=run.pk).update(last_seq=len(log))
    assert said(again(api, run)) == "Twice"


class Killed(BaseException):
    """The worker dies here."""


def test_an_attempt_that_dies_while_somebody_reads_doubles_no_text(fake, begin, api, carry, aside, monkeypatch):
    def die(*args):
        raise Killed

    gate = fake.say("one two").gate(after=2)
    fake.say("one two three four")
    with monkeypatch.context() as patched, pytest.raises(Killed), heard_first(gate):
        patched.setattr(Transcript, "said", die)
        begin()
    run = Run.objects.get()
    read = reading(api.get(f"/runs/{run.pk}/stream"), aside)
    assert eventually(lambda: "one two" in said(framed(read.parts)))
    Run.objects.update(lease_until=now() - timedelta(seconds=1))
    assert recovery.sweep() == 1
    carry(run)
    assert said(framed(read.result(10))) == Run.objects.get().output == "one two three four"


def reading(response, aside):
    """Read the stream beside the test; `parts` is what has come so far."""
    parts = []

    async def read():
        async for part in response.streaming_content:
            parts.append(part)
        return parts

    future = aside(async_to_sync(read))
    future.parts = parts
    return future
