"""The admin site: teammates can be edited, what the machine and people did can only be looked at."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client

from api.models import AuditLog
from approvals.models import Decision, Question, ToolApproval
from runs.models import Event, Message, Run, RunFile, Session, ToolCall
from runs.services import start
from teammates import keys, services
from teammates.models import ApiKey, Memory, Revision, Team, Teammate

MACHINE = [Session, Run, Message, ToolCall, Event, RunFile]
READ_ONLY = [*MACHINE, ToolApproval, Question, Decision, Revision, ApiKey, AuditLog]
TOOLS = [("read_file", ""), ("announce", "")]


@pytest.fixture
def clerk(db) -> Teammate:
    teammate = Teammate(slug="clerk", name="Clerk")
    services.save(teammate, TOOLS)
    return teammate


@pytest.fixture
def rows(clerk, owner, settings, tmp_path) -> dict:
    """One row of everything that can only be looked at."""
    settings.MEDIA_ROOT = tmp_path
    run = start(owner=owner, teammate=clerk, message="Announce it.")
    call = ToolCall.objects.create(run=run, turn=1, ordinal=0, tool="announce", arguments={"channel": "news"})
    digest = {"digest": "d" * 64}
    approval = ToolApproval.objects.create(
        run=run, call=call, title="Publish", risk="write_external", arguments={}, **digest
    )
    Decision.objects.create(run=run, approval=approval, verdict="deny", by=owner, via="page", revision=1, **digest)
    Question.objects.create(run=run, call=call, kind="ask", **digest)
    Message.objects.create(run=run, turn=1, role="assistant", text="I will.")
    RunFile.objects.create(run=run, name="notes.md", size=2, content=ContentFile(b"hi", name="notes.md"))
    keys.create(owner, "robot")
    AuditLog.objects.create(auth="none", method="GET", path="/api/v2/runs", status_code=401, duration_ms=1)
    return {model: model.objects.first() for model in READ_ONLY}


def address(model, page="changelist") -> str:
    base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    return base if page == "changelist" else f"{base}{page}/"


def snapshot(rows) -> list:
    return [list(model.objects.values()) for model in rows]


def test_its_pages_carry_our_mark(client_of, staff):
    assert b'<link rel="icon" href="/static/img/mark.svg"' in client_of(staff).get("/admin/").content


@pytest.mark.parametrize("model", READ_ONLY)
def test_staff_look_at_it(client_of, staff, rows, model):
    client = client_of(staff)
    assert client.get(address(model)).status_code == 200
    assert client.get(address(model), {"q": "1"}).status_code == 200
    assert client.get(address(model, f"{rows[model].pk}/change")).status_code == 200


@pytest.mark.parametrize("model", READ_ONLY)
def test_not_even_a_superuser_changes_it(client_of, staff, rows, model):
    client, before = client_of(staff), snapshot(rows)
    pk = rows[model].pk
    assert client.get(address(model, "add")).status_code == 403
    assert client.post(address(model, "add"), {}).status_code == 403
    assert client.post(address(model, f"{pk}/change"), {"status": "completed"}).status_code == 403
    assert client.post(address(model, f"{pk}/delete"), {"post": "yes"}).status_code == 403
    client.post(address(model), {"action": "delete_selected", "_selected_action": pk, "post": "yes"})
    assert snapshot(rows) == before


def test_every_row_of_runs_and_gates_is_read_only(db):
    ours = [model for model in admin.site._registry if model._meta.app_label in ("runs", "approvals")]
    assert set(ours) <= set(READ_ONLY) and len(ours) == 9


def test_a_decision_is_shown_with_its_gate(client_of, staff, rows):
    page = client_of(staff).get(address(ToolApproval, f"{rows[ToolApproval].pk}/change")).content.decode()
    assert "olivia" in page and "deny" in page.lower()


def test_a_run_leads_to_its_parts(client_of, staff, rows):
    run = rows[Run]
    page = client_of(staff).get(address(Run, f"{run.pk}/change")).content.decode()
    assert f"/admin/runs/event/?run__id__exact={run.pk}" in page and "1 events" in page
    assert client_of(staff).get(f"/admin/runs/event/?run__id__exact={run.pk}").status_code == 200


def form(teammate, **changes) -> dict:
    rows = {}
    for number, row in enumerate(teammate.tools.all()):
        rows |= {f"tools-{number}-id": row.pk, f"tools-{number}-teammate": teammate.pk}
        rows |= {f"tools-{number}-tool": row.tool, f"tools-{number}-permission": row.permission}
    total = teammate.tools.count()
    fields = {"name": teammate.name, "permission_mode": "approval", "human_in_the_loop": "on", "enabled": "on"}
    management = {"tools-TOTAL_FORMS": total, "tools-INITIAL_FORMS": total}
    return fields | {"history_runs": 20} | management | rows | changes


def test_a_teammate_is_saved_as_everywhere_in_one_revision(client_of, staff, clerk):
    sent = form(clerk, name="Head clerk", **{"tools-1-permission": "deny", "tools-0-DELETE": "on"})
    assert client_of(staff).post(address(Teammate, f"{clerk.pk}/change"), sent).status_code == 302
    changed = Teammate.objects.get(pk=clerk.pk)
    assert changed.name == "Head clerk" and services.tools_of(changed) == [("announce", "deny")]
    revision = services.current_revision(clerk)
    assert revision.number == 2 and revision.definition == services.definition_of(changed)


def test_a_new_teammate_comes_with_its_tools(client_of, staff):
    sent = {"name": "New", "slug": "brand-new", "permission_mode": "plan", "human_in_the_loop": "on", "history_runs": 5}
    sent |= {"tools-TOTAL_FORMS": 1, "tools-INITIAL_FORMS": 0, "tools-0-tool": "read_file", "tools-0-permission": "ask"}
    assert client_of(staff).post(address(Teammate, "add"), sent).status_code == 302
    made = Teammate.objects.get(slug="brand-new")
    assert services.tools_of(made) == [("read_file", "ask")] and services.current_revision(made).number == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"human_in_the_loop": ""},
        {"name": ""},
        {"tools-0-tool": "fly"},
        {"tools-0-tool": "announce"},
        {"tools-0-permission": "maybe"},
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_saved(client_of, staff, clerk, changes):
    answer = client_of(staff).post(address(Teammate, f"{clerk.pk}/change"), form(clerk, **changes))
    assert answer.status_code == 200 and b"errornote" in answer.content
    assert services.tools_of(clerk) == TOOLS and Revision.objects.count() == 1


@pytest.mark.parametrize("slug", ["new", "crew"])
def test_an_id_that_is_an_address_of_ours_or_a_teams_is_refused(client_of, staff, slug):
    Team.objects.create(slug="crew", name="Crew")
    sent = {"name": "New", "slug": slug, "permission_mode": "plan", "human_in_the_loop": "on", "history_runs": 5}
    sent |= {"tools-TOTAL_FORMS": 0, "tools-INITIAL_FORMS": 0}
    answer = client_of(staff).post(address(Teammate, "add"), sent)
    assert answer.status_code == 200 and not Teammate.objects.exists()


def listed(teammate, **changes) -> dict:
    row = {"id": teammate.pk, "permission_mode": "approval", "human_in_the_loop": "on", "enabled": "on"} | changes
    return {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "_save": "1"} | {f"form-0-{k}": v for k, v in row.items()}


def test_the_mode_is_changed_in_the_list_and_the_tools_stay(client_of, staff, clerk):
    client_of(staff).post(address(Teammate), listed(clerk, permission_mode="autonomous"))
    assert Teammate.objects.get(pk=clerk.pk).permission_mode == "autonomous"
    assert services.tools_of(clerk) == TOOLS and services.current_revision(clerk).number == 2


def test_the_list_refuses_a_mode_without_people(client_of, staff, clerk):
    answer = client_of(staff).post(address(Teammate), listed(clerk, permission_mode="plan", human_in_the_loop=""))
    assert b"somebody has to decide" in answer.content
    assert Teammate.objects.get(pk=clerk.pk).permission_mode == "approval" and Revision.objects.count() == 1


@pytest.mark.parametrize("rows", [[], ["view"], ["view", "change"], ["add"]])
def test_who_may_not_write_the_tools_leaves_them_as_they_are(client_of, clerk, rows):
    helper = User.objects.create_user("helper", is_staff=True)
    names = ["change_teammate", *(f"{action}_teammatetool" for action in rows)]
    helper.user_permissions.set(Permission.objects.filter(codename__in=names))
    sent = form(clerk, name="Head clerk", **{"tools-0-permission": "deny"})
    assert client_of(helper).post(address(Teammate, f"{clerk.pk}/change"), sent).status_code == 302
    changed = Teammate.objects.get(pk=clerk.pk)
    assert (changed.name, services.tools_of(changed)) == ("Head clerk", TOOLS)


def test_a_teammate_is_never_deleted(client_of, staff, clerk):
    assert client_of(staff).post(address(Teammate, f"{clerk.pk}/delete"), {"post": "yes"}).status_code == 403
    assert Teammate.objects.filter(pk=clerk.pk).exists()


def test_keys_are_revoked_here_and_their_digest_is_not_shown(client_of, staff, owner):
    key, text = keys.create(owner, "robot")
    client = client_of(staff)
    assert key.digest not in client.get(address(ApiKey, f"{key.pk}/change")).content.decode()
    client.post(address(ApiKey), {"action": "revoke", "_selected_action": key.pk})
    assert keys.authenticate(text) is None


def test_staff_without_the_permission_revoke_nothing(client_of, outsider, owner):
    key, text = keys.create(owner, "robot")
    User.objects.filter(pk=outsider.pk).update(is_staff=True)
    outsider.user_permissions.add(Permission.objects.get(codename="view_apikey"))
    answer = client_of(outsider).post(address(ApiKey), {"action": "revoke", "_selected_action": key.pk})
    assert answer.status_code in (200, 302) and keys.authenticate(text)


def test_a_memory_can_be_forgotten(client_of, staff, clerk, owner):
    memory = Memory.objects.create(owner=owner, teammate=clerk, text="Likes tea")
    assert client_of(staff).post(address(Memory, f"{memory.pk}/delete"), {"post": "yes"}).status_code == 302
    assert not Memory.objects.exists()


@pytest.mark.parametrize("person", ["owner", "reviewer", "outsider"])
def test_who_is_not_staff_has_no_admin_site(request, client_of, rows, person):
    client = client_of(request.getfixturevalue(person))
    answer = client.get(address(Run), follow=True)
    assert answer.status_code == 403


def test_the_admin_site_has_no_sign_in_page_of_its_own(staff):
    sent = {"username": "stella", "password": "a long enough password"}
    answer = Client().post("/admin/login/?next=/admin/", sent)
    assert answer.url == "/sign-in/?next=/admin/" and "_auth_user_id" not in answer.client.session


def test_the_group_of_reviewers_is_there_from_the_start(db):
    Group.objects.all().delete()  # a test before this one may have emptied the tables
    import_module("approvals.migrations.0002_reviewers").make_group(apps, connection.schema_editor())
    assert Group.objects.filter(name="reviewer").exists()
