"""Runs of teams and workflows on home, in the lists, in the inbox and in conversations: one row for a whole tree."""

import pytest

from runs.engine import driver
from runs.models import Run
from runs.services import start
from runs.trees import files_of, usage_of
from tests.fake_script import Script
from tests.trees import carry_tree, delegate, told


@pytest.fixture
def crew(member, team_of):
    return team_of(member("ann", "announce"), member("bob"))


@pytest.fixture
def gated(fake, crew, owner):
    """A team's run: one member waits for a person, the other one is done."""
    announce = Script().call("announce", {"channel": "news", "text": "hi"})
    fake.reply = told(
        ("leader", [delegate(("ann", "tell"), ("bob", "sum")), Script().say("All told.")]),
        ("ann", [announce, Script().say("told")]),
        ("bob", [Script().say("six")]),
    )
    return carry_tree(start(owner=owner, teammate=crew, message="Tell them"))


@pytest.fixture
def page(client_of, owner):
    def page(address, **headers):
        response = client_of(owner).get(address, headers=headers)
        assert response.status_code == 200, address
        return response.content.decode()

    return page


def test_the_box_offers_teammates_teams_and_workflows(page, member, team_of, workflow_of):
    team_of(member("ann"))
    workflow_of({"name": "one", "teammate": "ann"}, input_schema={"type": "object", "properties": {"city": {}}})
    html = page("/")
    for words in ('label="Teammates"', 'label="Teams"', 'label="Workflows"', 'value="workflow:flow"'):
        assert words in html
    assert 'data-fields="city"' in html


@pytest.mark.parametrize(("key", "kind"), [("crew", "team"), ("workflow:flow", "workflow"), ("ann", "teammate")])
def test_the_box_starts_any_of_them(client_of, owner, member, team_of, workflow_of, key, kind):
    team_of(member("ann"))
    workflow_of({"name": "one", "teammate": "ann"})
    response = client_of(owner).post("/runs/start/", {"teammate": key, "message": "Go"})
    run = Run.objects.get()
    assert response["Location"] == f"/runs/{run.pk}/"
    assert getattr(run, kind) is not None


def test_a_message_that_breaks_the_input_schema_is_refused_at_the_message(client_of, owner, member, workflow_of):
    member("ann")
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    workflow_of({"name": "one", "teammate": "ann"}, input_schema=schema)
    response = client_of(owner).post("/runs/start/", {"teammate": "workflow:flow", "message": '{"city": 7}'})
    html = response.content.decode()
    assert response.status_code == 422 and not Run.objects.exists()
    assert "city: 7 is not of type" in html and 'aria-invalid="true"' in html


def test_what_is_not_for_this_person_cannot_be_started(client_of, owner, outsider, member, team_of):
    team_of(member("ann"), owner=outsider)
    response = client_of(owner).post("/runs/start/", {"teammate": "crew", "message": "Go"})
    assert response.status_code == 422 and not Run.objects.exists()


def test_a_tree_is_one_row_that_needs_you(gated, page):
    assert (gated.status, gated.open_gates, gated.open_children) == ("paused", 0, 1)
    for address in ("/runs/", "/runs/?show=waiting", "/"):
        html = page(address)
        assert html.count('class="row work-row"') == 1, address
        assert f"/runs/{gated.pk}/" in html
        assert "state-paused" in html
    assert 'class="row work-row"' not in page("/runs/?show=running")
    assert "Waits for you, approval" in page("/")


def test_a_tree_that_waits_for_members_alone_is_at_work(fake, crew, owner, page):
    fake.reply = told(("leader", [delegate(("bob", "sum"))]))
    run = start(owner=owner, teammate=crew, message="Sum it up")
    driver.carry_forward(run.pk)
    run.refresh_from_db()
    assert (run.status, run.shown) == ("paused", "running")
    assert 'class="row work-row"' in page("/runs/?show=running")
    assert 'class="row work-row"' not in page("/runs/?show=waiting")
    assert "Bob</p>" in page("/")


def test_the_path_of_a_gate_stands_on_its_row_and_beside_its_card(gated, page):
    for address in ("/", "/inbox/"):
        assert "Crew › Ann" in page(address), address


def test_a_conversation_shows_the_tree_as_one_exchange(gated, page):
    html = page(f"/conversations/{gated.session_id}/")
    assert html.count('class="exchange"') == 1
    assert "Crew › Ann waits for you" in html
    assert "1 run<" in page("/conversations/")


def test_tokens_and_files_add_up_to_the_root(gated):
    Run.objects.filter(pk=gated.pk).update(usage={"prompt_tokens": 1, "cost": 0.5})
    gated.children.update(usage={"prompt_tokens": 10, "model_calls": 1})
    gated.refresh_from_db()
    assert usage_of(gated) == {"prompt_tokens": 21, "model_calls": 2, "cost": 0.5, "unpriced": 2}
    child = gated.children.first()
    assert usage_of(child) == {"prompt_tokens": 10, "model_calls": 1, "unpriced": 1}
    child.files.create(name="a.md", kind="output", size=1, media_type="text/markdown", content="a")
    child.files.create(name="b.md", kind="input", size=1, media_type="text/markdown", content="b")
    assert [file.name for file in files_of(gated)] == ["a.md"]


def test_the_list_of_the_inbox_costs_no_more_for_gates_further_down(
    gated, client_of, owner, django_assert_max_num_queries
):
    browser = client_of(owner)
    with django_assert_max_num_queries(22):
        browser.get("/inbox/")
