"""A team that works a list of tasks off, at the AgentOS door (contract 3)."""

import pytest

from runs.models import Event
from runs.services import start
from tests.api.agentos.trees import Performing
from tests.fake_script import Script
from tests.trees import delegate, told

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_list_of_tasks_is_told_as_it_is_worked_off(door, owner, fake, member, team_of):
    def written(**done):
        return Script().call("todo_write", {"items": [{"text": text, "done": state} for text, state in done.items()]})

    before = start(owner=owner, teammate=member("bob"), message="Before that.")
    # So that places in the whole log are far from the seqs of the run.
    Event.objects.bulk_create(Event(run=before, seq=seq, kind="note") for seq in range(1000, 1200))
    team_of(member("ann"), mode="tasks")
    leader = [written(count=False, sum=False), delegate(("ann", "count")), written(count=True, sum=False)]
    fake.reply = told(("leader", [*leader, Script().say("Done.")]), ("ann", [Script().say("three")]))
    crew = Performing(door, "/teams/crew")
    events = crew.stream()
    tasks = [event for event in events if event["event"].startswith("TeamTask")]
    iterations = [("TeamTaskIterationStarted", n) for n in range(1, 5)]
    ends = [("TeamTaskIterationCompleted", n) for n in range(1, 5)]
    assert [(one["event"], one["iteration"]) for one in tasks if "iteration" in one] == [
        pair for both in zip(iterations, ends, strict=True) for pair in both
    ]
    assert [(one["event"], one.get("title"), one.get("status")) for one in tasks if "iteration" not in one] == [
        ("TeamTaskCreated", "count", "pending"),
        ("TeamTaskCreated", "sum", "pending"),
        ("TeamTaskStateUpdated", None, None),
        ("TeamTaskUpdated", "count", "completed"),
        ("TeamTaskStateUpdated", None, None),
    ]
    state = [event for event in tasks if event["event"] == "TeamTaskStateUpdated"][-1]
    assert (state["task_summary"], state["goal_complete"]) == ("1 of 2 done", False)
    assert [task["status"] for task in state["tasks"]] == ["completed", "pending"]
    assert [event["event"] for event in events[:3]] == [
        "TeamRunStarted",
        "TeamTaskIterationStarted",
        "TeamModelRequestStarted",
    ]
    first = next(event for event in events if event["event"] == "TeamTaskStateUpdated")
    rest = crew.resume(events[0], last_event_index=first["event_index"])
    assert "TeamTaskCreated" not in [event["event"] for event in rest]
    assert "TeamTaskUpdated" in [event["event"] for event in rest]
