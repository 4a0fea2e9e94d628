"""The roster's pages of teams and workflows: shown to whoever may start them, changed by whoever may."""

import pytest

from teammates.models import Revision, Team, Teammate, Workflow
from teammates.performers import save_team, save_workflow
from teammates.services import save

pytestmark = pytest.mark.django_db
STEPS = '[[steps]]\nname = "One"\nteammate = "ann"\n\n[[steps]]\nname = "Two"\nteammate = "bob"\nreview = true\n'


def a_teammate(slug, owner=None):
    made = Teammate(slug=slug, name=slug.title(), owner=owner)
    save(made, [])
    return made


@pytest.fixture
def crew(db):
    team = Team(slug="crew", name="Crew")
    save_team(team, [a_teammate("ann"), a_teammate("bob")])
    return team


@pytest.fixture
def flow(crew):
    workflow = Workflow(slug="flow", name="Flow", definition=[{"name": "One", "teammate": "ann"}])
    save_workflow(workflow)
    return workflow


def of_team(**changed):
    fields = {"name": "Crew", "mode": "coordinate", "permission_mode": "autonomous", "enabled": "on", "revision": 1}
    return {**fields, "member_0": "ann", "member_1": "bob", **changed}


def of_flow(**changed):
    return {"name": "Flow", "enabled": "on", "revision": 1, "steps": STEPS, **changed}


def test_the_roster_lists_teams_and_workflows(client_of, owner, flow):
    html = client_of(owner).get("/roster/").content.decode()
    assert 'href="/roster/teams/crew/"' in html and "Coordinate: Ann, Bob" in html
    assert 'href="/roster/workflows/flow/"' in html and "1 step<" in html


def test_a_team_shows_its_members_and_its_way_of_working(client_of, owner, crew):
    html = client_of(owner).get("/roster/teams/crew/").content.decode()
    for words in ("Ann", "Bob", "The leader gives each member its part", "Staff change it"):
        assert words in html, words


