"""Teammates at the m8tes door: whose they are, taken out of use and back, and what their runs are told."""

import pytest

from runs.models import Run
from teammates import keys, lifecycle
from teammates.models import Teammate
from teammates.tools.builtin import BUILT_IN
from tests.api.door import problem_of
from tests.api.rows import everything, row

pytestmark = pytest.mark.django_db(transaction=True)


# --- whose it is ---

VERBS = [
    ("patch", "", {"name": "Mine now"}),
    ("delete", "", None),
    ("post", "/disable", None),
    ("post", "/enable", None),
    ("post", "/unarchive", None),
]


@pytest.mark.parametrize(("method", "path", "body"), VERBS)
def test_anothers_is_not_there(made, api_of, staff, method, path, body):
    told = made()
    before = everything()
    theirs = api_of(staff, list(keys.SCOPES))
    assert problem_of(getattr(theirs, method)(f"/agents/{told['id']}{path}", body)) == (404, "not_found")
    assert everything() == before


@pytest.mark.parametrize(("method", "path", "body"), VERBS)
def test_another_end_users_is_not_there(made, api, method, path, body):
    told = made(user_id="ada")
    before = everything()
    assert problem_of(getattr(api, method)(f"/agents/{told['id']}{path}?user_id=bob", body)) == (404, "not_found")
    assert everything() == before


@pytest.mark.parametrize(("method", "path", "body"), VERBS)
def test_the_houses_are_changed_by_staff_with_an_admin_key_only(house, owner, staff, api_of, method, path, body):
    before = everything()
    for person, scopes in [(owner, list(keys.SCOPES)), (staff, keys.DEFAULT_SCOPES)]:
        response = getattr(api_of(person, scopes), method)(f"/agents/{house.pk}{path}", body)
        assert problem_of(response) == (403, "forbidden")
    assert everything() == before
    theirs = api_of(staff, list(keys.SCOPES))
    assert getattr(theirs, method)(f"/agents/{house.pk}{path}", body).status_code in (200, 204)


def test_the_houses_can_be_run_with_any_key(api, house):
    assert api.get(f"/agents/{house.pk}").json()["can_manage"] is False
    assert api.run(house).teammate == house


def test_the_houses_have_just_the_tools_that_they_were_given(api, house):
    told = api.get(f"/agents/{house.pk}").json()
    assert told["tools"] == ["announce"]
    assert set(told["disabled_builtin_tools"]) == BUILT_IN - {"read_file"}


def test_a_key_that_may_only_look_changes_nothing(api_of, owner, house):
    looking = api_of(owner, ["runs:read"])
    assert looking.get("/agents").status_code == 200
    assert problem_of(looking.post("/agents", {"name": "Helper"})) == (403, "missing_scope")
    assert Teammate.objects.count() == 1


# --- out of use, and back ---


def test_an_archived_one_is_out_of_the_list_and_still_there_by_its_id(made, api):
    path = f"/agents/{made()['id']}"
    for _ in range(2):
        response = api.delete(path)
        assert (response.status_code, response.content) == (204, b"")
    assert api.get("/agents").json()["data"] == []
    assert api.get("/agents", include_archived="true").json()["data"][0]["status"] == "archived"
    assert api.get(path).json()["status"] == "archived"


def test_it_comes_back_disabled_and_works_once_it_is_enabled(made, api):
    told = made()
    path = f"/agents/{told['id']}"
    api.delete(path)
    assert problem_of(api.post(f"{path}/enable")) == (409, "archived")
    for _ in range(2):
        assert api.post(f"{path}/unarchive").json()["status"] == "disabled"
    for _ in range(2):
        assert api.post(f"{path}/enable").json()["status"] == "enabled"
    assert api.run(row(told)).status == "queued"


@pytest.mark.parametrize(("method", "path", "code"), [("post", "/disable", "disabled"), ("delete", "", "archived")])
def test_one_out_of_use_starts_no_run(made, api, method, path, code):
    told = made()
    getattr(api, method)(f"/agents/{told['id']}{path}")
    body = {"teammate_id": told["id"], "message": "Do it", "stream": True}
    assert problem_of(api.post("/runs", body)) == (409, code)
    assert not Run.objects.exists()


def test_quick_start_makes_a_new_one_where_the_old_one_is_archived(api):
    first = api.run(name="Bot").teammate_id
    assert api.run(name="Bot").teammate_id == first
    api.delete(f"/agents/{first}")
    assert api.run(name="Bot").teammate_id != first


@pytest.mark.parametrize("body", [{"message": ""}, {"message": "x", "model": "nonsense"}])
def test_a_quick_start_that_is_refused_leaves_no_teammate(api, body):
    assert problem_of(api.post("/runs", {"name": "Bot", **body}))[0] == 422
    assert not Teammate.objects.exists()


def test_an_archived_one_is_on_no_page(made, api, client_of, owner):
    told = made(name="Gone")
    client = client_of(owner)
    page = f"/roster/{row(told).slug}/"
    assert client.get(page).status_code == 200
    api.delete(f"/agents/{told['id']}")
    assert client.get(page).status_code == 404
    assert b"Gone" not in client.get("/roster/").content and b"Gone" not in client.get("/").content


def test_the_verbs_are_the_rooms_own(made, api):
    """A page that archives changes what the door says."""
    told = made()
    lifecycle.archive(row(told))
    assert api.get(f"/agents/{told['id']}").json()["status"] == "archived"


# --- what it is told ---


def test_the_system_prompt_is_what_a_run_is_told(made, api, fake, carry):
    told = made(instructions="Be brief.", role="Editor", goals="A letter")
    prompt = api.get(f"/agents/{told['id']}/system-prompt").json()
    carry(api.run(row(told)))
    assert fake.requests[-1]["messages"][0]["content"] == prompt["system_prompt"]
    assert prompt["characters"] == len(prompt["system_prompt"]) and "Be brief." in prompt["system_prompt"]


def test_the_agents_own_wishes_hold_where_a_run_says_nothing(made, api):
    teammate = row(made(enable_memory=False, enable_history=False, default_permission_mode="approval"))
    silent, said = api.run(teammate), api.run(teammate, memory=True, history=True, human_in_the_loop=True)
    assert (silent.memory, silent.history, silent.permission_mode) == (False, False, "autonomous")
    assert (said.memory, said.history, said.permission_mode) == (True, True, "approval")
