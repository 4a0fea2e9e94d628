"""The real server and unmodified clients: two versions of agno's, and forms as `curl` sends them.

The door stands open until the last tests, which make a key.
"""

import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest

from tests.api.agentos.clients import ClientError
from tests.api.agentos.door import COLOURS, TO_THE_END, blocks, names
from tests.machine import eventually

clients = pytest.mark.sdks


# --- agno's client ---


@clients
def test_the_client_lists_runs_and_streams(agno, model):
    assert "helper" in [agent["id"] for agent in agno.list_agents()]
    assert agno.aget_agent("helper")["name"] == "Helper"
    model.say("Grüße\u2028aus Köln")
    told = agno.run_agent("helper", "Hello", session_id="s-1", user_id="ann", dependencies={"robot_name": "Anna"})
    assert (told["status"], told["content"], told["session_id"]) == ("COMPLETED", "Grüße\u2028aus Köln", "s-1")
    assert "You are Anna." in model.requests[-1]["messages"][0]["content"]
    model.say("one \u0085 two \u2029 three")
    events = agno.run_agent_stream("helper", "Hello", session_state={"n": 1})
    assert names(events) == ["RunStarted", *TO_THE_END]
    assert events[-1]["content"] == "one \u0085 two \u2029 three"
    assert events[-1]["session_state"] == {"n": 1}
    assert {event["kind"] for event in events} == {f"{name}Event" for name in ("RunStarted", *TO_THE_END)}


@clients
def test_the_client_confirms(agno, model, ledger):
    model.call("post", {"text": "hello"})
    events = agno.run_agent_stream("helper", "Post it")
    assert names(events)[-2:] == ["RunContentCompleted", "RunPaused"]
    assert ledger() == []
    after = agno.decide(events[-1], ("confirm",))
    assert names(after) == ["RunContinued", "ToolCallStarted", "ToolCallCompleted", *TO_THE_END]
    assert ledger() == ["posted hello"]
    with pytest.raises(ClientError) as told:
        agno.continue_agent_run("helper", events[-1]["run_id"], decide=[], session_id=events[-1]["session_id"])
    assert told.value.status == 409
    assert ledger() == ["posted hello"]


@clients
def test_the_client_edits_what_runs(agno, model, ledger):
    model.call("post", {"text": "hello"})
    done = agno.decide(agno.run_agent("helper", "Post it"), ("edit", {"text": "good evening"}), stream=False)
    assert (done["status"], ledger()) == ("COMPLETED", ["posted good evening"])


@clients
def test_the_client_rejects_with_a_note(agno, model, ledger):
    model.call("post", {"text": "hello"})
    paused = agno.run_agent("helper", "Post it")
    assert paused["status"] == "PAUSED"
    done = agno.decide(paused, ("reject", "not on my watch"), stream=False)
    assert done["status"] == "COMPLETED"
    assert "not on my watch" in model.requests[-1]["messages"][-1]["content"]
    assert ledger() == []


@clients
def test_the_client_fills_in_and_answers_and_gives_results(agno, model, ledger):
    model.call("send", {"text": "hi"})
    model.call("measure", {"place": "lab"})
    model.call("AskUserQuestion", {"questions": [COLOURS]})
    paused = agno.run_agent("helper", "Do all that")
    events = agno.decide(paused, ("provide_user_input", {"to": "ann", "copies": 2}))
    assert names(events)[:3] == ["RunContinued", "ToolCallStarted", "ToolCallCompleted"]
    assert ledger() == ["sent hi to ann x2"]
    events = agno.decide(events[-1], ("set_external_execution_result", "21 degrees"))
    assert "ToolCallStarted" not in names(events)
    assert model.requests[-1]["messages"][-1]["content"] == "21 degrees"
    done = agno.decide(events[-1], ("provide_user_feedback", {"Which colour?": ["Red"]}), stream=False)
    assert done["status"] == "COMPLETED"
    assert json.loads(model.requests[-1]["messages"][-1]["content"]) == {"answers": {"Which colour?": "Red"}}


@clients
def test_the_client_decides_about_parallel_calls_and_again_later(agno, model, ledger):
    model.new().calls(("look", {}), ("post", {"text": "a"}), ("post", {"text": "b"}))
    model.call("post", {"text": "c"})
    paused = agno.run_agent("helper", "Post them")
    events = agno.decide(paused, ("confirm",), ("reject",))
    assert names(events)[-1] == "RunPaused"
    assert ledger() == ["posted a"]
    assert agno.decide(events[-1], ("confirm",), stream=False)["status"] == "COMPLETED"
    assert ledger() == ["posted a", "posted c"]


