"""Runs of agents: what is answered, what is streamed, and what can be sent along (contract 2.1 to 2.6)."""

import json

from django.utils import timezone

from runs.models import Run
from teammates.models import Teammate
from teammates.services import save
from tests.api.agentos.door import frames_of, names, problem_of, row

PLAIN = [
    "RunStarted",
    "ModelRequestStarted",
    "RunContent",
    "ModelRequestCompleted",
    "RunContentCompleted",
    "RunCompleted",
]


# --- lists ---


def test_agents_are_listed_with_their_tools(door, posted, teammate_with):
    teammate_with("post", "AskUserQuestion")
    [agent] = door.get("/agents").json()
    assert (agent["id"], agent["name"]) == ("helper", "Helper")
    assert agent["model"]["name"]
    post = next(tool for tool in agent["tools"]["tools"] if tool["name"] == "post")
    assert post["parameters"]["properties"] == {"text": {"title": "Text", "type": "string"}}
    assert None not in agent.values()
    assert door.get("/agents/").json() == [agent]
    assert door.get("/agents/helper").json() == agent


def test_agents_of_other_accounts_and_archived_ones_are_not_there(door, teammate_with, outsider):
    teammate_with()
    save(Teammate(slug="theirs", name="Theirs", owner=outsider), [])
    assert [agent["id"] for agent in door.get("/agents").json()] == ["helper"]
    for path in ("/agents/theirs", "/agents/nobody"):
        assert problem_of(door.get(path)) == (404, "NOT_FOUND")
    assert problem_of(door.create("theirs")) == (404, "NOT_FOUND")
    assert not Run.objects.exists()


# --- a run, whole and streamed ---


def test_a_run_is_answered_once_it_has_ended(fake, teammate_with, door):
    teammate_with()
    fake.say("Grüße aus Köln")
    told = door.run(message="Hello", user_id="ann", session_id="s-1")
    assert {key: told[key] for key in ("agent_id", "agent_name", "session_id", "user_id", "status", "content")} == {
        "agent_id": "helper",
        "agent_name": "Helper",
        "session_id": "s-1",
        "user_id": "ann",
        "status": "COMPLETED",
        "content": "Grüße aus Köln",
    }
    assert told["input"] == {"input_content": "Hello"}
    assert [message["role"] for message in told["messages"]] == ["user", "assistant"]
    assert told["metrics"]["total_tokens"] == told["metrics"]["input_tokens"] + told["metrics"]["output_tokens"]
    assert isinstance(told["created_at"], int)
    assert "run" not in told
    assert names(told["events"]) == [name for name in PLAIN if name != "RunContent"]
    assert door.look(told).json() == told


def test_what_an_archived_agent_did_is_still_seen_and_stopped(posted, gated, door):
    Teammate.objects.update(archived_at=timezone.now())
    assert door.look(gated).json()["status"] == "PAUSED"
    assert [run["run_id"] for run in door.get("/agents/helper/runs", session_id=gated["session_id"]).json()] == [
        gated["run_id"]
    ]
    assert problem_of(door.create()) == (404, "NOT_FOUND")
    door.cancel(gated)
    assert door.look(gated).json()["status"] == "CANCELLED"


def test_a_run_of_an_end_users_teammate_is_that_end_users(fake, teammate_with, door):
    mate = teammate_with()
    Teammate.objects.filter(pk=mate.pk).update(user_id="ann")
    for words in ({}, {"session_id": "s-1"}, {"session_id": "s-1"}, {"user_id": "ann"}):
        assert row(door.create(background="true", **words).json()).user_id == "ann"


def test_it_is_told_how_soon_the_model_began_and_what_each_model_used(fake, teammate_with, door):
    teammate_with()
    fake.say("one two").stall(0.05)
    told = door.run()
    metrics, tokens = told["metrics"], ("input_tokens", "output_tokens", "total_tokens")
    assert 0.05 <= metrics["time_to_first_token"] <= metrics["duration"]
    model = {"id": told["model"], "provider": "OpenAI", **{name: metrics[name] for name in tokens}}
    assert metrics["details"] == {"model": [model]}
    [completed] = [event for event in told["events"] if event["event"] == "ModelRequestCompleted"]
    assert completed["time_to_first_token"] == metrics["time_to_first_token"]


def test_what_the_model_thought_is_kept(fake, teammate_with, door):
    teammate_with()
    fake.think("Hm, ").say("Hi")
    told = door.run(session_id="s-1")
    assert (told["reasoning_content"], told["content"]) == ("Hm, ", "Hi")
    assert door.get("/sessions/s-1/runs").json()[0]["reasoning_content"] == "Hm, "


def test_a_stream_tells_the_events_in_their_order(fake, teammate_with, door):
    teammate_with()
    fake.say("one two three")
    events = door.stream()
    assert names(events) == PLAIN
    assert "".join(event["content"] for event in events if event["event"] == "RunContent") == "one two three"
    assert events[-1]["content"] == "one two three"
    common = ("agent_id", "agent_name", "run_id", "session_id")
    assert len({tuple(event[key] for key in common) for event in events}) == 1
    assert [event["event_index"] for event in events] == sorted({event["event_index"] for event in events})
    assert None not in [value for event in events for value in event.values()]


