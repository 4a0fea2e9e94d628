"""Workflows at the AgentOS door (contract 4)."""

import pytest

from runs.models import Run, Session
from teammates.services import save
from teammates.tools import ToolContext
from tests.api.agentos.door import problem_of
from tests.api.agentos.trees import Performing, whose
from tests.fake_script import Script
from tests.trees import delegate, told

pytestmark = pytest.mark.django_db(transaction=True)


FACTS = {"name": "Facts", "teammate": "ann"}
LOUD = {"name": "Loud", "tool": "shout"}


def own(events):
    return [event for event in events if "agent_id" not in event]


def test_workflows_are_listed_and_their_steps_shown(flow, door):
    flow(FACTS, {"name": "Both", "parallel": [FACTS, LOUD]}, description="Two steps")
    assert door.get("/workflows").json() == [
        {"id": "flow", "name": "Flow", "db_id": "sayso", "description": "Two steps", "is_component": False}
    ]
    first, second = door.get("/workflows/flow").json()["steps"]
    assert (first["name"], first["type"], first["agent"]["id"]) == ("Facts", "Step", "ann")
    assert (second["type"], [one["name"] for one in second["steps"]]) == ("Parallel", ["Facts", "Loud"])


def test_a_step_is_told_around_the_events_of_its_agent(flow):
    events = flow(FACTS, LOUD).stream()
    assert whose(events) == [
        ("WorkflowStarted", None),
        ("StepStarted", "Facts"),
        ("RunStarted", "Ann"),
        ("ModelRequestStarted", "Ann"),
        ("RunContent", "Ann"),
        ("ModelRequestCompleted", "Ann"),
        ("RunContentCompleted", "Ann"),
        ("RunCompleted", "Ann"),
        ("StepCompleted", "Facts"),
        ("StepStarted", "Loud"),
        ("StepOutput", "Loud"),
        ("StepCompleted", "Loud"),
        ("WorkflowCompleted", None),
    ]
    top, step, agent = events[:3]
    assert (top["workflow_id"], top["workflow_name"]) == ("flow", "Flow")
    assert (step["run_id"], step["step_index"]) == (top["run_id"], 0)
    assert (agent["workflow_id"], agent["workflow_run_id"]) == ("flow", top["run_id"])
    assert {name: agent[name] for name in ("step_id", "step_name", "step_index")} == {
        name: step[name] for name in ("step_id", "step_name", "step_index")
    }
    assert agent["session_id"] == top["session_id"] and agent["run_id"] != top["run_id"]
    assert events[-1]["content"] == "FROM ANN"
    assert [(one["step_name"], one["content"]) for one in events[-1]["step_results"]] == [
        ("Facts", "from ann"),
        ("Loud", "FROM ANN"),
    ]
    assert list(events[-1]["metrics"]["steps"]) == ["Facts", "Loud"]


def test_a_parallel_block_says_where_its_steps_stand(flow):
    bob = {"name": "Sum", "teammate": "bob"}
    events = flow(LOUD, {"name": "Both", "parallel": [FACTS, bob]}).stream()
    begun = [event for event in own(events) if event["event"] == "StepStarted"]
    assert [(event["step_name"], event["step_index"]) for event in begun] == [
        ("Loud", 0),
        ("Facts", [1, 0]),
        ("Sum", [1, 1]),
    ]
    names = [event["event"] for event in own(events)]
    block = events[events.index(next(event for event in events if event["event"] == "ParallelExecutionStarted"))]
    assert block["parallel_step_count"] == 2
    assert {event["parent_step_id"] for event in begun[1:]} == {block["step_id"]}
    assert names.index("ParallelExecutionStarted") < names.index("StepStarted", 4)
    assert names[-2:] == ["ParallelExecutionCompleted", "WorkflowCompleted"]
    result = events[-1]["step_results"][1]
    assert (result["step_type"], [one["content"] for one in result["steps"]]) == ("Parallel", ["from ann", "from bob"])
    agents = {event["agent_id"]: event["step_index"] for event in events if "agent_id" in event}
    assert agents == {"ann": [1, 0], "bob": [1, 1]}


def test_conditions_loops_and_routers_have_their_names(flow):
    events = flow(
        {"name": "If", "condition": "is_short", "then": [LOUD], "otherwise": [FACTS]},
        {"name": "Again", "loop": [LOUD], "until": "is_short", "max": 2},
        {"name": "Way", "router": "which", "choices": [LOUD, FACTS]},
    ).stream("hello")
    assert whose(events)[1:-1] == [
        ("ConditionExecutionStarted", "If"),
        ("StepStarted", "Loud"),
        ("StepOutput", "Loud"),
        ("StepCompleted", "Loud"),
        ("ConditionExecutionCompleted", "If"),
        ("LoopExecutionStarted", "Again"),
        ("LoopIterationStarted", "Again"),
        ("StepStarted", "Loud"),
        ("StepOutput", "Loud"),
        ("StepCompleted", "Loud"),
        ("LoopIterationCompleted", "Again"),
        ("LoopExecutionCompleted", "Again"),
        ("RouterExecutionStarted", "Way"),
        ("StepStarted", "Loud"),
        ("StepOutput", "Loud"),
        ("StepCompleted", "Loud"),
        ("RouterExecutionCompleted", "Way"),
    ]
    by_name = {event["event"]: event for event in events}
    assert by_name["ConditionExecutionCompleted"]["branch"] == "if"
    assert by_name["LoopExecutionCompleted"]["total_iterations"] == 1
    assert by_name["RouterExecutionStarted"]["selected_steps"] == ["Loud"]


