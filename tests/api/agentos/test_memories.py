"""Memories at the AgentOS door: the rows that teammates recall (contract 6)."""

import pytest

from runs.engine.background import remembered
from teammates.models import Memory
from tests.api.agentos.door import problem_of, row, sent

pytestmark = pytest.mark.django_db(transaction=True)

GONE = (404, "NOT_FOUND")
REFUSED = (422, "VALIDATION_ERROR")


def made(door, memory="Likes tea.", user_id="ann", **fields):
    response = sent(door, "POST", "/memories", {"memory": memory, "user_id": user_id, **fields})
    assert response.status_code == 200, response.content
    return response.json()


def texts(door, **query):
    return [memory["memory"] for memory in door.get("/memories", **query).json()["data"]]


def test_a_memory_is_kept_and_recalled_by_runs_of_its_user(fake, teammate_with, door):
    told = made(door, topics=["drinks"])
    updated = told.pop("updated_at")
    assert updated.endswith("Z")
    assert told == {
        "memory_id": str(Memory.objects.get().pk),
        "memory": "Likes tea.",
        "topics": ["drinks"],
        "agent_id": None,
        "team_id": None,
        "user_id": "ann",
    }
    assert door.get(f"/memories/{told['memory_id']}").json() == {**told, "updated_at": updated}
    teammate_with()
    assert "Likes tea." in remembered(row(door.run(user_id="ann")))
    assert remembered(row(door.run(user_id="ben"))) == ""


def test_memories_are_listed_and_found(door, owner, teammate_with):
    made(door, "Likes tea.", topics=["drinks", "food"])
    made(door, "Likes rain.", "ben", topics=["weather"])
    Memory.objects.create(owner=owner, text="Ships on Fridays.", teammate=teammate_with())
    assert texts(door) == ["Ships on Fridays.", "Likes rain.", "Likes tea."]
    assert texts(door, user_id="ann") == ["Likes tea."]
    assert texts(door, search_content="LIKES") == ["Likes rain.", "Likes tea."]
    assert texts(door, topics="food,drinks") == ["Likes tea."]
    assert texts(door, topics=["food", "weather"]) == []
    assert texts(door, agent_id="helper") == ["Ships on Fridays."]
    assert texts(door, team_id="any") == []
    assert texts(door, sort_by="updated_at", sort_order="asc", limit=2) == ["Likes tea.", "Likes rain."]
    assert texts(door, limit=2, page=2) == ["Likes tea."]
    assert door.get("/memories", limit=2).json()["meta"]["total_pages"] == 2
    assert door.get("/memory_topics").json() == ["drinks", "food", "weather"]


def test_what_is_remembered_of_each_user_is_counted(door):
    for text in ("One.", "Two."):
        made(door, text)
    last = made(door, "Three.", "ben")
    told = door.get("/user_memory_stats").json()
    assert [(item["user_id"], item["total_memories"]) for item in told["data"]] == [("ben", 1), ("ann", 2)]
    assert told["data"][0]["last_memory_updated_at"] == last["updated_at"]
    assert told["meta"]["total_count"] == 2
    assert len(door.get("/user_memory_stats", limit=1, page=2).json()["data"]) == 1


def test_a_memory_is_corrected(door):
    told = made(door, topics=["drinks"])
    path = f"/memories/{told['memory_id']}"
    changed = sent(door, "PATCH", path, {"memory": "Likes coffee.", "user_id": "ann"}).json()
    assert (changed["memory"], changed["topics"]) == ("Likes coffee.", ["drinks"])
    assert changed["updated_at"] > told["updated_at"]
    assert sent(door, "PATCH", path, {"memory": "Likes coffee.", "topics": []}).json()["topics"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"memory": ""},
        {"memory": "x" * 2001},
        {"memory": "x", "topics": "drinks"},
        {"memory": "x", "topics": [""]},
        {"memory": "x", "user_id": "u" * 201},
        {"memory": "a\x00"},
    ],
)
def test_a_memory_that_cannot_be_kept_is_refused(door, body):
    assert problem_of(sent(door, "POST", "/memories", body)) == REFUSED
    assert not Memory.objects.exists()


def test_what_is_remembered_already_is_not_remembered_twice(door):
    made(door)
    other = made(door, "Likes rain.")
    assert problem_of(sent(door, "POST", "/memories", {"memory": "Likes tea.", "user_id": "ann"})) == (409, "CONFLICT")
    same = {"memory": "Likes tea.", "user_id": "ann"}
    assert problem_of(sent(door, "PATCH", f"/memories/{other['memory_id']}", same)) == (409, "CONFLICT")
    assert texts(door) == ["Likes rain.", "Likes tea."]


def test_a_memory_is_forgotten_and_forgetting_it_again_is_no_error(door):
    first, second, third = (made(door, text) for text in ("One.", "Two.", "Three."))
    for _ in range(2):
        assert sent(door, "DELETE", f"/memories/{first['memory_id']}").status_code == 204
    assert problem_of(door.get(f"/memories/{first['memory_id']}")) == GONE
    several = {"memory_ids": [second["memory_id"], "nothing", "999"]}
    assert sent(door, "DELETE", "/memories", several).status_code == 204
    assert texts(door) == [third["memory"]]
    assert problem_of(sent(door, "DELETE", "/memories", {"memory_ids": []})) == REFUSED


def test_memories_of_others_are_not_there(door, door_of, outsider):
    told = made(door)
    path, stranger = f"/memories/{told['memory_id']}", door_of(outsider)
    change = {"memory": "Hates tea."}
    assert problem_of(stranger.get(path)) == problem_of(sent(stranger, "PATCH", path, change)) == GONE
    assert problem_of(door.get(path, user_id="ben")) == GONE
    assert problem_of(sent(door, "PATCH", path, {**change, "user_id": "ben"})) == GONE
    for way, body in (
        (path, None),
        ("/memories", {"memory_ids": [told["memory_id"]]}),
    ):
        assert sent(stranger, "DELETE", way, body).status_code == 204
    assert sent(door, "DELETE", path + "?user_id=ben").status_code == 204
    assert (texts(door), texts(stranger), stranger.get("/memory_topics").json()) == (["Likes tea."], [], [])


@pytest.mark.parametrize("name", ["nothing", "0", "-1", "9" * 30, "1.5", "٣"])
def test_an_id_that_is_none_is_not_found(db, door, name):
    assert problem_of(door.get(f"/memories/{name}")) == GONE


@pytest.mark.parametrize("path", ["/memories", "/memories/1", "/memory_topics", "/user_memory_stats"])
def test_without_a_key_nothing_is_told(db, client, path):
    assert problem_of(client.get(path)) == (401, "UNAUTHENTICATED")


def test_a_key_that_only_reads_does_not_write(owner, door_of):
    reader = door_of(owner, ["runs:read"])
    assert problem_of(sent(reader, "POST", "/memories", {"memory": "x"})) == (403, "FORBIDDEN")
    assert reader.get("/memories").status_code == 200
    assert not Memory.objects.exists()
