"""Teams and workflows of the real server, driven by unmodified clients; the sequences are those of the contract."""

import json

import pytest

from tests.api.agentos.clients import ClientError
from tests.api.agentos.door import TO_THE_END, blocks, names
from tests.fake_script import Script
from tests.trees import delegate, told

pytestmark = pytest.mark.sdks

ROSTER = """
[[teammates]]
id = "ann"
name = "Ann"
model = "ann"
tools = ["post"]

[[teammates]]
id = "bob"
name = "Bob"
model = "bob"
tools = []

[[teams]]
id = "crew"
name = "Crew"
model = "leader"
members = ["ann", "bob"]

[[teams]]
id = "planners"
name = "Planners"
model = "leader"
mode = "tasks"
members = ["bob"]

[[workflows]]
id = "flow"
name = "Flow"
steps = [
    { name = "Facts", teammate = "bob" },
    { name = "Both", parallel = [{ name = "Sum", teammate = "bob" }, { name = "Loud", tool = "shout" }] },
    { name = "End", tool = "shout" },
]

[[workflows]]
id = "posting"
name = "Posting"
steps = [{ name = "Post", teammate = "ann" }, { name = "End", tool = "shout" }]
"""
TEAM_TO_THE_END = [f"Team{name}" for name in TO_THE_END]


@pytest.fixture
def crew(model):
    """The leader gives Bob a task, and sums up."""
    model.reply = told(("leader", [delegate(("bob", "count")), Script().say("All done.")]), ("bob", [counted()]))


@pytest.fixture
def posting(model):
    """Ann, as a member and in a step, may post only when a person says so."""
    model.reply = told(
        ("leader", [delegate(("ann", "post it")), Script().say("All done.")]),
        ("ann", [Script().call("post", {"text": "hello"}), Script().say("it stands")]),
    )


def counted():
    return Script().say("one two three")


def test_the_client_lists_teams_and_workflows(agno):
    assert ("crew", "Crew") in [(team["id"], team["name"]) for team in agno.list_teams()]
    assert [member["id"] for member in agno.aget_team("crew")["members"]] == ["ann", "bob"]
    assert {"flow", "posting"} <= {flow["id"] for flow in agno.list_workflows()}
    assert [step["name"] for step in agno.aget_workflow("flow")["steps"]] == ["Facts", "Both", "End"]


def test_the_client_runs_a_team_and_reads_it(agno, crew):
    done = agno.run_team("crew", "Count", session_id="team-1")
    assert (done["status"], done["content"], done["team_id"]) == ("COMPLETED", "All done.", "crew")
    assert [one["content"] for one in done["member_responses"]] == ["one two three"]
    read = agno.get_session_run("team-1", done["run_id"], session_type="team")
    assert (read["content"], read["status"]) == ("All done.", "COMPLETED")
    found = agno.get_session_runs("team-1", session_type="team")
    assert [run["run_id"] for run in found][-1] == done["run_id"]


def test_the_client_follows_a_team(agno, crew):
    events = agno.run_team_stream("crew", "Count")
    assert names(events) == [
        *("TeamRunStarted", "TeamModelRequestStarted", "TeamModelRequestCompleted", "TeamToolCallStarted"),
        *("RunStarted", *TO_THE_END),
        *("TeamToolCallCompleted", *TEAM_TO_THE_END),
    ]
    member = next(event for event in events if event["event"] == "RunStarted")
    assert member["parent_run_id"] == events[0]["run_id"] and member["session_id"] == events[0]["session_id"]
    completed = next(event for event in events if event["event"] == "TeamToolCallCompleted")
    assert completed["tool"]["child_run_id"] == member["run_id"]
    assert [one["run_id"] for one in events[-1]["member_responses"]] == [member["run_id"]]


def test_the_client_follows_the_tasks_of_a_team(agno, model):
    write = Script().call("todo_write", {"items": [{"text": "Count", "done": True}]})
    model.reply = told(("leader", [write, Script().say("All done.")]))
    events = agno.run_team_stream("planners", "Count")
    assert names(events) == [
        *("TeamRunStarted", "TeamTaskIterationStarted", "TeamModelRequestStarted", "TeamModelRequestCompleted"),
        *("TeamToolCallStarted", "TeamTaskCreated", "TeamTaskStateUpdated", "TeamToolCallCompleted"),
        *("TeamTaskIterationCompleted", "TeamTaskIterationStarted", *TEAM_TO_THE_END[:-2]),
        *("TeamTaskIterationCompleted", *TEAM_TO_THE_END[-2:]),
    ]
    state = next(event for event in events if event["event"] == "TeamTaskStateUpdated")
    assert [task["title"] for task in state["tasks"]] == ["Count"] and state["goal_complete"]


def test_the_client_stops_a_team(agno, model, curl):
    held = counted()
    gate = held.gate(after=2)
    model.reply = told(("leader", [delegate(("bob", "count")), Script().say("All done.")]), ("bob", [held]))
    events = agno.run_team_stream("crew", "Count", leave="RunContent")
    top = events[0]
    path, query = f"/teams/crew/runs/{top['run_id']}", {"session_id": top["session_id"]}
    assert curl.get(path, params=query).json()["status"] == "RUNNING"
    assert agno.cancel_team_run("crew", top["run_id"]) is None
    gate.release()
    found = curl.get(path, params=query).json()
    assert (found["status"], found["events"][-1]["event"]) == ("CANCELLED", "TeamRunCancelled")
    assert agno.cancel_team_run("crew", "no-such-run") is None