def test_staff_change_a_team_of_the_house(client_of, staff, crew):
    sent = of_team(name="The crew", mode="route", member_0="bob", member_1="ann", instructions="Be quick.")
    assert client_of(staff).post("/roster/teams/crew/", sent)["Location"] == "/roster/teams/crew/"
    crew.refresh_from_db()
    assert (crew.name, crew.mode, crew.instructions) == ("The crew", "route", "Be quick.")
    assert [one.performer.slug for one in crew.members.all()] == ["bob", "ann"]
    assert Revision.objects.filter(kind="team", performer=crew.pk).count() == 2


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"member_0": "", "member_1": ""}, "A team needs at least one member."),
        ({"member_0": "bob"}, "Name each member once."),
        ({"name": ""}, "This field is required."),
        ({"revision": 7}, "Revision 1 was saved while this page was open"),
        ({"mode": "shout"}, "Select a valid choice"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_saved(client_of, staff, crew, changed, words):
    response = client_of(staff).post("/roster/teams/crew/", of_team(**changed))
    assert response.status_code == 422 and words in response.content.decode()
    assert Revision.objects.filter(kind="team").count() == 1
    assert [one.performer.slug for one in crew.members.all()] == ["ann", "bob"]


def test_a_team_that_would_hold_itself_is_refused(client_of, staff, crew):
    outer = Team(slug="outer", name="Outer")
    save_team(outer, [crew])
    response = client_of(staff).post("/roster/teams/crew/", of_team(member_1="outer"))
    assert response.status_code == 422
    assert "Crew cannot be a member of itself." in response.content.decode()


def test_members_do_not_change_a_team_of_the_house_and_others_do_not_see_a_private_one(
    client_of, owner, outsider, crew
):
    assert client_of(owner).post("/roster/teams/crew/", of_team(name="Mine")).status_code == 403
    assert client_of(owner).post("/roster/teams/crew/archive/").status_code == 403
    mine = Team(slug="mine", name="Mine", owner=owner)
    save_team(mine, [Teammate.objects.get(slug="ann")])
    assert client_of(outsider).get("/roster/teams/mine/").status_code == 404
    assert client_of(outsider).post("/roster/teams/mine/", of_team()).status_code == 404
    crew.refresh_from_db(), mine.refresh_from_db()
    assert (crew.name, mine.name, crew.archived_at) == ("Crew", "Mine", None)


def test_anybody_makes_a_team_of_their_own_out_of_what_they_may_see(client_of, owner, outsider, crew):
    a_teammate("secret", outsider), a_teammate("own", owner)
    html = client_of(owner).get("/roster/teams/new/").content.decode()
    assert html.count("New team") == 3, "in the title, in the bar of a phone, as the heading"
    assert 'value="own"' in html and 'value="secret"' not in html
    sent = of_team(name="New one", member_0="own", member_1="", revision=0)
    assert client_of(owner).post("/roster/teams/new/", sent)["Location"] == "/roster/teams/new-one/"
    assert Team.objects.get(slug="new-one").owner == owner
    sent = of_team(name="Other", member_0="secret", revision=0)
    assert client_of(owner).post("/roster/teams/new/", sent).status_code == 422


def test_an_archived_team_is_off_the_lists(client_of, staff, crew):
    client_of(staff).post("/roster/teams/crew/archive/")
    html = client_of(staff).get("/roster/").content.decode()
    assert "/roster/teams/crew/" not in html
    assert 'value="crew"' not in client_of(staff).get("/").content.decode()
    assert client_of(staff).get("/roster/teams/crew/").status_code == 404


def test_a_workflow_shows_its_graph_and_its_steps_as_text(client_of, owner, flow):
    html = client_of(owner).get("/roster/workflows/flow/").content.decode()
    assert html.count('class="graph-node is-plan"') == 1
    assert "[[steps]]" in html and "style=" not in html


@pytest.mark.parametrize("schema", [5, [], {"type": "nope"}, {"properties": 5}])
def test_a_schema_from_before_that_is_none_is_mended_on_its_page(client_of, staff, flow, schema):
    Workflow.objects.update(input_schema=schema)
    client = client_of(staff)
    assert client.get("/").status_code == 200
    assert client.post("/roster/workflows/flow/", of_flow(input_schema="")).status_code == 302
    flow.refresh_from_db()
    assert flow.input_schema is None


def test_a_workflow_whose_tool_is_gone_is_shown(client_of, staff, flow):
    Workflow.objects.update(definition=[{"name": "One", "tool": "a_tool_that_is_gone"}])
    assert "a_tool_that_is_gone" in client_of(staff).get("/roster/workflows/flow/").content.decode()


def test_staff_change_the_steps_of_a_workflow(client_of, staff, flow):
    sent = of_flow(input_schema='{"type": "object"}')
    assert client_of(staff).post("/roster/workflows/flow/", sent).status_code == 302
    flow.refresh_from_db()
    assert [step["name"] for step in flow.definition] == ["One", "Two"]
    assert flow.input_schema == {"type": "object"}
    assert client_of(staff).get("/roster/workflows/flow/").content.decode().count("graph-node is-plan") == 2


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"steps": "[[steps]\n"}, "This is not TOML"),
        ({"steps": "name = 1"}, "Begin every step with a line [[steps]]"),
        ({"steps": '[[steps]]\nname = "One"'}, "must be exactly one of"),
        ({"steps": '[[steps]]\nname = "One"\nteammate = "zoe"'}, "There is no teammate “zoe”."),
        ({"steps": '[[steps]]\nname = "One"\ntool = "nothing"'}, "there is no tool “nothing”"),
        ({"input_schema": "{"}, "This cannot be read as JSON"),
        ({"input_schema": '{"type": "nonsense"}'}, "This is no JSON Schema"),
        ({"input_schema": "[]"}, "An input schema is a JSON object."),
        ({"input_schema": '{"type": "object", "type": "array"}'}, "is there twice"),
        ({"input_schema": "[" * 9000}, "nested deeper than 100 levels"),
        ({"input_schema": "{" + " " * 20_000 + "}"}, "It has 20,002 characters; 20,000 fit."),
    ],
)
def test_steps_that_do_not_fit_are_said_with_what_is_wrong(client_of, staff, flow, changed, words):
    response = client_of(staff).post("/roster/workflows/flow/", of_flow(**changed))
    assert response.status_code == 422
    assert words in response.content.decode()
    flow.refresh_from_db()
    assert [step["name"] for step in flow.definition] == ["One"]


def test_a_workflow_names_nobody_that_its_owner_may_not_see(client_of, owner, outsider, flow):
    a_teammate("secret", outsider)
    steps = '[[steps]]\nname = "One"\nteammate = "secret"'
    response = client_of(owner).post("/roster/workflows/new/", of_flow(name="Mine", steps=steps, revision=0))
    assert response.status_code == 422 and "There is no teammate “secret”." in response.content.decode()
    assert client_of(owner).post("/roster/workflows/new/", of_flow(name="Mine", revision=0)).status_code == 302
    assert Workflow.objects.get(slug="mine").owner == owner
