"""Teams at the AgentOS door (contract 3)."""

import pytest

from runs.models import Run
from tests.api.agentos.door import events_of, problem_of, sent
from tests.api.agentos.trees import Performing, decided, whose
from tests.fake_script import Script
from tests.trees import delegate, told

pytestmark = pytest.mark.django_db(transaction=True)

DONE = [Script().say("All done.")]


@pytest.fixture
def crew(door, fake, member, team_of):
    """A team of two whose leader gives both a task."""
    team_of(member("ann"), member("bob"))
    fake.reply = told(
        ("leader", [delegate(("ann", "count"), ("bob", "sum")), Script().say("Both done.")]),
        ("ann", [Script().say("three")]),
        ("bob", [Script().say("six")]),
    )
    return Performing(door, "/teams/crew")


@pytest.fixture
def gated(door, fake, posted, member, team_of):
    team_of(member("ann", "post", mode="approval"), member("bob"))
    fake.reply = told(
        ("leader", [delegate(("ann", "post it"), ("bob", "sum")), Script().say("Done.")]),
        ("ann", [Script().call("post", {"text": "hello"}), Script().say("posted")]),
        ("bob", [Script().say("six")]),
    )
    return Performing(door, "/teams/crew")


def test_teams_are_listed_with_their_members(crew, door):
    [team] = door.get("/teams").json()
    assert (team["id"], team["mode"], [one["id"] for one in team["members"]]) == ("crew", "coordinate", ["ann", "bob"])
    assert door.get("/teams/crew").json() == team
    assert problem_of(door.get("/teams/nobody")) == (404, "NOT_FOUND")
    assert door.get("/config").json()["teams"][0]["id"] == "crew"


def test_the_leader_is_told_as_team_and_its_members_as_agents(crew):
    events = crew.stream()
    assert whose([event for event in events if "team_id" in event]) == [
        ("TeamRunStarted", "Crew"),
        ("TeamModelRequestStarted", "Crew"),
        ("TeamModelRequestCompleted", "Crew"),
        ("TeamToolCallStarted", "Crew"),
        ("TeamToolCallStarted", "Crew"),
        ("TeamToolCallCompleted", "Crew"),
        ("TeamToolCallCompleted", "Crew"),
        ("TeamModelRequestStarted", "Crew"),
        ("TeamRunContent", "Crew"),
        ("TeamModelRequestCompleted", "Crew"),
        ("TeamRunContentCompleted", "Crew"),
        ("TeamRunCompleted", "Crew"),
    ]
    assert whose([event for event in events if event.get("agent_id") == "ann"]) == [
        ("RunStarted", "Ann"),
        ("ModelRequestStarted", "Ann"),
        ("RunContent", "Ann"),
        ("ModelRequestCompleted", "Ann"),
        ("RunContentCompleted", "Ann"),
        ("RunCompleted", "Ann"),
    ]


def test_a_member_has_its_own_run_id_its_parent_and_the_same_session(crew):
    events = crew.stream()
    top = events[0]
    of_ann = next(event for event in events if event.get("agent_id") == "ann")
    assert of_ann["run_id"] != top["run_id"]
    assert (of_ann["parent_run_id"], of_ann["session_id"]) == (top["run_id"], top["session_id"])
    ended = [event["tool"]["child_run_id"] for event in events if event["event"] == "TeamToolCallCompleted"]
    assert set(ended) == {event["run_id"] for event in events if "agent_id" in event}
    last = events[-1]
    assert [(one["agent_id"], one["content"]) for one in last["member_responses"]] == [("ann", "three"), ("bob", "six")]


def test_nothing_of_a_member_comes_after_its_delegation_has_ended(crew):
    events = crew.stream()
    names = [(event["event"], event["run_id"]) for event in events]
    for event in events:
        if event["event"] == "TeamToolCallCompleted":
            child = event["tool"]["child_run_id"]
            assert names.index(("RunCompleted", child)) < events.index(event)


def test_the_result_holds_the_members_and_the_sum_of_their_tokens(crew):
    result = crew.run()
    assert (result["status"], result["content"], result["team_id"]) == ("COMPLETED", "Both done.", "crew")
    assert [one["content"] for one in result["member_responses"]] == ["three", "six"]
    assert result["member_responses"][0]["parent_run_id"] == result["run_id"]
    tokens = [run.usage["total_tokens"] for run in Run.objects.all()]
    assert (len(tokens), result["metrics"]["total_tokens"]) == (3, sum(tokens))
    assert crew.look(result)["events"] == result["events"]


def test_a_team_run_can_be_left_in_the_background_and_takes_what_agents_take(crew, door):
    response = crew.create(background=True, monitor=False, version=1, session_state={"n": 1})
    assert (response.status_code, response.json()["status"]) == (202, "PENDING")
    found = crew.look(response.json())
    assert (found["status"], found["session_state"]) == ("COMPLETED", {"n": 1})
    assert problem_of(crew.create(version="junk")) == (422, "VALIDATION_ERROR")
    assert problem_of(crew.create(version=7)) == (404, "NOT_FOUND")
    assert problem_of(crew.create("")) == (422, "VALIDATION_ERROR")