def test_the_client_sees_what_waits_in_a_team_and_it_goes_on(agno, posting, curl, ledger):
    """The newer client continues by itself; for the older one, which has no such call, the route is asked."""
    events = agno.run_team_stream("crew", "Post it")
    assert names(events)[-2:] == ["RunPaused", "TeamRunPaused"]
    [requirement] = events[-1]["requirements"]
    assert requirement["member_agent_id"] == "ann" and ledger() == []
    run, session = events[0]["run_id"], events[0]["session_id"]
    if agno.version == "2.5.6":
        requirement["confirmation"] = requirement["tool_execution"]["confirmed"] = True
        after = go_on(curl, f"teams/crew/runs/{run}", session, requirements=[requirement])
    else:
        after = agno.continue_team_run_stream("crew", run, session_id=session, decide=[["confirm"]])
    assert names(after) == [
        *("RunContinued", "ToolCallStarted", "ToolCallCompleted", *TO_THE_END),
        *("TeamRunContinued", "TeamToolCallCompleted", *TEAM_TO_THE_END),
    ]
    assert ledger() == ["posted hello"]


def test_the_client_runs_a_workflow_and_reads_it(agno, model):
    model.reply = told(("bob", [counted()]))
    done = agno.run_workflow("flow", "Count", session_id="flow-1")
    assert (done["status"], done["input"]) == ("COMPLETED", "Count")
    assert done["content"] == "## SUM\nONE TWO THREE\n\n## LOUD\nONE TWO THREE"
    assert [one["step_name"] for one in done["step_results"]] == ["Facts", "Both", "End"]
    assert [one["agent_id"] for one in done["step_executor_runs"]] == ["bob", "bob"]
    read = agno.get_session_run("flow-1", done["run_id"], session_type="workflow")
    assert (read["content"], read["status"]) == (done["content"], "COMPLETED")


def test_the_client_follows_a_workflow(agno, model):
    model.reply = told(("bob", [counted()]))
    events = agno.run_workflow_stream("flow", "Count")
    own = [event for event in events if "agent_id" not in event]
    begins, block, ends = own[:3], own[3:-4], own[-4:]
    assert names(begins) == ["WorkflowStarted", "StepStarted", "StepCompleted"]
    assert (names(block)[0], names(block)[-1]) == ("ParallelExecutionStarted", "ParallelExecutionCompleted")
    for step, told_ in (
        ("Sum", ["StepStarted", "StepCompleted"]),
        ("Loud", ["StepStarted", "StepOutput", "StepCompleted"]),
    ):
        assert [event["event"] for event in block if event.get("step_name") == step] == told_
    assert names(ends) == ["StepStarted", "StepOutput", "StepCompleted", "WorkflowCompleted"]
    agents = [event for event in events if "agent_id" in event]
    assert names(agents) == ["RunStarted", *TO_THE_END] * 2
    assert {event["workflow_run_id"] for event in agents} == {events[0]["run_id"]}
    assert [event["step_index"] for event in agents if event["event"] == "RunStarted"] == [0, [1, 0]]


def test_the_client_stops_a_workflow(agno, model, curl):
    held = counted()
    gate = held.gate(after=2)
    model.reply = told(("bob", [held]))
    events = agno.run_workflow_stream("flow", "Count", leave="RunContent")
    top = events[0]
    assert agno.cancel_workflow_run("flow", top["run_id"]) is None
    gate.release()
    found = curl.get(f"/workflows/flow/runs/{top['run_id']}", params={"session_id": top["session_id"]}).json()
    assert (found["status"], found["events"][-1]["event"]) == ("CANCELLED", "WorkflowCancelled")


def test_the_client_sees_what_waits_in_a_workflow_and_it_goes_on(agno, posting, curl, ledger):
    """Neither client has a call for it, so the route is asked."""
    events = agno.run_workflow_stream("posting", "Post it")
    assert "RunPaused" in names(events) and ledger() == []
    run, session = events[0]["run_id"], events[0]["session_id"]
    paused = curl.get(f"/workflows/posting/runs/{run}", params={"session_id": session}).json()
    [step] = paused["step_requirements"]
    for requirement in step["executor_requirements"]:
        requirement["confirmation"] = requirement["tool_execution"]["confirmed"] = True
    after = go_on(curl, f"workflows/posting/runs/{run}", session, step_requirements=[step])
    assert names(after) == [
        *("RunContinued", "ToolCallStarted", "ToolCallCompleted", *TO_THE_END),
        *("StepCompleted", "StepStarted", "StepOutput", "StepCompleted", "WorkflowCompleted"),
    ]
    assert (after[-1]["content"], ledger()) == ("IT STANDS", ["posted hello"])


def test_the_client_is_told_what_does_not_exist(agno):
    for wrong in (
        lambda: agno.run_team("nobody", "Hello"),
        lambda: agno.run_workflow("nobody", "Hello"),
        lambda: agno.aget_team("nobody"),
        lambda: agno.aget_workflow("nobody"),
        lambda: agno.cancel_team_run("nobody", "1"),
        lambda: agno.cancel_workflow_run("nobody", "1"),
    ):
        with pytest.raises(ClientError) as told_:
            wrong()
        assert (told_.value.name, told_.value.status) == ("HTTPStatusError", 404)


def go_on(curl, path, session, **decided):
    fields = {name: json.dumps(value) for name, value in decided.items()}
    response = curl.post(f"/{path}/continue", data={"session_id": session, **fields})
    assert response.status_code == 200, response.text
    return blocks(response)
