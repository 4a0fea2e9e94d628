"""The page of a team's or a workflow's run: the whole tree on every page of it, with what waits in it."""

import re
from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals.models import ToolApproval
from approvals.services import decide
from runs.models import Run
from runs.services import start
from tests.fake_script import Script
from tests.trees import carry_tree, delegate, told


@pytest.fixture
def page(client_of, owner):
    def page(run, name="detail", user=owner):
        response = client_of(user).get(reverse(f"runs:{name}", args=[run.pk]))
        assert response.status_code == 200
        return response.content.decode()

    return page


@pytest.fixture
def gated(fake, member, team_of, owner):
    """A team's run: Ann waits for a person, Bob is done."""
    team = team_of(member("ann", "announce"), member("bob"))
    announce = Script().call("announce", {"channel": "news", "text": "hi"})
    fake.reply = told(
        ("leader", [delegate(("ann", "tell"), ("bob", "sum")), Script().say("All told.")]),
        ("ann", [announce, Script().say("told")]),
        ("bob", [Script().say("six")]),
    )
    return carry_tree(start(owner=owner, teammate=team, message="Tell them"))


def test_the_gate_of_a_member_stands_on_every_page_of_the_tree(gated, page):
    gate = ToolApproval.objects.get()
    for run in Run.objects.tree_of(gated):
        html = page(run)
        assert html.count(f'id="approval-{gate.pk}"') == 1, run
        assert 'id="pause-banner"' in html and "Crew › Ann waits for you" in html


def test_deciding_on_the_page_of_the_team_resumes_the_member(gated, client_of, owner):
    gate = ToolApproval.objects.get()
    address = reverse("inbox:decide", args=[gate.pk, "allow"])
    sent = {"digest": gate.digest, "inline": "1"}
    assert client_of(owner).post(address, sent, headers={"HX-Request": "true"}).status_code == 200
    assert carry_tree(gated).output == "All told."


def test_trying_again_warns_of_what_a_member_has_done(gated, client_of, owner, page):
    gate = ToolApproval.objects.get()
    client_of(owner).post(reverse("inbox:decide", args=[gate.pk, "allow"]), {"digest": gate.digest})
    carry_tree(gated)
    Run.objects.filter(pk=gated.pk).update(status="failed")
    html = page(gated)
    assert "This would happen again" in html and "Publish an announcement" in html


def test_the_tree_is_drawn_and_said_as_a_list(gated, page):
    html = page(gated)
    missing = {"Who does what, when", "waits for you", "waits for its members", "bar-person", "done in", "<svg viewBox"}
    assert {words for words in missing if words not in html} == set()
    for child in gated.children.all():
        assert f'id="tree-{child.pk}" href="/runs/{child.pk}/"' in html
    assert "style=" not in html


def test_a_child_leads_up_and_cannot_be_replied_to(gated, page, client_of, owner):
    child = gated.children.get(teammate__slug="bob")
    html = page(child)
    assert f'<a href="/runs/{gated.pk}/">Crew</a>' in html
    assert "A part of" in html and f'action="/runs/{child.pk}/retry/"' not in html
    response = client_of(owner).post(reverse("runs:reply", args=[child.pk]), {"message": "And?"})
    assert response.status_code == 422
    client_of(owner).post(reverse("runs:retry", args=[child.pk]))
    assert Run.objects.roots().count() == 1


def test_the_panel_brings_the_tree_with_it(gated, page):
    html = page(gated, "panel")
    assert 'id="run-tree" hx-swap-oob="true"' in html
    assert "Waiting for you" in html


def test_stopping_the_team_stops_the_tree(gated, page, client_of, owner):
    client_of(owner).post(reverse("runs:cancel", args=[gated.pk]))
    assert set(Run.objects.tree_of(gated).values_list("status", flat=True)) == {"cancelled", "completed"}
    assert 'id="pause-banner"' not in page(gated)


def test_an_outsider_finds_no_run_of_the_tree(gated, client_of, outsider):
    for run in Run.objects.tree_of(gated):
        assert client_of(outsider).get(reverse("runs:detail", args=[run.pk])).status_code == 404


def test_tokens_and_files_of_members_show_at_the_top(gated, page):
    child = gated.children.first()
    gated.children.update(usage={"prompt_tokens": 1200})
    Run.objects.filter(pk=gated.pk).update(usage={"prompt_tokens": 34})
    file = child.files.create(name="found.md", kind="output", size=1, media_type="text/markdown", content="x")
    html = page(gated)
    assert "<dt>In</dt><dd>2,434</dd>" in html
    assert f"/runs/{child.pk}/files/{file.pk}/" in html


def test_the_calls_of_members_count_with_the_two_that_gave_them_their_tasks(gated, page, client_of, owner):
    assert "<dt>Tool calls</dt><dd>3</dd>" in page(gated)
    assert "<dt>Tool calls</dt><dd>1</dd>" in page(gated.children.first())
    thread = client_of(owner).get(reverse("conversations:detail", args=[gated.session_id])).content.decode()
    assert f"Run {gated.pk}, 3 calls" in thread


