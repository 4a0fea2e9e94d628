"""A team or a workflow at the m8tes door is a run like any other."""

import pytest
from django.http import StreamingHttpResponse

from api.m8tes.stream import frames
from approvals.models import ToolApproval
from runs.models import Run
from runs.services import start
from tests.api.door import frames_of, problem_of
from tests.fake_script import Script
from tests.machine import no_news
from tests.trees import carry_tree, delegate, told

pytestmark = pytest.mark.django_db(transaction=True)
EVENTS = "text/event-stream; charset=utf-8"


def allow(api, run):
    """Allow what waits, and carry the tree to its end."""
    [gate] = api.get(f"/runs/{run.pk}/permissions").json()
    decided = api.post(f"/runs/{run.pk}/approve", {"request_id": gate["request_id"], "decision": "allow"})
    assert (decided.status_code, decided.json()["resumed"]) == (200, True)
    carry_tree(run)


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
    allow(api, waiting)
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


def test_all_that_tells_of_it_tells_the_same(api, waiting, posted):
    def told(path, *keys):
        found = api.get(path).json()
        return [found[key] for key in keys]

    assert told(f"/runs/{waiting.pk}/outcome", "status") == told(f"/runs/{waiting.pk}", "status")
    Run.objects.filter(parent=waiting, status="paused").update(status="queued", open_gates=0)
    assert told(f"/runs/{waiting.pk}/outcome", "status") == ["running"]
    [usage] = told(f"/runs/{waiting.pk}", "usage")
    assert told(f"/runs/{waiting.pk}/outcome", "total_tokens") == [usage["total_tokens"]]


def test_the_stream_ends_with_what_all_of_it_has_used(api, waiting, posted):
    allow(api, waiting)
    usage = api.get(f"/runs/{waiting.pk}").json()["usage"]
    stream = StreamingHttpResponse(frames(waiting, None, through_pauses=True), content_type=EVENTS)
    [told] = [frame for frame in frames_of(stream) if frame["type"] == "run_metrics"]
    assert (told["input_tokens_used"], told["output_tokens_used"]) == (usage["input_tokens"], usage["output_tokens"])


def test_only_what_was_asked_for_is_counted(api, waiting):
    assert Run.objects.count() == 3
    assert api.get("/runs/check").json()["total_count"] == 1
    assert api.get("/usage").json()["runs_used"] == 1


def test_it_is_no_activity_of_a_teammate(api, waiting):
    assert api.get("/runs/activity").json() == {"data": []}


def test_what_a_member_has_done_is_not_done_again_unasked(api, waiting, posted):
    allow(api, waiting)
    Run.objects.filter(pk=waiting.pk).update(status="failed")
    with no_news(waiting):
        assert problem_of(api.post(f"/runs/{waiting.pk}/retry")) == (409, "retry_needs_confirmation")
    assert api.post(f"/runs/{waiting.pk}/retry?confirm=true").status_code == 201
