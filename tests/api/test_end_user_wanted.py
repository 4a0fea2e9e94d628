"""An account may want an end user named with everything that its clients make (contract 0.7)."""

import pytest

from runs.models import Run
from runs.task_models import Task
from runs.webhook_models import Webhook
from teammates.models import Memory, PermissionRule, Teammate
from tests.api.door import problem_of

pytestmark = pytest.mark.django_db(transaction=True)
MAKING = {
    "/runs": {"message": "Do it", "name": "Bot", "stream": False},
    "/agents": {"name": "Bot"},
    "/memories": {"content": "Likes tea"},
    "/permissions": {"tool": "write_file"},
    "/webhooks": {"url": "https://example.com/hook"},
}


def rows():
    return [model.objects.count() for model in (Run, Teammate, Memory, PermissionRule, Webhook)]


@pytest.fixture
def strict(api):
    api.patch("/settings", {"require_end_user_id": True})
    return api


@pytest.mark.parametrize("path", MAKING)
def test_without_one_nothing_is_made(strict, path):
    for more in ({}, {"user_id": None}, {"user_id": ""}):
        assert problem_of(strict.post(path, MAKING[path] | more)) == (422, "user_id_required")
    assert rows() == [0, 0, 0, 0, 0]
    assert strict.post(path, MAKING[path] | {"user_id": "ada"}).status_code == 201


@pytest.mark.parametrize("path", MAKING)
def test_it_is_wanted_of_its_own_clients_only(strict, api_of, outsider, path):
    assert api_of(outsider).post(path, MAKING[path]).status_code == 201


def test_the_end_user_of_the_teammate_is_one(strict):
    agent = strict.post("/agents", {"name": "Bot", "user_id": "ada"}).json()
    assert strict.run(Teammate.objects.get(pk=agent["id"])).user_id == "ada"


def test_a_task_is_for_the_end_user_of_its_teammate(strict, teammate_with):
    ada = strict.post("/agents", {"name": "Bot", "user_id": "ada"}).json()["id"]
    task = {"instructions": "Count.", "teammate_id": teammate_with().pk}
    assert problem_of(strict.post("/tasks", task)) == (422, "user_id_required")
    assert strict.post("/tasks", task | {"teammate_id": ada}).json()["user_id"] == "ada"
    assert Task.objects.count() == 1


def test_what_was_made_for_nobody_is_not_gone_on_with(api, teammate_with):
    helper = teammate_with()
    run, task = api.run(helper), api.post("/tasks", {"instructions": "Count.", "teammate_id": helper.pk}).json()
    api.patch("/settings", {"require_end_user_id": True})
    before = Run.objects.count()
    assert problem_of(api.post(f"/runs/{run.pk}/reply", {"message": "More"})) == (422, "user_id_required")
    assert problem_of(api.post(f"/tasks/{task['id']}/runs", {"stream": False})) == (422, "user_id_required")
    assert Run.objects.count() == before
    assert api.post(f"/tasks/{task['id']}/runs", {"stream": False, "user_id": "ada"}).json()["user_id"] == "ada"
