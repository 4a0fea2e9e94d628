"""`event_index`: it only grows within a run, an event keeps its own, and from each a run can be joined again."""

import pytest

from tests.api.agentos.door import COLOURS, chosen, confirmed, events_of, waiting
from tests.api.agentos.trees import Performing, decided
from tests.fake_script import Script
from tests.trees import delegate, told

pytestmark = pytest.mark.django_db(transaction=True)

LOUD = {"name": "Loud", "tool": "shout"}
EVE, DAN = {"name": "Eve", "teammate": "eve"}, {"name": "Dan", "teammate": "dan"}


@pytest.fixture
def posters(flow, fake, posted, member):
    """Two who must ask before they post, a leader of both who has a question, and what makes a workflow."""
    question = Script().call("AskUserQuestion", {"questions": [COLOURS]})
    fake.reply = told(
        ("leader", [delegate(("eve", "post it"), ("dan", "post it")), question, Script().say("Done.")]),
        ("eve", [Script().call("post", {"text": "of eve"}), Script().say("eve posted")]),
        ("dan", [Script().call("post", {"text": "of dan"}), Script().say("dan posted")]),
    )
    return member("eve", "post", mode="approval"), member("dan", "post", mode="approval")


def numbered(events):
    return [(event["event_index"], event["event"], event["run_id"]) for event in events if "event_index" in event]


def answered(requirement):
    """Allowed, or the first option chosen."""
    tool = requirement["tool_execution"]
    if parts := tool["user_feedback_schema"]:
        return requirement | {"tool_execution": chosen(tool, *([part["options"][0]["label"]] for part in parts))}
    return decided(requirement)


def streams(work):
    """What the client is told live of a run whose gates are decided one after another."""
    found = [work.stream()]
    while requirements := found[-1][-1].get("requirements"):
        found.append(events_of(work.go_on(found[0][0], requirements=[answered(requirements[0])])))
    return found


def grows(events):
    indexes = [index for index, *_ in numbered(events)]
    return indexes == sorted({*indexes})


def check(work):
    """Each stream grows, and what was told comes again as it was: whole, and from each event on."""
    live = streams(work)
    assert all(map(grows, [*live, work.resume(live[0][0])]))
    told_live, whole = {one for events in live for one in numbered(events)}, numbered(work.resume(live[0][0]))
    assert {*whole} <= told_live
    for index in {index for index, *_ in told_live}:
        assert numbered(work.resume(live[0][0], last_event_index=index)) == [one for one in whole if one[0] > index]
    return [event for events in live for event in events]


def test_of_a_team_whose_members_and_leader_ask(posters, team_of, door, posted):
    team_of(*posters)
    names = [event["event"] for event in check(Performing(door, "/teams/crew"))]
    assert (names[-1], sorted(posted)) == ("TeamRunCompleted", ["of dan", "of eve"])
    assert names.count("TeamRunContinued") == 3


def test_of_a_workflow_whose_steps_ask(posters, flow, posted):
    both = {"name": "Both", "parallel": [EVE, DAN]}
    live = check(flow({**LOUD, "confirm": True}, both, {**LOUD, "name": "Once more", "review": True}))
    assert (live[-1]["event"], sorted(posted)) == ("WorkflowCompleted", ["of dan", "of eve"])


def test_of_more_steps_at_once_than_ten(flow):
    many = [{**LOUD, "name": f"Loud {number}"} for number in range(12)]
    [events] = streams(flow({"name": "All", "parallel": many}))
    assert grows(events) and [event["event"] for event in events].count("StepStarted") == 12


def test_a_pause_that_is_told_again_keeps_its_own(fake, posted, teammate_with, door):
    teammate_with("post", mode="approval")
    fake.calls(("post", {"text": "one"}), ("post", {"text": "two"}))
    live = door.stream()
    again = events_of(door.go_on(live[-1], [confirmed(waiting(live[-1])[0])], stream=True))
    assert numbered(again) == numbered(live)[-1:]
