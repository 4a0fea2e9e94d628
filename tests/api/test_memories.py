"""Memories at the m8tes door: one scope for the account, one for each end user, and they never mix."""

import pytest

from teammates.memories import FULL
from teammates.models import Memory
from tests.api.door import problem_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def remembered(api):
    def remembered(content="Likes tea", **body):
        response = api.post("/memories", {"content": content, **body})
        assert response.status_code == 201, response.content
        return response.json()

    return remembered


def texts(api, **query):
    return [each["content"] for each in api.get("/memories", **query).json()["data"]]


def rows():
    return list(Memory.objects.order_by("pk").values())


def test_a_memory_is_given_back_as_it_was_told(remembered):
    told = remembered("Mag Käse ☕", user_id="ada", audience="personal")
    assert (told["content"], told["user_id"], told["audience"]) == ("Mag Käse ☕", "ada", "personal")
    assert told["source"] == "api" and told["agent_instance_id"] is None and told["created_at"]
    assert remembered()["user_id"] is None


def test_scopes_never_mix(remembered, api):
    remembered("of the account"), remembered("of ada", user_id="ada"), remembered("of bob", user_id="bob")
    assert texts(api) == ["of the account"]
    assert texts(api, user_id="ada") == ["of ada"]


def test_the_list_is_newest_first_in_pages(remembered, api):
    for number in range(5):
        remembered(f"fact {number}", user_id="ada")
    first = api.get("/memories", user_id="ada", limit=3).json()
    rest = api.get("/memories", user_id="ada", limit=3, starting_after=first["next_starting_after"]).json()
    found = [each["content"] for each in first["data"] + rest["data"]]
    assert (found, rest["has_more"]) == ([f"fact {number}" for number in (4, 3, 2, 1, 0)], False)


def test_words_narrow_the_list_and_never_widen_it(remembered, api):
    remembered("Likes Tea"), remembered("Hates coffee"), remembered("Drinks tea", user_id="ada")
    assert texts(api, query="TEA") == ["Likes Tea"]


@pytest.mark.parametrize("content", ["", "   ", "x" * 301, None, 7, "nul \x00"])
def test_a_memory_has_1_to_300_characters(api, content):
    assert problem_of(api.post("/memories", {"content": content}))[0] == 422
    assert rows() == []


def test_300_characters_fit(remembered):
    assert len(remembered("x" * 300)["content"]) == 300


def test_the_same_twice_in_a_scope_is_a_conflict(remembered, api):
    remembered("Likes tea", user_id="ada")
    before = rows()
    assert problem_of(api.post("/memories", {"content": " Likes tea ", "user_id": "ada"})) == (409, "exists")
    assert rows() == before
    assert remembered("Likes tea", user_id="bob") and remembered("Likes tea")


def test_a_full_scope_takes_no_more(remembered, api, owner):
    Memory.objects.bulk_create(Memory(owner=owner, user_id="ada", text=f"fact {number}") for number in range(FULL))
    assert problem_of(api.post("/memories", {"content": "more", "user_id": "ada"})) == (409, "full")
    assert Memory.objects.count() == FULL
    assert remembered("more")


def test_a_correction_changes_what_is_sent_and_nothing_else(remembered, api):
    told = remembered(user_id="ada", audience="personal")
    path = f"/memories/{told['id']}?user_id=ada"
    assert api.patch(path, {"content": "Likes coffee"}).json()["audience"] == "personal"
    changed = api.patch(path, {"audience": "company"}).json()
    assert (changed["content"], changed["audience"]) == ("Likes coffee", "company")
    assert api.patch(path, {"content": "Likes coffee"}).status_code == 200


def test_a_correction_to_what_is_known_already_is_a_conflict(remembered, api):
    remembered("Likes tea"), (other := remembered("Likes coffee"))
    before = rows()
    assert problem_of(api.patch(f"/memories/{other['id']}", {"content": "Likes tea"})) == (409, "exists")
    assert problem_of(api.patch(f"/memories/{other['id']}", {"content": "x" * 301}))[0] == 422
    assert rows() == before


def test_what_is_forgotten_is_gone(remembered, api):
    path = f"/memories/{remembered()['id']}"
    assert api.delete(path).status_code == 204
    assert problem_of(api.delete(path)) == (404, "not_found")


@pytest.mark.parametrize("scope", ["", "?user_id=bob", "?user_id="])
def test_another_scopes_memory_is_not_there(remembered, api, scope):
    path = f"/memories/{remembered(user_id='ada')['id']}{scope}"
    before = rows()
    assert problem_of(api.patch(path, {"content": "mine"})) == (404, "not_found")
    assert problem_of(api.delete(path)) == (404, "not_found")
    assert rows() == before


def test_an_accounts_memory_is_not_an_end_users(remembered, api):
    told = remembered()
    assert problem_of(api.delete(f"/memories/{told['id']}?user_id=ada")) == (404, "not_found")


def test_another_accounts_memory_is_not_there(remembered, api_of, outsider):
    path = f"/memories/{remembered()['id']}"
    before = rows()
    theirs = api_of(outsider)
    assert texts(theirs) == []
    assert problem_of(theirs.patch(path, {"content": "mine"})) == (404, "not_found")
    assert problem_of(theirs.delete(path)) == (404, "not_found")
    assert rows() == before


def test_what_a_teammate_remembered_itself_shows_with_its_name(fake, carry, start, teammate_with, api):
    helper = teammate_with("remember")
    fake.call("remember", {"text": "Likes tea"})
    carry(start(helper))
    told = api.get("/memories").json()["data"][0]
    assert (told["content"], told["source"], told["agent_instance_id"]) == ("Likes tea", "agent", helper.pk)
    assert problem_of(api.post("/memories", {"content": "Likes tea"})) == (409, "exists")
