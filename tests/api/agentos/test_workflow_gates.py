"""Workflows at the AgentOS door that wait for people (contract 4)."""

import pytest

from runs.models import Run
from tests.api.agentos.door import events_of, sent
from tests.api.agentos.trees import decided, whose
from tests.fake_script import Script
from tests.trees import told

pytestmark = pytest.mark.django_db(transaction=True)

LOUD = {"name": "Loud", "tool": "shout"}


def own(events):
    return [event for event in events if "agent_id" not in event]


@pytest.fixture
def poster(flow, fake, posted, member, door):
    """Steps of ann, who must ask before she posts, and of bob likewise."""
    member("eve", "post", mode="approval"), member("dan", "post", mode="approval")
    fake.reply = told(
        ("eve", [Script().call("post", {"text": "of eve"}), Script().say("eve posted")]),
        ("dan", [Script().call("post", {"text": "of dan"}), Script().say("dan posted")]),
    )
    return flow


EVE, DAN = {"name": "Eve", "teammate": "eve"}, {"name": "Dan", "teammate": "dan"}


def test_gate_inside_a_workflow_step_is_not_skipped(poster, posted):
    work = poster(EVE, LOUD)
    paused = work.stream()
    assert whose(paused)[-3:] == [("RunPaused", "Eve"), ("StepExecutorPaused", "Eve"), ("WorkflowPaused", None)]
    assert (work.look(paused[0])["status"], posted) == ("PAUSED", [])
    [step] = paused[-1]["step_requirements"]
    assert (step["step_name"], step["requires_executor_input"], step["executor_id"]) == ("Eve", True, "eve")
    answered = step | {"executor_requirements": [decided(step["executor_requirements"][0])]}
    events = events_of(work.go_on(paused[0], step_requirements=[answered]))
    assert whose(events)[0] == ("RunContinued", "Eve")
    assert whose(events)[-5:] == [
        ("StepCompleted", "Eve"),
        ("StepStarted", "Loud"),
        ("StepOutput", "Loud"),
        ("StepCompleted", "Loud"),
        ("WorkflowCompleted", None),
    ]
    assert (posted, events[-1]["content"]) == (["of eve"], "EVE POSTED")


def test_an_approval_of_a_step_names_the_workflow_and_the_run_to_go_on_with(poster, door, posted):
    work = poster({"name": "Both", "parallel": [EVE, {**LOUD, "confirm": True}]})
    paused = work.run()
    found = door.get("/approvals", workflow_id="flow").json()["data"]
    assert {(one["agent_id"], one["tool_name"]) for one in found} == {(None, "shout"), ("eve", "post")}
    for one in found:
        assert (one["source_type"], one["source_name"], one["run_id"]) == ("workflow", "Flow", paused["run_id"])
        assert sent(door, "POST", f"/approvals/{one['id']}/resolve", {"status": "approved"}).status_code == 200
    assert (work.look(paused)["status"], posted) == ("COMPLETED", ["of eve"])


def test_parallel_branches_that_wait_are_decided_apart(poster, posted):
    work = poster({"name": "Both", "parallel": [EVE, DAN]}, LOUD)
    paused = work.run()
    steps = {step["step_name"]: step for step in paused["step_requirements"]}
    assert steps["Eve"]["step_index"] == [0, 0]
    dan = decided(steps["Dan"]["executor_requirements"][0], confirmed=False, note="no")
    again = work.go_on(paused, step_requirements=[steps["Dan"] | {"executor_requirements": [dan]}], stream=False).json()
    assert (again["status"], posted) == ("PAUSED", [])
    assert [step["step_name"] for step in again["step_requirements"]] == ["Eve"]
    eve = decided(again["requirements"][0])
    done = work.go_on(paused, requirements=[eve], stream=False).json()
    assert (done["status"], posted) == ("COMPLETED", ["of eve"])
    assert [one["success"] for one in done["step_results"][0]["steps"]] == [True, True]


