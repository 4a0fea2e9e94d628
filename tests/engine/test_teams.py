"""A team performs as a teammate does: its leader's delegations are runs below, and nobody holds a thread for them."""

import pytest

from approvals.models import ToolApproval
from approvals.services import decide, switch_mode
from runs.models import Run, ToolCall
from runs.options import Options
from runs.services import Refused, cancel, reply, retry, start
from runs.webhook_models import Delivery, Webhook
from teammates.models import EndUser, Team, Teammate
from teammates.performers import save_team
from tests.fake_script import Script
from tests.trees import carry_tree, delegate, told


def test_a_leader_delegates_side_by_side_and_answers_from_the_results(fake, member, team_of, owner):
    team = team_of(member("ann"), member("bob"))
    fake.reply = told(
        ("leader", [delegate(("ann", "count"), ("bob", "sum")), Script().say("Both are done.")]),
        ("ann", [Script().say("three")]),
        ("bob", [Script().say("six")]),
    )
    run = carry_tree(start(owner=owner, teammate=team, message="Do it"))
    assert (run.status, run.output) == ("completed", "Both are done.")
    children = list(run.children.order_by("pk"))
    assert [(child.message, child.output, child.session_id) for child in children] == [
        ("count", "three", run.session_id),
        ("sum", "six", run.session_id),
    ]
    assert list(run.calls.values_list("state", "result")) == [("succeeded", "three"), ("succeeded", "six")]
    assert (run.open_children, run.open_gates) == (0, 0)


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [("step_input", {"questions": [{"x": 1}]}), ("run_branch", {"path": "0", "input": "x", "outputs": {}})],
)
def test_a_leader_has_no_part_of_a_workflow(fake, member, team_of, owner, tool, arguments):
    team = team_of(member("ann"))
    fake.reply = told(("leader", [Script().call(tool, arguments), Script().say("Then not.")]))
    run = carry_tree(start(owner=owner, teammate=team, message="Do it"))
    assert (run.status, run.output, run.children.count(), run.questions.count()) == ("completed", "Then not.", 0, 0)
    assert run.calls.get().result.startswith(f"There is no tool '{tool}'. There are: ")


def test_a_routed_task_is_answered_by_the_member(fake, member, team_of, owner):
    team = team_of(member("ann"), member("bob"), mode="route")
    fake.reply = told(("leader", [delegate(("bob", "yours"))]), ("bob", [Script().say("Mine.")]))
    assert carry_tree(start(owner=owner, teammate=team, message="Do it")).output == "Mine."


def test_a_broadcast_goes_to_all_before_the_leader_speaks(fake, member, team_of, owner):
    team = team_of(member("ann"), member("bob"), mode="broadcast")
    fake.reply = told(
        ("leader", [Script().say("In short.")]), ("ann", [Script().say("A")]), ("bob", [Script().say("B")])
    )
    run = carry_tree(start(owner=owner, teammate=team, message="Do it"))
    assert run.output == "In short."
    assert [child.message for child in run.children.all()] == ["Do it", "Do it"]


def test_a_gate_of_a_member_pauses_the_tree_and_its_decision_resumes_that_branch(fake, posted, member, team_of, owner):
    team = team_of(member("ann", "post", mode="approval"), member("bob"))
    fake.reply = told(
        ("leader", [delegate(("ann", "post it"), ("bob", "sum")), Script().say("Done.")]),
        ("ann", [Script().call("post", {"text": "hello"}), Script().say("posted")]),
        ("bob", [Script().say("six")]),
    )
    run = carry_tree(start(owner=owner, teammate=team, message="Do it"))
    assert (run.status, run.open_children) == ("paused", 1)
    assert [event.kind for event in run.events.all()][-1] == "run.paused"
    assert run.events.filter(kind="gate.opened").count() == 1
    approval = ToolApproval.objects.get()
    decide(approval, "allow", by=owner, digest=approval.digest)
    carry_tree(run)
    assert (run.status, run.output, posted) == ("completed", "Done.", ["hello"])
    assert Run.objects.filter(message="sum").get().calls.count() == 0
    assert [event.kind for event in run.events.all()].count("run.resumed") == 1


def test_stopping_the_team_stops_its_tree(fake, posted, member, team_of, owner):
    """F35."""
    team = team_of(member("ann", "post", mode="approval"))
    fake.reply = told(("leader", [delegate(("ann", "post it"))]), ("ann", [Script().call("post", {"text": "hello"})]))
    run = carry_tree(start(owner=owner, teammate=team, message="Do it"))
    cancel(run, by=owner)
    assert set(Run.objects.tree_of(run).values_list("status", flat=True)) == {"cancelled"}
    assert [event.kind for event in run.events.all()][-2:] == ["gate.closed", "run.cancelled"]
    assert ToolApproval.objects.get().status == "cancelled" and posted == []
    assert set(ToolCall.objects.values_list("state", flat=True)) == {"failed", "cancelled"}


def test_a_stopped_member_is_a_failed_delegation(fake, posted, member, team_of, owner):
    team = team_of(member("ann", "post", mode="approval"))
    fake.reply = told(
        ("leader", [delegate(("ann", "post it")), Script().say("Without her, then.")]),
        ("ann", [Script().call("post", {"text": "hello"})]),
    )
    run = carry_tree(start(owner=owner, teammate=team, message="Do it"))
    cancel(run.children.get(), by=owner)
    assert carry_tree(run).output == "Without her, then."
    assert run.calls.get().state == "failed"


