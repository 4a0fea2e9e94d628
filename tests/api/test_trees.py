"""A team or a workflow at the m8tes door is a run like any other."""

import pytest

from approvals.models import ToolApproval
from runs.models import Run
from runs.services import start
from tests.fake_script import Script
from tests.trees import carry_tree, delegate, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def waiting(fake, posted, member, team_of, owner):
    team = team_of(member("ann", "post", mode="approval"), member("bob"))
    fake.reply = told(
        ("leader", [delegate(("ann", "post it"), ("bob", "sum")), Script().say("Done.")]),
        ("ann", [Script().call("post", {"text": "hello"}), Script().say("posted")]),
        ("bob", [Script().say("six")]),
    )
    return carry_tree(start(owner=owner, teammate=team, message="Do it"))


def test_a_member_that_waits_makes_the_run_wait(api, waiting):
    shown = api.get(f"/runs/{waiting.pk}").json()
    assert (shown["status"], shown["teammate_id"], shown["message"]) == ("awaiting_approval", None, "Do it")
    [listed] = api.get("/runs").json()["data"]
    assert listed["id"] == waiting.pk
    assert [run["id"] for run in api.get("/runs?status=awaiting_approval").json()["data"]] == [waiting.pk]
    assert api.get("/runs?status=running").json()["data"] == []
    assert api.get("/runs/needs-you").json()["count"] == 1


def test_its_gates_are_listed_and_decided_at_the_top(api, waiting, posted):
    [gate] = api.get(f"/runs/{waiting.pk}/permissions").json()
    body = {"request_id": gate["request_id"], "decision": "allow"}
    decided = api.post(f"/runs/{waiting.pk}/approve", body)
    assert (decided.status_code, decided.json()["resumed"]) == (200, True)
    carry_tree(waiting)
    shown = api.get(f"/runs/{waiting.pk}").json()
    assert (shown["status"], shown["output"], posted) == ("completed", "Done.", ["hello"])
    used = [run.usage["total_tokens"] for run in [waiting, *waiting.children.all()]]
    assert shown["usage"]["total_tokens"] == sum(used)


def test_a_run_that_waits_for_its_members_alone_is_running(api, waiting):
    Run.objects.filter(parent=waiting, status="paused").update(status="queued", open_gates=0)
    assert api.get(f"/runs/{waiting.pk}").json()["status"] == "running"
    assert [run["id"] for run in api.get("/runs?status=running").json()["data"]] == [waiting.pk]
    assert api.get("/runs?status=awaiting_approval").json()["data"] == []


def test_stopping_it_stops_all_of_it(api, waiting, posted):
    assert api.post(f"/runs/{waiting.pk}/cancel").json()["status"] == "cancelled"
    assert ToolApproval.objects.get().status == "cancelled"
    assert posted == []