def test_dependencies_stand_in_the_instructions_of_every_member(door, fake, member, team_of):
    ann = member("ann")
    ann.instructions = "You serve {customer}."
    from teammates.services import save

    save(ann, [])
    team_of(ann, instructions="Lead for {customer}.")
    fake.reply = told(("leader", [delegate(("ann", "count")), *DONE]), ("ann", [Script().say("three")]))
    Performing(door, "/teams/crew").run(dependencies={"customer": "Ada"})
    systems = [request["messages"][0]["content"] for request in fake.requests]
    assert "Lead for Ada." in systems[0] and "You serve Ada." in systems[1]


def test_lists_hold_the_team_run_alone(crew, door):
    told_ = crew.run()
    [flat] = door.get("/teams/crew/runs", session_id="s-1").json()
    assert (flat["run_id"], flat["team_id"], flat["status"]) == (told_["run_id"], "crew", "COMPLETED")
    [session] = door.get("/sessions", type="team").json()["data"]
    assert (session["session_id"], session["session_type"]) == ("s-1", "team")
    assert len(door.get("/sessions/s-1/runs", type="team").json()) == 1
    assert door.get("/sessions", type="team", component_id="crew").json()["meta"]["total_count"] == 1
    assert door.get("/sessions").json()["data"] == []


def test_a_run_of_a_team_is_no_run_of_another(crew, door, member, team_of):
    told_ = crew.run()
    team_of(member("zoe"), slug="other")
    assert problem_of(door.get(f"/teams/other/runs/{told_['run_id']}", session_id="s-1")) == (404, "NOT_FOUND")
    assert problem_of(door.get(f"/agents/ann/runs/{told_['run_id']}", session_id="s-1")) == (404, "NOT_FOUND")


# --- people ---


def test_team_pause_can_be_continued(gated, posted):
    paused = gated.stream()
    assert [event["event"] for event in paused if event["event"].endswith("Paused")] == ["RunPaused", "TeamRunPaused"]
    [requirement] = paused[-1]["requirements"]
    assert (requirement["member_agent_id"], requirement["tool_execution"]["tool_name"]) == ("ann", "post")
    events = events_of(gated.go_on(paused[0], requirements=[decided(requirement)]))
    assert posted == ["hello"]
    assert whose(events) == [
        ("RunContinued", "Ann"),
        ("ToolCallStarted", "Ann"),
        ("ToolCallCompleted", "Ann"),
        ("ModelRequestStarted", "Ann"),
        ("RunContent", "Ann"),
        ("ModelRequestCompleted", "Ann"),
        ("RunContentCompleted", "Ann"),
        ("RunCompleted", "Ann"),
        ("TeamRunContinued", "Crew"),
        ("TeamToolCallCompleted", "Crew"),
        ("TeamModelRequestStarted", "Crew"),
        ("TeamRunContent", "Crew"),
        ("TeamModelRequestCompleted", "Crew"),
        ("TeamRunContentCompleted", "Crew"),
        ("TeamRunCompleted", "Crew"),
    ]
    assert gated.look(paused[0])["status"] == "COMPLETED"


def test_an_approval_of_a_member_names_the_team_and_the_run_to_go_on_with(gated, door, posted):
    paused = gated.run()
    [approval] = door.get("/approvals").json()["data"]
    assert (approval["source_type"], approval["source_name"], approval["run_id"]) == ("team", "Crew", paused["run_id"])
    assert (approval["team_id"], approval["agent_id"], approval["workflow_id"]) == ("crew", "ann", None)
    assert (approval["run_status"], approval["requirements"][0]["member_agent_id"]) == ("PAUSED", "ann")
    for query in ({"team_id": "crew"}, {"agent_id": "ann"}, {"source_type": "team"}, {"run_id": paused["run_id"]}):
        assert door.get("/approvals", **query).json()["data"] == [approval], query
    for query in ({"team_id": "other"}, {"agent_id": "bob"}, {"source_type": "agent"}, {"source_type": "schedule"}):
        assert door.get("/approvals", **query).json()["data"] == [], query
    resolved = sent(door, "POST", f"/approvals/{approval['id']}/resolve", {"status": "approved"})
    assert (resolved.json()["status"], gated.look(paused)["status"], posted) == ("approved", "COMPLETED", ["hello"])


def test_team_gates_are_decided_as_tools_or_requirements(gated, posted):
    paused = gated.run()
    assert paused["status"] == "PAUSED"
    tools = [decided(paused["requirements"][0])["tool_execution"]]
    result = gated.go_on(paused, tools=tools, stream=False).json()
    assert (result["status"], posted) == ("COMPLETED", ["hello"])


