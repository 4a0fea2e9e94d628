"""Standing permissions at the m8tes door: allowed once for all, listed, and taken back."""

import pytest

from teammates.models import PermissionRule
from tests.api.door import problem_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def granted(api):
    def granted(tool="write_file", user_id=None):
        response = api.post("/permissions", {"user_id": user_id, "tool": tool})
        assert response.status_code == 201, response.content
        return response.json()

    return granted


def tools(api, **query):
    return [each["tool_name"] for each in api.get("/permissions", **query).json()["data"]]


def rows():
    return list(PermissionRule.objects.order_by("pk").values())


def test_a_permission_has_every_key_that_the_clients_need(granted):
    told = granted(user_id="ada")
    assert (told["tool_name"], told["user_id"], told["source"]) == ("write_file", "ada", "api")
    assert told["id"] and told["created_at"]
    assert granted()["user_id"] is None


def test_the_same_again_is_the_same(granted):
    assert granted() == granted()
    assert granted(user_id="ada")["id"] != granted()["id"]
    assert PermissionRule.objects.count() == 2


def test_scopes_never_mix(granted, api):
    granted("write_file"), granted("remember", "ada"), granted("todo_write", "bob")
    assert (tools(api), tools(api, user_id="ada")) == (["write_file"], ["remember"])


def test_the_list_is_newest_first_in_pages(granted, api):
    for tool in ("write_file", "remember", "todo_write"):
        granted(tool)
    first = api.get("/permissions", limit=2).json()
    rest = api.get("/permissions", limit=2, starting_after=first["next_starting_after"]).json()
    found = [each["tool_name"] for each in first["data"] + rest["data"]]
    assert (found, rest["has_more"]) == (["todo_write", "remember", "write_file"], False)


def test_an_unknown_tool_is_refused(api):
    assert problem_of(api.post("/permissions", {"tool": "nonsense", "user_id": None})) == (422, "unknown_tool")
    assert problem_of(api.post("/permissions", {"user_id": None}))[0] == 422
    assert rows() == []


def test_what_is_taken_back_is_gone(granted, api):
    path = f"/permissions/{granted()['id']}"
    assert api.delete(path).status_code == 204
    assert problem_of(api.delete(path)) == (404, "not_found")


@pytest.mark.parametrize("scope", ["", "?user_id=bob"])
def test_another_scopes_permission_is_not_there(granted, api, scope):
    path = f"/permissions/{granted(user_id='ada')['id']}{scope}"
    before = rows()
    assert problem_of(api.delete(path)) == (404, "not_found")
    assert rows() == before


def test_another_accounts_permission_is_not_there(granted, api_of, outsider):
    path = f"/permissions/{granted()['id']}"
    assert tools(api_of(outsider)) == []
    assert problem_of(api_of(outsider).delete(path)) == (404, "not_found")
    assert len(rows()) == 1


def test_a_key_that_may_not_decide_allows_nothing_ahead(granted, api_of, owner):
    path = f"/permissions/{granted()['id']}"
    before = rows()
    starting = api_of(owner, ["runs:read", "runs:write", "approvals:read"])
    assert tools(starting) == ["write_file"]
    assert problem_of(starting.post("/permissions", {"tool": "remember"})) == (403, "missing_scope")
    assert problem_of(starting.delete(path)) == (403, "missing_scope")
    assert rows() == before


def test_a_decision_that_is_remembered_is_listed_and_can_be_taken_back(asked, api):
    gate = api.gates(asked)[0]
    body = {"request_id": gate["request_id"], "decision": "allow", "remember": True}
    assert api.post(f"/runs/{asked.pk}/approve", body).json()["remembered"] is True
    told = api.get("/permissions").json()["data"][0]
    assert (told["tool_name"], told["source"]) == ("post", "run_approval")
    assert api.delete(f"/permissions/{told['id']}").status_code == 204


def test_a_permission_spares_the_gate_of_the_next_run(fake, posted, carry, api, granted, teammate_with):
    helper = teammate_with("post", mode="approval")
    fake.calls(("post", {"text": "hello"}))
    granted("post", "ada")
    mode = {"human_in_the_loop": True, "permission_mode": "approval"}
    assert carry(api.run(helper, user_id="ada", **mode)).status == "completed"
    fake.calls(("post", {"text": "hello"}))
    assert carry(api.run(helper, **mode)).status == "paused"
    assert posted == ["hello"]