@clients
def test_the_client_reads_what_a_tool_tells_of_its_work(agno, model):
    model.call("count", {"until": 2})
    events = agno.run_agent_stream("helper", "Count")
    assert [event["data"]["done"] for event in events if event["event"] == "CustomEvent"] == [1, 2]
    run = agno.get_session_run(events[-1]["session_id"], events[-1]["run_id"])
    assert [event["event"] for event in run["events"]].count("CustomEvent") == 2


@clients
def test_the_client_hears_that_a_tool_failed(agno, model):
    model.call("stumble", {})
    events = agno.run_agent_stream("helper", "Walk")
    assert names(events)[3:6] == ["ToolCallStarted", "ToolCallCompleted", "ToolCallError"]
    assert "a stone" in events[5]["error"]
    assert names(events)[-1] == "RunCompleted"


@clients
def test_the_client_hears_that_its_run_was_stopped(agno, model, curl):
    gate = model.say("one two three").gate(after=2)
    session = f"stopped-{agno.version}"
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(agno.run_agent_stream, "helper", "Count", session_id=session)
        gate.wait()
        [run] = curl.get(f"/sessions/{session}/runs").json()
        assert curl.post(f"/agents/helper/runs/{run['run_id']}/cancel").json() == {}
        events = reading.result(20)
    gate.release()
    assert (names(events)[-1], events[-1]["kind"]) == ("RunCancelled", "RunCancelledEvent")


@clients
def test_the_client_stops_a_run(agno, model, curl):
    gate = model.say("one two three").gate(after=2)
    events = agno.run_agent_stream("helper", "Count", leave="RunContent")
    run = {"session_id": events[-1]["session_id"]}
    path = f"/agents/helper/runs/{events[-1]['run_id']}"
    assert curl.get(path, params=run).json()["status"] == "RUNNING"
    assert agno.cancel_agent_run("helper", events[-1]["run_id"]) is None
    gate.release()
    assert curl.get(path, params=run).json()["status"] == "CANCELLED"
    assert agno.cancel_agent_run("helper", "no-such-run") is None


@clients
def test_the_client_keeps_sessions(agno, model):
    session = f"kept-{agno.version}"
    made = agno.create_session(session_id=session, user_id="ann", session_name="First", session_state={"n": 1})
    assert (made["session_id"], made["session_state"]) == (session, {"n": 1})
    run = agno.run_agent("helper", "Hello", session_id=session, user_id="ann")
    assert [each["run_id"] for each in agno.get_session_runs(session)] == [run["run_id"]]
    assert agno.rename_session(session, "Second")["session_name"] == "Second"
    assert agno.update_session(session, session_state={"n": 2})["session_state"] == {"n": 2}
    listed = agno.get_sessions(user_id="ann", session_name="Second")["data"]
    assert session in [each["session_id"] for each in listed]
    agno.delete_session(session)
    with pytest.raises(ClientError) as told:
        agno.get_session(session)
    assert told.value.status == 404


@clients
def test_the_client_keeps_memories(agno, model):
    user = f"eve-{agno.version}"
    made = agno.create_memory("Likes red", user, topics=["colour"])
    found = agno.list_memories(user_id=user, topics=["colour"], search_content="red")["data"]
    assert [each["memory_id"] for each in found] == [made["memory_id"]]
    assert agno.update_memory(made["memory_id"], "Likes blue", user)["memory"] == "Likes blue"
    assert "colour" in agno.get_memory_topics()
    agno.delete_memory(made["memory_id"])
    assert agno.list_memories(user_id=user)["data"] == []


@clients
def test_the_client_is_told_what_went_wrong(agno, model):
    model.error(400)
    assert agno.run_agent("helper", "Hello")["status"] == "ERROR"
    model.error(400)
    assert names(agno.run_agent_stream("helper", "Hello"))[-1] == "RunError"
    for wrong, status in (
        (lambda: agno.run_agent("nobody", "Hello"), 404),
        (lambda: agno.run_agent("helper", ""), 422),
        (lambda: agno.run_agent_stream("nobody", "Hello"), 404),
        (lambda: agno.aget_agent("nobody"), 404),
        (lambda: agno.cancel_agent_run("nobody", "1"), 404),
        (lambda: agno.continue_agent_run("helper", "no-such-run", tools=[]), 404),
    ):
        with pytest.raises(ClientError) as told:
            wrong()
        assert (told.value.name, told.value.status) == ("HTTPStatusError", status)


