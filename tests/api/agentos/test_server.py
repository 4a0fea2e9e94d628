"""What clients ask before they begin: configuration, models, health (contract 6)."""

import pytest
from django.conf import settings

from teammates.models import Teammate
from teammates.services import save
from tests.api.agentos.door import problem_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("path", ["/health", "/health/", "/info"])
def test_anybody_may_ask_whether_it_lives(db, client, path):
    response = client.get(path)
    assert response.status_code == 200
    assert response.json().items() & {("status", "ok"), ("os_id", "sayso")}
    assert "set-cookie" not in response.headers


def test_the_root_says_what_this_is(db, client):
    told = client.get("/", headers={"Accept": "application/json"}).json()
    assert told == {"name": "Sayso", "id": "sayso", "version": settings.VERSION}


def test_the_configuration_names_agents_models_and_databases(fake, door, teammate_with, outsider):
    teammate_with(model="tiny")
    save(Teammate(slug="theirs", name="Theirs", owner=outsider), [])
    save(Teammate(slug="off", name="Off", enabled=False), [])
    told = door.get("/config").json()
    assert [agent["id"] for agent in told["agents"]] == ["helper"]
    assert "tiny" in told["available_models"]
    assert all(isinstance(model, str) for model in told["available_models"])
    assert told["databases"] == [told["os_database"]] == [told["session"]["dbs"][0]["db_id"]]
    assert (told["teams"], told["workflows"], told["interfaces"]) == ([], [], [])
    assert door.get("/models").json() == [{"id": "tiny", "provider": "OpenAI"}]


@pytest.mark.parametrize("path", ["/teams", "/workflows"])
def test_what_there_is_none_of_is_an_empty_list(db, door, path):
    assert door.get(path).json() == []
    assert problem_of(door.get(f"{path}/any")) == (404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/knowledge", "/knowledge/content", "/eval-runs", "/sessions/a/b/c"])
def test_what_is_not_built_is_not_found_in_the_doors_own_words(db, door, path):
    assert problem_of(door.get(path)) == (404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/config", "/models", "/teams", "/workflows", "/sessions", "/approvals"])
def test_everything_else_asks_for_a_key(db, client, path):
    assert problem_of(client.get(path)) == (401, "UNAUTHENTICATED")
    assert problem_of(client.get(path, headers={"Authorization": "Basic x"})) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("path", ["/config", "/models", "/health", "/approvals", "/memory_topics"])
def test_other_methods_are_not_for_these(db, door, path):
    response = door.post(path)
    assert problem_of(response) == (405, "METHOD_NOT_ALLOWED")
    assert response["Allow"] == "GET"