def test_a_step_starts_only_when_a_person_says_so(flow):
    work = flow({**LOUD, "confirm": True})
    paused = work.stream()
    assert whose(paused)[-2:] == [("StepPaused", "Loud"), ("WorkflowPaused", None)]
    [step] = paused[-1]["step_requirements"]
    assert (step["requires_confirmation"], step["requires_executor_input"]) == (True, False)
    events = events_of(work.go_on(paused[0], step_requirements=[step | {"confirmed": True}]))
    assert whose(events) == [("StepOutput", "Loud"), ("StepCompleted", "Loud"), ("WorkflowCompleted", None)]


def test_a_refused_step_ends_the_workflow(flow):
    work = flow({**LOUD, "confirm": True})
    paused = work.run()
    refused = paused["step_requirements"][0] | {"confirmed": False, "rejection_feedback": "not now"}
    done = work.go_on(paused, step_requirements=[refused], stream=False).json()
    assert done["status"] == "ERROR" and "Loud" in done["content"]
    assert whose(own(work.resume(paused)))[-2:] == [("StepError", "Loud"), ("WorkflowError", None)]


def test_a_step_gets_what_a_person_adds(flow):
    work = flow({**LOUD, "input": ["colour"]})
    paused = work.run()
    [step] = paused["step_requirements"]
    assert step["requires_user_input"] and [one["name"] for one in step["user_input_schema"]] == ["colour"]
    done = work.go_on(paused, step_requirements=[step | {"user_input": {"colour": "red"}}], stream=False).json()
    assert "COLOUR: RED" in done["content"]


@pytest.mark.parametrize(
    ("said", "content"),
    [({"confirmed": True}, "DO IT"), ({"edited_output": "Mine"}, "Mine")],
)
def test_what_a_step_gave_is_looked_at(flow, said, content):
    work = flow({**LOUD, "review": True})
    paused = work.run()
    [step] = paused["step_requirements"]
    assert step["requires_output_review"]
    assert work.go_on(paused, step_requirements=[step | said], stream=False).json()["content"] == content


def test_an_output_that_is_not_good_is_made_again(flow):
    work = flow({**LOUD, "review": True})
    paused = work.run()
    again = work.go_on(paused, step_requirements=[paused["step_requirements"][0] | {"confirmed": False}], stream=False)
    assert again.json()["status"] == "PAUSED"
    assert len(Run.objects.get(uuid=paused["run_id"]).calls.filter(tool="shout")) == 2


def test_an_output_is_sent_back_with_words(flow):
    work = flow({**LOUD, "review": True})
    paused = work.run()
    sent_back = paused["step_requirements"][0] | {"confirmed": False, "rejection_feedback": "Louder please"}
    assert work.go_on(paused, step_requirements=[sent_back], stream=False).json()["status"] == "PAUSED"
    calls = Run.objects.get(uuid=paused["run_id"]).calls.filter(tool="shout")
    assert calls.last().result.endswith("A PERSON SAYS: LOUDER PLEASE")


@pytest.mark.parametrize("feedback", [7, ["Louder"], "x" * 20_001])
def test_words_to_an_output_that_cannot_be_read_decide_nothing(flow, feedback):
    work = flow({**LOUD, "review": True})
    paused = work.run()
    sent_back = paused["step_requirements"][0] | {"confirmed": False, "rejection_feedback": feedback}
    assert work.go_on(paused, step_requirements=[sent_back], stream=False).status_code == 400
    assert work.look(paused)["status"] == "PAUSED"


def test_stopping_a_workflow_ends_its_branches(poster, posted):
    work = poster({"name": "Both", "parallel": [EVE, DAN]})
    paused = work.run()
    assert work.cancel(paused).json() == {}
    assert work.look(paused)["status"] == "CANCELLED"
    assert set(Run.objects.values_list("status", flat=True)) == {"cancelled"}
    assert whose(work.resume(paused))[-1] == ("WorkflowCancelled", None)
    assert posted == []