# --- forms by hand ---


def test_a_run_can_be_asked_for_by_hand(curl, model):
    form = {"message": "Tell me.", "stream": "True", "user_id": "john@example.com", "session_id": "session_123"}
    response = curl.post("/agents/helper/runs", data=form)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    events = blocks(response)
    assert names(events) == ["RunStarted", *TO_THE_END]
    assert (events[0]["session_id"], events[-1]["content"]) == ("session_123", "Here you are.")
    told = curl.post("/agents/helper/runs", data={"message": "A story", "dependencies": '{"robot_name": "Anna"}'})
    assert told.json()["status"] == "COMPLETED"
    assert "You are Anna." in model.requests[-1]["messages"][0]["content"]
    assert curl.get(f"/agents/helper/runs/{told.json()['run_id']}/cancel").status_code == 405
    assert curl.post(f"/agents/helper/runs/{told.json()['run_id']}/cancel").json() == {}
    parts = {"message": (None, "Hello"), "session_id": (None, "s-7")}
    assert curl.post("/agents/helper/runs/", files=parts).json()["session_id"] == "s-7"


def test_client_disconnect_does_not_lose_the_run(curl, model, server):
    gate = model.say("one two three").gate(after=2)
    with curl.stream("POST", "/agents/helper/runs", data={"message": "Count", "stream": "true"}) as response:
        lines = (json.loads(line[6:]) for line in response.iter_lines() if line.startswith("data: "))
        first = next(event for event in lines if event["event"] == "RunContent")
    gate.release()
    path, query = f"/agents/helper/runs/{first['run_id']}", {"session_id": first["session_id"]}
    assert eventually(lambda: curl.get(path, params=query).json()["status"] == "COMPLETED")
    assert curl.get(path, params=query).json()["content"] == "one two three"


def test_a_client_that_hangs_up_while_it_waits_for_the_result_loses_nothing(curl, model, server):
    gate = model.say("one two three").gate(after=2)
    with suppress(httpx.ReadTimeout):
        curl.post("/agents/helper/runs", data={"message": "Count", "session_id": "left"}, timeout=0.5)
    gate.wait()
    gate.release()
    runs = lambda: curl.get("/sessions/left/runs").json()  # noqa: E731 - asked again and again
    assert eventually(lambda: [run["content"] for run in runs()] == ["one two three"])


def test_two_who_attach_to_a_run_in_the_background_see_the_same(curl, model):
    model.call("post", {"text": "x"})
    told = curl.post("/agents/helper/runs", data={"message": "Post", "background": "true"})
    assert told.status_code == 202
    path, query = f"/agents/helper/runs/{told.json()['run_id']}", {"session_id": told.json()["session_id"]}
    assert eventually(lambda: curl.get(path, params=query).json()["status"] == "PAUSED")
    tools = curl.get(path, params=query).json()["tools"]
    decided = {"tools": json.dumps([{**tools[0], "confirmed": True}]), **query}
    first = blocks(curl.post(f"{path}/continue", data=decided))
    assert curl.post(f"{path}/continue", data=decided).status_code == 409
    assert blocks(curl.post(f"{path}/continue", data={"tools": "", **query})) == first


def test_http_1_0_does_not_pass_the_open_door(server):
    """It is what a proxy speaks that was not told otherwise."""
    address = urlsplit(server.url)
    for version, status in (("1.1", b"200"), ("1.0", b"401")):
        with socket.create_connection((address.hostname, address.port), 5) as line:
            ask = f"GET /agents HTTP/{version}\r\nHost: {address.netloc}\r\nConnection: close\r\n\r\n"
            line.sendall(ask.encode())
            assert line.recv(100).split()[1] == status


# --- the last: the door closes ---


def test_a_key_closes_the_door_and_opens_it_for_its_holder(curl, server, programs):
    assert "every program on this machine" in "".join(server.output)
    assert curl.get("/agents").status_code == 200
    key = re.search(r"sayso_\S+", server.manage("apikey", "create", "test"))[0]
    answer = curl.get("/agents")
    assert (answer.status_code, answer.json()["error_code"]) == (401, "UNAUTHENTICATED")
    assert curl.get("/agents", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), 5) as line:  # the body never comes
        line.sendall(
            f"POST /agents/helper/runs HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 9\r\n\r\n".encode()
        )
        assert line.recv(100).split()[1] == b"401"
    for agno in programs.values():
        with pytest.raises(ClientError) as told:
            agno.list_agents()
        assert told.value.status == 401
        agno.key = key
        assert agno.list_agents()