def test_a_continue_without_a_decision_changes_nothing(gated, posted):
    paused = gated.run()
    assert problem_of(gated.go_on(paused)) == (400, "BAD_REQUEST")
    assert problem_of(gated.go_on(paused, requirements=paused["requirements"])) == (400, "BAD_REQUEST")
    assert problem_of(gated.go_on(paused, requirements="{not json")) == (400, "BAD_REQUEST")
    assert problem_of(gated.go_on(paused, requirements='[{"tool_execution": "x"}]')) == (400, "BAD_REQUEST")
    assert (posted, gated.look(paused)["status"]) == ([], "PAUSED")


def test_a_second_continue_is_refused_and_attaching_is_not(gated, posted):
    paused = gated.run()
    requirements = [decided(paused["requirements"][0])]
    assert gated.go_on(paused, requirements=requirements, stream=False).status_code == 200
    assert problem_of(gated.go_on(paused, requirements=requirements)) == (409, "CONFLICT")
    assert whose(events_of(gated.go_on(paused)))[0] == ("RunContinued", "Ann")
    assert posted == ["hello"]


@pytest.fixture
def both(door, fake, posted, member, team_of):
    """Both members wait for a decision."""
    team_of(member("ann", "post", mode="approval"), member("bob", "post", mode="approval"))
    fake.reply = told(
        ("leader", [delegate(("ann", "a"), ("bob", "b")), Script().say("Done.")]),
        ("ann", [Script().call("post", {"text": "of ann"}), Script().say("posted")]),
        ("bob", [Script().call("post", {"text": "of bob"}), Script().say("posted")]),
    )
    return Performing(door, "/teams/crew")


def test_two_member_pauses_in_one_team_run(both, posted):
    paused = both.stream()
    ann, bob = paused[-1]["requirements"]
    events = events_of(both.go_on(paused[0], requirements=[decided(ann)]))
    assert whose(events)[0] == ("RunContinued", "Ann")
    assert (events[-1]["event"], posted) == ("TeamRunPaused", ["of ann"])
    assert [one["id"] for one in events[-1]["requirements"]] == [bob["id"]]
    both.go_on(paused[0], requirements=[decided(bob, confirmed=False, note="no")])
    assert (both.look(paused[0])["status"], posted) == ("COMPLETED", ["of ann"])


def test_two_members_that_wait_are_decided_at_once(both, posted):
    paused = both.run()
    result = both.go_on(paused, requirements=[*map(decided, paused["requirements"])], stream=False).json()
    assert (result["status"], sorted(posted)) == ("COMPLETED", ["of ann", "of bob"])


def test_the_same_member_twice_is_two_runs_with_a_decision_each(door, fake, posted, member, team_of):
    team_of(member("ann", "post", mode="approval"))
    fake.reply = told(
        ("leader", [delegate(("ann", "one"), ("ann", "two")), Script().say("Done.")]),
        ("ann", [Script().call("post", {"text": "hello"})] * 2 + [Script().say("posted")]),
    )
    crew = Performing(door, "/teams/crew")
    paused = crew.run()
    first, second = paused["requirements"]
    assert first["member_run_id"] != second["member_run_id"]
    requirements = [decided(first), decided(second, confirmed=False)]
    result = crew.go_on(paused, requirements=requirements, stream=False).json()
    assert (result["status"], posted) == ("COMPLETED", ["hello"])


def test_after_a_rejection_the_next_gate_asks_again(door, fake, posted, member, team_of):
    team_of(member("ann", "post", mode="approval"))
    fake.reply = told(
        ("leader", [delegate(("ann", "one")), Script().say("Done.")]),
        (
            "ann",
            [
                Script().call("post", {"text": "first"}),
                Script().call("post", {"text": "second"}),
                Script().say("posted"),
            ],
        ),
    )
    crew = Performing(door, "/teams/crew")
    paused = crew.run()
    again = crew.go_on(paused, requirements=[decided(paused["requirements"][0], confirmed=False)], stream=False).json()
    assert (again["status"], posted) == ("PAUSED", [])
    [requirement] = again["requirements"]
    assert requirement["tool_execution"]["tool_args"] == {"text": "second"}
    assert crew.go_on(paused, requirements=[decided(requirement)], stream=False).json()["status"] == "COMPLETED"
    assert posted == ["second"]


def test_stopping_a_paused_team_ends_all_of_it(gated, posted):
    paused = gated.run()
    assert gated.cancel(paused).json() == {}
    assert gated.look(paused)["status"] == "CANCELLED"
    assert set(Run.objects.values_list("status", flat=True)) == {"cancelled", "completed"}
    assert problem_of(gated.go_on(paused, requirements=[decided(paused["requirements"][0])])) == (409, "CONFLICT")
    assert gated.resume(paused)[-1]["event"] == "TeamRunCancelled"
    assert posted == []


def test_a_team_run_is_joined_again_from_any_event(crew):
    everything = crew.stream()
    replayed = [event for event in crew.resume(everything[0]) if "event_index" in event]
    assert sorted(replayed[0]) == sorted(everything[0])
    for place in range(0, len(replayed), 3):
        rest = crew.resume(everything[0], last_event_index=replayed[place]["event_index"])
        rest = [event for event in rest if "event_index" in event]
        assert [event["event_index"] for event in rest] == [event["event_index"] for event in replayed[place + 1 :]]