def test_a_tool_is_told_between_two_requests(fake, posted, teammate_with, door):
    teammate_with("post")
    fake.call("post", {"text": "hi"})
    events = door.stream()
    turn = ["ModelRequestStarted", "ModelRequestCompleted", "ToolCallStarted", "ToolCallCompleted"]
    assert names(events) == ["RunStarted", *turn, *PLAIN[1:]]
    begun, done = (event["tool"] for event in events if "tool" in event)
    assert (begun["result"], done["result"]) == (None, "Posted hi")
    assert (begun["tool_call_id"], len(begun)) == (done["tool_call_id"], 20)
    assert posted == ["hi"]


def test_a_tool_that_fails_is_told_and_the_model_goes_on(fake, own_tool, teammate_with, door):
    @own_tool(effect="read")
    def look() -> str:
        """Look."""
        raise ValueError("too dark")

    teammate_with("look")
    fake.call("look", {})
    events = door.stream()
    assert names(events)[3:6] == ["ToolCallStarted", "ToolCallCompleted", "ToolCallError"]
    assert events[-1]["event"] == "RunCompleted"
    completed = next(event for event in events if event["event"] == "ToolCallCompleted")
    assert completed["tool"]["tool_call_error"] is True
    assert "too dark" in next(event for event in events if event["event"] == "ToolCallError")["error"]


def test_multi_tool_run_without_a_stream(fake, posted, teammate_with, door):
    teammate_with("post")
    for text in ("a", "b", "c"):
        fake.call("post", {"text": text})
    told = door.run()
    assert (told["status"], posted) == ("COMPLETED", ["a", "b", "c"])
    asked = [call["id"] for message in told["messages"] for call in message.get("tool_calls", [])]
    results = [message["tool_call_id"] for message in told["messages"] if message["role"] == "tool"]
    assert asked == results
    assert len(set(asked)) == 3


def test_started_and_completed_come_in_pairs(fake, posted, teammate_with, door):
    teammate_with("post")
    fake.calls(("post", {"text": "a"}), ("post", {"wrong": 1}), ("nobody", {}))
    events = door.stream()
    begun = [e["tool"]["tool_call_id"] for e in events if e["event"] == "ToolCallStarted"]
    ended = [e["tool"]["tool_call_id"] for e in events if e["event"] == "ToolCallCompleted"]
    assert sorted(begun) == sorted(ended)
    assert len(set(begun)) == 3


def test_a_model_that_fails_is_no_fault_of_the_server(fake, teammate_with, door):
    teammate_with()
    fake.error(400)
    told = door.run()
    assert told["status"] == "ERROR"
    assert told["content"]
    assert told["events"][-1]["event"] == "RunError"
    assert told["events"][-1]["content"] == told["content"]
    fake.error(400)
    events = door.stream()
    assert names(events)[-1] == "RunError"
    assert "RunCompleted" not in names(events)
    assert door.look(events[-1]).json()["status"] == "ERROR"


def test_only_words_are_streamed_on_request(fake, teammate_with, door):
    teammate_with()
    assert set(names(door.stream(stream_events="false"))) == {"RunContent"}


def test_in_the_background_the_name_comes_first(fake, teammate_with, door):
    teammate_with()
    for stream in ("true", "false"):
        response = door.create(background="true", stream=stream)
        assert response.status_code == 202
        assert sorted(response.json()) == ["run_id", "session_id", "status"]
        assert response.json()["status"] == "PENDING"
        assert door.look(response.json()).json()["status"] == "COMPLETED"


def test_a_run_in_the_background_can_be_seen_before_it_begins(teammate_with, door):
    teammate_with()
    told = door.leave().create(background="1").json()
    assert door.look(told).json()["status"] == "PENDING"


# --- framing ---


def test_marks_at_which_clients_cut_lines_are_escaped(fake, teammate_with, door):
    teammate_with()
    text = "a\u0085b\u2028c\u2029d é 漢 \U0001f600"
    fake.say(text)
    raw = frames_of(door.create(stream=True, session_id="s\u2028", session_state={"k\u2029": "v\u0085"}))
    for mark in "\u0085\u2028\u2029":
        assert mark.encode() not in raw
    assert "é 漢 \U0001f600".encode() in raw
    lines = raw.decode().splitlines()
    assert [line for line in lines if line and not line.startswith(("event: ", "data: {"))] == []
    last = json.loads(lines[-2].removeprefix("data: "))
    assert (last["content"], last["session_id"], last["session_state"]) == (text, "s\u2028", {"k\u2029": "v\u0085"})
    whole = door.look(last).content
    assert "\u2028".encode() not in whole
    assert json.loads(whole)["content"] == text


def test_events_with_names_of_ours_alone_are_never_told(fake, posted, teammate_with, door):
    known = {
        *PLAIN, "RunPaused", "RunContinued", "RunCancelled", "RunError", "ToolCallStarted", "ToolCallCompleted",
        "ToolCallError", "CustomEvent",
    }  # fmt: skip
    teammate_with("post", "todo_write", "write_file")
    fake.call("todo_write", {"todos": [{"content": "x", "status": "pending"}]})
    fake.call("write_file", {"name": "a.txt", "content": "x"})
    events = door.stream()
    assert {event["event"] for event in events} <= known
    assert {event["event"] for event in door.look(events[-1]).json()["events"]} <= known
    assert row(events[-1]).status == "completed"
