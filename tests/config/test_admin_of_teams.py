"""Teams and workflows on the admin site: read and changed with the rules of the roster."""

import html

import pytest
from django.contrib.auth.models import Permission, User

from teammates.models import Revision, Team, Teammate, Workflow
from teammates.performers import save_team, save_workflow
from teammates.services import save

pytestmark = pytest.mark.django_db
ADMIN = "/admin/teammates"


@pytest.fixture
def boss(client_of):
    return client_of(User.objects.create_superuser("boss", password="x"))


@pytest.fixture
def crew(db):
    ann, bob = (Teammate(slug=slug, name=slug.title()) for slug in ("ann", "bob"))
    save(ann, []), save(bob, [])
    team = Team(slug="crew", name="Crew")
    save_team(team, [ann, bob])
    return team


@pytest.fixture
def flow(crew):
    workflow = Workflow(slug="flow", name="Flow", definition=[{"name": "One", "teammate": "ann"}])
    save_workflow(workflow)
    return workflow


def sent(team, *slugs, **changed):
    """The form of the team with these members."""
    rows = list(team.members.all())
    fields = {"name": team.name, "mode": "coordinate", "permission_mode": "autonomous", "enabled": "on"}
    fields |= {"members-TOTAL_FORMS": len(slugs), "members-INITIAL_FORMS": len(rows)}
    for place, slug in enumerate(slugs):
        pk = Teammate.objects.get(slug=slug).pk if slug else ""
        fields |= {f"members-{place}-position": place, f"members-{place}-teammate": pk}
        fields |= {f"members-{place}-id": rows[place].pk, f"members-{place}-team": team.pk}
    return {**fields, **changed}


def test_lists_and_forms_open(boss, crew, flow):
    for address in ("team/", f"team/{crew.pk}/change/", "team/add/", "workflow/", f"workflow/{flow.pk}/change/"):
        assert boss.get(f"{ADMIN}/{address}").status_code == 200, address


def test_a_team_is_changed_as_one_revision(boss, crew):
    response = boss.post(f"{ADMIN}/team/{crew.pk}/change/", sent(crew, "bob", "ann", name="The crew"))
    assert response.status_code == 302
    crew.refresh_from_db()
    assert (crew.name, [one.performer.slug for one in crew.members.all()]) == ("The crew", ["bob", "ann"])
    assert Revision.objects.filter(kind="team", performer=crew.pk).count() == 2


def test_a_team_that_does_not_fit_is_refused(boss, crew):
    response = boss.post(f"{ADMIN}/team/{crew.pk}/change/", sent(crew, "ann", "ann"))
    assert response.status_code == 200 and "Name each member once." in response.content.decode()
    assert [one.performer.slug for one in crew.members.all()] == ["ann", "bob"]


def test_a_team_of_the_house_has_no_member_of_an_account(boss, crew, owner):
    Teammate.objects.filter(slug="bob").update(owner=owner)
    response = boss.post(f"{ADMIN}/team/{crew.pk}/change/", sent(crew, "ann", "bob", name="The crew"))
    assert "Bob belongs to another account than the team." in response.content.decode()
    crew.refresh_from_db()
    assert crew.name == "Crew"


def test_who_is_in_a_team_already_may_stay(client_of, crew, owner):
    Teammate.objects.filter(slug="bob").update(owner=owner)  # as older releases let it be
    helper = User.objects.create_user("helper", is_staff=True)
    helper.user_permissions.set(Permission.objects.filter(codename__in=["add_team", "change_team"]))
    client = client_of(helper)
    assert client.post(f"{ADMIN}/team/{crew.pk}/change/", sent(crew, name="The crew")).status_code == 302
    crew.refresh_from_db()
    assert (crew.name, [one.performer.slug for one in crew.members.all()]) == ("The crew", ["ann", "bob"])
    assert client.get(f"{ADMIN}/team/add/").status_code == 403, "a team has members, which they may not write"


def test_steps_that_do_not_fit_are_refused(boss, flow):
    fields = {"name": "Flow", "enabled": "on", "input_schema": "null"}
    address = f"{ADMIN}/workflow/{flow.pk}/change/"
    response = boss.post(address, {**fields, "definition": '[{"name": "One", "teammate": "zoe"}]'})
    assert response.status_code == 200 and "There is no teammate “zoe”." in response.content.decode()
    assert boss.post(address, {**fields, "definition": '[{"name": "Two", "teammate": "bob"}]'}).status_code == 302
    flow.refresh_from_db()
    assert flow.definition == [{"name": "Two", "teammate": "bob"}]


@pytest.mark.parametrize(
    "schema", ["5", "[]", "true", '{"type": "nope"}', '{"properties": 5}', '{"$ref": "http://x/"}']
)
def test_an_input_schema_that_is_none_is_refused(boss, flow, schema):
    sent = {
        "name": "Flow",
        "enabled": "on",
        "input_schema": schema,
        "definition": '[{"name": "One", "teammate": "ann"}]',
    }
    response = boss.post(f"{ADMIN}/workflow/{flow.pk}/change/", sent)
    page = response.content.decode()
    assert response.status_code == 200
    assert "is a JSON object" in page or "no JSON Schema" in page
    assert boss.get("/").status_code == 200


@pytest.mark.parametrize(
    ("field", "text", "why"),
    [
        ("input_schema", "{", "This cannot be read as JSON"),
        ("input_schema", "[" * 9000, "nested deeper than 100 levels."),
        ("input_schema", '{"type": "object", "type": "array"}', "is there twice."),
        ("definition", "9" * 5000, "where numbers are not exact any more"),
    ],
)
def test_json_that_does_not_mean_one_thing_is_refused_and_stays(boss, flow, field, text, why):
    sent = {"name": "Flow", "enabled": "on", "input_schema": "", "definition": '[{"name": "One", "teammate": "ann"}]'}
    before = flow.definition
    response = boss.post(f"{ADMIN}/workflow/{flow.pk}/change/", {**sent, field: text})
    page = html.unescape(response.content.decode())
    assert response.status_code == 200 and why in page and text in page
    flow.refresh_from_db()
    assert (flow.definition, flow.input_schema) == (before, None)


@pytest.mark.parametrize("rows", [[], ["view_member"], ["view_member", "change_member"], ["add_member"]])
def test_who_may_not_write_the_members_leaves_them_as_they_are(client_of, crew, rows):
    helper = User.objects.create_user("helper", is_staff=True)
    helper.user_permissions.set(Permission.objects.filter(codename__in=["change_team", *rows]))
    sent_ = sent(crew, "bob", name="The crew")
    assert client_of(helper).post(f"{ADMIN}/team/{crew.pk}/change/", sent_).status_code == 302
    crew.refresh_from_db()
    assert (crew.name, [one.performer.slug for one in crew.members.all()]) == ("The crew", ["ann", "bob"])


def test_an_archived_one_is_brought_back_disabled(boss, crew):
    boss.post("/roster/teams/crew/archive/")
    boss.post(f"{ADMIN}/team/", {"action": "bring_back", "_selected_action": [crew.pk]})
    crew.refresh_from_db()
    assert (crew.archived_at, crew.enabled) == (None, False)