def test_a_team_three_deep_pauses_and_goes_on(fake, posted, member, team_of, owner):
    """F34."""
    inner = team_of(member("ann", "post", mode="approval"), slug="inner")
    inner_leader = Team.objects.get(slug="inner")
    inner_leader.model = "middle"
    save_team(inner_leader, [Teammate.objects.get(slug="ann")])
    outer = team_of(inner, slug="outer")
    fake.reply = told(
        ("leader", [delegate(("inner", "go")), Script().say("All done.")]),
        ("middle", [delegate(("ann", "post it")), Script().say("Inner done.")]),
        ("ann", [Script().call("post", {"text": "deep"}), Script().say("posted")]),
    )
    run = carry_tree(start(owner=owner, teammate=outer, message="Do it"))
    assert run.status == "paused" and run.events.filter(kind="run.paused").count() == 1
    approval = ToolApproval.objects.get()
    decide(approval, "deny", by=owner, digest=approval.digest, reason="Not now")
    assert carry_tree(run).output == "All done." and posted == []


def test_an_unknown_member_is_told_to_the_leader(fake, member, team_of, owner):
    team = team_of(member("ann"))
    fake.reply = told(("leader", [delegate(("zoe", "hm")), Script().say("Nobody there.")]))
    run = carry_tree(start(owner=owner, teammate=team, message="Do it"))
    assert run.output == "Nobody there." and "no member 'zoe'" in run.calls.get().result


def test_the_mode_of_the_top_holds_for_the_tree_and_lets_what_waits_in_it_go(fake, posted, member, team_of, owner):
    team = team_of(member("ann", "post", mode="approval"))
    fake.reply = told(
        ("leader", [delegate(("ann", "post it")), Script().say("Done.")]),
        ("ann", [Script().call("post", {"text": "one"}), Script().call("post", {"text": "two"}), Script().say("ok")]),
    )
    run = carry_tree(start(owner=owner, teammate=team, message="Do it"))
    with pytest.raises(Refused, match="part of run"):
        switch_mode(run.children.get(), "autonomous", by=owner)
    assert posted == [] and run.children.get().permission_mode == "approval"
    switch_mode(run, "autonomous", by=owner)
    assert carry_tree(run).status == "completed" and posted == ["one", "two"]


def test_in_plan_mode_nothing_is_delegated_before_a_person_has_approved(fake, member, team_of, owner):
    team = team_of(member("ann"), permission_mode="plan")
    fake.reply = told(
        ("leader", [delegate(("ann", "go")), Script().call("submit_plan", {"plan": "1. Ann"}), Script().say("ok")]),
        ("ann", [Script().say("hm")]),
    )
    run = carry_tree(start(owner=owner, teammate=team, message="Do it"))
    assert run.status == "paused" and not run.children.exists()
    assert run.calls.first().state == "denied"


def test_a_part_of_a_run_is_not_replied_to_or_tried_again_by_itself(fake, member, team_of, owner):
    team = team_of(member("ann"))
    fake.reply = told(("leader", [delegate(("ann", "go")), Script().say("ok")]), ("ann", [Script().say("hm")]))
    run = carry_tree(start(owner=owner, teammate=team, message="Do it"))
    child, count = run.children.get(), Run.objects.count()
    for again in (lambda: reply(child, "More", by=owner), lambda: retry(child, by=owner)):
        with pytest.raises(Refused):
            again()
    assert Run.objects.count() == count
    assert carry_tree(reply(run, "More", by=owner)).output == "ok"


def test_a_tree_is_one_run_to_webhooks_and_limits(fake, member, team_of, owner):
    EndUser.objects.create(owner=owner, user_id="eva", run_limit=2)
    Webhook.objects.create(owner=owner, user_id="eva", url="https://h.example/", events=["run.completed"])
    team = team_of(member("ann"), member("bob"), mode="broadcast")
    fake.reply = told(("leader", [Script().say("ok")]), ("ann", [Script().say("A")]), ("bob", [Script().say("B")]))
    for _ in range(2):
        carry_tree(start(owner=owner, teammate=team, message="Do it", options=Options(user_id="eva")))
    assert Delivery.objects.count() == 2


def test_a_team_that_works_tasks_off_keeps_a_list_of_them(fake, member, team_of, owner):
    def written(items):
        return Script().call("todo_write", items)

    ann = member("ann")
    lists = [{"items": [{"text": "Count", "done": done}]} for done in (False, True)]
    fake.reply = told(
        ("leader", [written(lists[0]), delegate(("ann", "count")), written(lists[1]), Script().say("Done.")]),
        ("ann", [Script().say("three")]),
    )
    run = carry_tree(start(owner=owner, teammate=team_of(ann, mode="tasks"), message="Go"))
    assert (run.status, run.output) == ("completed", "Done.")
    offered = [tool["function"]["name"] for tool in fake.requests[0]["tools"]]
    assert {"todo_write", "delegate_task_to_member"} <= set(offered)
    assert [event.data for event in run.events.filter(kind="todos")] == lists