@pytest.mark.parametrize(
    ("of_leader", "of_member", "cost"),
    [
        ({"cost": 0.25}, {"cost": 0.5}, "<dd>0.7500</dd>"),
        ({"cost": 0.25}, {"unpriced": 1}, '1 of 2 model calls: no price or no tokens known">at least 0.2500</span>'),
        ({"unpriced": 1}, {"unpriced": 1}, "no price set"),
    ],
)
def test_a_cost_of_which_a_part_is_not_known_is_said_to_be_more(gated, page, of_leader, of_member, cost):
    counted = {"prompt_tokens": 9, "model_calls": 1}
    Run.objects.filter(pk=gated.pk).update(usage={**counted, **of_leader})
    Run.objects.filter(parent=gated).update(usage={})
    Run.objects.filter(pk=gated.children.first().pk).update(usage={**counted, **of_member})
    assert cost in page(gated)


def test_a_large_tree_costs_no_more_queries_than_a_small_one(fake, member, team_of, owner, client_of):
    team = team_of(member("ann"), member("bob"))
    counts = []
    for times in (1, 6):
        fake.reply = told(
            ("leader", [delegate(*[("bob", "sum")] * times), Script().say("ok")]), ("bob", [Script().say("six")])
        )
        run = carry_tree(start(owner=owner, teammate=team, message="Sum"))
        assert run.children.count() == times
        browser = client_of(owner)
        browser.get("/runs/")
        with CaptureQueriesContext(connection) as queries:
            browser.get(reverse("runs:detail", args=[run.pk]))
        counts.append(len(queries))
    assert counts[0] == counts[1] < 32


def page_of_call(client, run):
    address = reverse("runs:detail", args=[run.pk])
    return client.get(address, {"call": run.calls.first().pk}).content.decode()


def test_the_page_of_a_workflow_shows_the_state_of_every_step(fake, member, workflow_of, owner, page, client_of):
    member("ann", "announce"), member("bob")
    announce = Script().call("announce", {"channel": "news", "text": "hi"})
    fake.reply = told(("ann", [announce, Script().say("told")]), ("bob", [Script().say("six")]))
    both = [{"name": "Tell", "teammate": "ann"}, {"name": "Sum", "teammate": "bob"}]
    flow = workflow_of({"name": "Both", "parallel": both}, {"name": "End", "teammate": "bob", "review": True})
    run = carry_tree(start(owner=owner, teammate=flow, message="Go"))
    html = page(run)
    states = dict(graph_of(html))
    assert states == {"Tell": "waiting", "Sum": "done", "End": "not_yet"}
    assert "Flow › Tell › Ann waits for you" in html
    branch = run.children.first()
    assert dict(graph_of(page(branch))) == states
    assert "waits for its steps" in html and "waits for its members" not in html
    call = re.search(r'<section class="inspected".*?</section>', page_of_call(client_of(owner), run), re.DOTALL)[0]
    assert "<dt>input</dt>" in call and "<dt>path</dt>" not in call and "<dt>outputs</dt>" not in call


def test_a_loop_that_found_no_end_says_so(fake, own_tool, workflow_of, owner, page):
    @own_tool(effect="pure", title="Enough?")
    def enough(input: str) -> bool:
        """Is it?"""
        return input == "yes"

    @own_tool(effect="pure", title="Repeat")
    def repeat(input: str) -> str:
        """Say it again."""
        return input

    loop = {"name": "Again", "loop": [{"name": "Say", "tool": "repeat"}], "until": "enough", "max": 3}
    flow = workflow_of(loop)
    assert "cut after 3 rounds" in page(carry_tree(start(owner=owner, teammate=flow, message="no")))
    assert "cut after" not in page(carry_tree(start(owner=owner, teammate=flow, message="yes")))
    last_of_three = workflow_of({**loop, "max": 1}, slug="once")
    assert "cut after" not in page(carry_tree(start(owner=owner, teammate=last_of_three, message="yes")))


def test_a_gate_three_deep_is_one_card_everywhere_and_resumes_its_branch(
    fake, member, team_of, workflow_of, owner, page, client_of
):
    team_of(member("ann", "announce"))
    member("bob")
    announce = Script().call("announce", {"channel": "news", "text": "hi"})
    fake.reply = told(
        ("leader", [delegate(("ann", "tell")), Script().say("All told.")]),
        ("ann", [announce, Script().say("told")]),
        ("bob", [Script().say("six")]),
    )
    both = [{"name": "Tell", "team": "crew"}, {"name": "Sum", "teammate": "bob"}]
    run = carry_tree(start(owner=owner, teammate=workflow_of({"name": "Both", "parallel": both}), message="Go"))
    gate = ToolApproval.objects.get()
    assert gate.run.depth == 3
    path = "Flow › Tell › Crew › Ann"
    for one in Run.objects.tree_of(run):
        html = page(one)
        assert html.count(f'id="approval-{gate.pk}"') == 1 and f"{path} waits for you" in html, one
    inbox = client_of(owner).get(reverse("inbox:list")).content.decode()
    assert inbox.count(f'id="approval-{gate.pk}"') == 1 and path in inbox

    before = Counter(request["model"] for request in fake.requests)
    decide(gate, "allow", by=owner, digest=gate.digest)
    assert carry_tree(run).output == "## Tell\nAll told.\n\n## Sum\nsix"
    after = Counter(request["model"] for request in fake.requests)
    assert after - before == Counter(ann=1, leader=1)


def graph_of(html):
    return [
        (name, state)
        for state, name in re.findall(r'class="graph-node is-(\w+)".*?class="graph-name"[^>]*>([^<]+)<', html, re.S)
    ]