def test_the_result_holds_the_steps_and_who_worked_in_them(flow):
    work = flow(FACTS, LOUD)
    result = work.run()
    assert (result["status"], result["input"], result["content"]) == ("COMPLETED", "Do it", "FROM ANN")
    [worker] = result["step_executor_runs"]
    assert (worker["agent_id"], worker["parent_run_id"]) == ("ann", result["run_id"])
    assert result["step_results"][0]["step_run_id"] == worker["run_id"]
    assert result["metrics"]["steps"]["Facts"]["executor_name"] == "Ann"
    assert work.look(result) == result


def test_a_step_that_fails_ends_the_workflow_with_its_name(flow, own_tool):
    @own_tool(effect="pure", title="Break")
    def broken(input: str) -> str:
        """Break."""
        raise ValueError("no paper")

    events = flow({"name": "Print", "tool": "broken"}).stream()
    assert whose(events)[1:] == [("StepStarted", "Print"), ("StepError", "Print"), ("WorkflowError", None)]
    assert "Print" in events[-1]["error"]


def test_what_does_not_fit_is_refused(flow, door):
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    work = flow(LOUD, input_schema=schema)
    assert problem_of(work.create('{"n": "x"}')) == (422, "VALIDATION_ERROR")
    assert "n" in work.create('{"n": "x"}').json()["detail"]
    assert problem_of(work.create("")) == (422, "VALIDATION_ERROR")
    files = '[{"name": "a.txt", "mime_type": "text/plain", "content": "hm"}]'
    assert problem_of(work.create('{"n": 1}', files=files)) == (400, "BAD_REQUEST")
    assert problem_of(door.post("/workflows/nobody/runs", {"message": "x"})) == (404, "NOT_FOUND")
    assert not Run.objects.exists()


def test_it_takes_what_agents_take(flow, door):
    work = flow(FACTS)
    response = work.create(background=True, monitor=False, version=1, session_state={"n": 1})
    assert (response.status_code, response.json()["status"]) == (202, "PENDING")
    assert work.look(response.json())["status"] == "COMPLETED"
    assert problem_of(work.create(version="junk")) == (422, "VALIDATION_ERROR")


def test_dependencies_stand_in_the_instructions_of_every_step(door, fake, member, team_of, workflow_of):
    ann, bob = member("ann"), member("bob")
    for one in (ann, bob):
        one.instructions = f"{one.slug} serves {{customer}}."
        save(one, [])
    team_of(bob, instructions="Lead for {customer}.")
    fake.reply = told(
        ("ann", [Script().say("A")]),
        ("leader", [delegate(("bob", "sum")), Script().say("Done.")]),
        ("bob", [Script().say("B")]),
    )
    workflow_of({"name": "Both", "parallel": [FACTS]}, {"name": "Crew", "team": "crew"})
    Performing(door, "/workflows/flow").run(dependencies={"customer": "Ada"})
    systems = " ".join(request["messages"][0]["content"] for request in fake.requests)
    assert [words in systems for words in ("ann serves Ada.", "Lead for Ada.", "bob serves Ada.")] == [True] * 3


def test_the_tree_shares_one_session_state(door, fake, member, own_tool, workflow_of):
    @own_tool(effect="pure")
    def count(context: ToolContext) -> str:
        """Count one more."""
        context.session_state["n"] = context.session_state["n"] + 1
        return str(context.session_state["n"])

    member("ann", "count")
    fake.reply = told(
        ("ann", [Script().call("count", {}), Script().say("one"), Script().call("count", {}), Script().say("two")])
    )
    workflow_of({"name": "Inside", "parallel": [FACTS]}, {"name": "Again", "teammate": "ann"})
    work = Performing(door, "/workflows/flow")
    made = work.run(session_state={"n": 1})
    assert Session.objects.get(key="s-1").session_state == {"n": 3}
    assert made["status"] == "COMPLETED"


def test_a_workflow_run_is_listed_in_its_session_alone(flow, door):
    made = flow(FACTS, {"name": "Both", "parallel": [FACTS, LOUD]}).run()
    [flat] = door.get("/sessions/s-1/runs", type="workflow").json()
    assert (flat["run_id"], flat["workflow_id"]) == (made["run_id"], "flow")
    assert [one["run_id"] for one in door.get("/workflows/flow/runs", session_id="s-1").json()] == [made["run_id"]]


def test_a_workflow_run_is_joined_again_from_any_event(flow):
    work = flow(FACTS, {"name": "Both", "parallel": [FACTS, LOUD]}, LOUD)
    made = work.run()
    everything = [event for event in work.resume(made) if "event_index" in event]
    for place in range(0, len(everything), 4):
        rest = work.resume(made, last_event_index=everything[place]["event_index"])
        rest = [event for event in rest if "event_index" in event]
        after = [event for event in everything if event["event_index"] > everything[place]["event_index"]]
        assert rest == after
