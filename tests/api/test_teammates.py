"""Teammates at the m8tes door: made, looked at, listed, changed."""

import pytest

from teammates.models import Revision, Teammate
from teammates.services import save
from teammates.tools.builtin import BUILT_IN
from tests.api.door import problem_of
from tests.api.rows import everything, row

pytestmark = pytest.mark.django_db(transaction=True)
NEEDED = {
    "id", "name", "instructions", "tools", "role", "goals", "user_id", "metadata", "allowed_senders", "status",
    "default_permission_mode", "created_at", "updated_at", "model", "effort", "enable_memory", "enable_history",
    "enable_task_setup_tools", "enable_feedback", "disabled_builtin_tools", "display_order",
}  # fmt: skip
WHOLE = {
    "name": "Weekly Bot",
    "instructions": "Be brief.",
    "tools": ["announce"],
    "role": "Editor",
    "goals": "A letter each week",
    "user_id": "ada",
    "metadata": {"deep": {"ü": [1, None]}},
    "allowed_senders": ["a@x.example"],
    "default_permission_mode": "approval",
    "model": "demo",
    "effort": "high",
    "enable_memory": False,
    "enable_history": True,
    "enable_feedback": False,
    "disabled_builtin_tools": ["recall", "remember"],
}


# --- make and look ---


def test_a_teammate_is_given_back_as_it_was_made(made, api):
    told = made(**WHOLE)
    assert {key: told[key] for key in WHOLE} == WHOLE
    assert told.keys() >= NEEDED and told["status"] == "enabled"
    assert api.get(f"/agents/{told['id']}").json() == told


def test_it_has_every_built_in_tool_but_those_it_does_without(made):
    tools = set(row(made(**WHOLE)).tools.values_list("tool", flat=True))
    assert tools == {"announce"} | BUILT_IN - {"recall", "remember"}


def test_what_is_not_given_is_empty_or_usual(made):
    told = made()
    assert (told["tools"], told["disabled_builtin_tools"], told["metadata"]) == ([], [], {})
    assert told["default_permission_mode"] == "autonomous" and told["user_id"] is None
    assert told["model"] is told["enable_memory"] is told["display_order"] is None


@pytest.mark.parametrize("path", ["/agents", "/agents/", "/teammates", "/teammates/"])
def test_both_generations_find_it_under_their_own_address(api, path):
    made = api.post(path, {"name": "Helper"})
    assert made.status_code == 201
    assert [each["id"] for each in api.get(path).json()["data"]] == [made.json()["id"]]
    assert api.get(f"{path.rstrip('/')}/{made.json()['id']}").status_code == 200


def test_built_in_tools_do_not_show_among_its_tools(made):
    assert made(tools=["read_file", "announce", "AskUserQuestion"])["tools"] == ["announce"]


BAD = {
    "no name": {},
    "an empty name": {"name": " "},
    "a slash": {"name": "a/b"},
    "a character that turns others": {"name": "Cle\u202erk"},
    "a long name": {"name": "x" * 121},
    "an unknown tool": {"name": "a", "tools": ["nonsense"]},
    "an unknown model": {"name": "a", "model": "nonsense"},
    "an unknown effort": {"name": "a", "effort": "huge"},
    "an unknown mode": {"name": "a", "default_permission_mode": "yolo"},
    "what is not built in": {"name": "a", "disabled_builtin_tools": ["announce"]},
    "tools as text": {"name": "a", "tools": "announce"},
    "a list": [],
    "a number that is none": '{"name": "a", "metadata": {"n": 1e999}}',
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_what_does_not_fit_makes_nothing(api, body):
    assert problem_of(api.post("/agents", body))[0] in (400, 422)
    assert not Teammate.objects.exists()


# --- list ---


def test_the_list_is_newest_first_in_pages_that_meet(made, api):
    ids = [made(name=f"Helper {number}")["id"] for number in range(5)]
    first = api.get("/agents", limit=2).json()
    second = api.get("/agents", limit=2, starting_after=first["next_starting_after"]).json()
    last = api.get("/agents", limit=2, starting_after=second["data"][-1]["id"]).json()
    found = [each["id"] for page in (first, second, last) for each in page["data"]]
    assert (found, last["has_more"]) == (ids[::-1], False)


def test_the_list_holds_own_ones_and_the_houses(made, api, api_of, outsider, house):
    mine, others = made()["id"], api_of(outsider).post("/agents", {"name": "Other"}).json()["id"]
    assert [each["id"] for each in api.get("/agents").json()["data"]] == [mine, house.pk]
    assert problem_of(api.get(f"/agents/{others}")) == (404, "not_found")


def test_the_list_is_narrowed_to_one_end_user(made, api):
    ada, _ = made(user_id="ada")["id"], made(user_id="bob")
    assert [each["id"] for each in api.get("/agents", user_id="ada").json()["data"]] == [ada]
    assert len(api.get("/agents").json()["data"]) == 2
    assert api.get(f"/agents/{ada}", user_id="ada").status_code == 200
    assert problem_of(api.get(f"/agents/{ada}", user_id="bob")) == (404, "not_found")


@pytest.mark.parametrize("limit", [0, 101, "many"])
def test_a_limit_that_is_none_is_refused(api, limit):
    assert problem_of(api.get("/agents", limit=limit))[0] == 422


# --- change ---


def test_what_is_not_sent_stays(made, api):
    told = made(**WHOLE)
    changed = api.patch(f"/agents/{told['id']}", {"name": "Daily Bot"}).json()
    differ = {key for key in told if told[key] != changed[key]}
    assert differ == {"name", "updated_at"} and changed["name"] == "Daily Bot"


def test_null_says_something_only_where_it_means_something(made, api):
    told = made(**WHOLE)
    sent = dict.fromkeys(WHOLE)
    changed = api.patch(f"/agents/{told['id']}", sent).json()
    cleared = {key for key in WHOLE if changed[key] != told[key]}
    assert cleared == {"model", "effort", "enable_memory", "enable_history", "enable_feedback"}
    assert all(changed[key] is None for key in cleared)


def test_tools_and_built_in_tools_change_apart(made, api):
    told = made(**WHOLE)
    path = f"/agents/{told['id']}"
    assert api.patch(path, {"tools": []}).json()["disabled_builtin_tools"] == ["recall", "remember"]
    changed = api.patch(path, {"disabled_builtin_tools": ["todo_write"]}).json()
    assert (changed["tools"], changed["disabled_builtin_tools"]) == ([], ["todo_write"])


def test_a_tool_that_stays_keeps_what_is_set_for_it(made, api):
    told = made(tools=["announce"])
    teammate = row(told)
    save(teammate, [(name, "deny" if name == "announce" else "") for name in sorted(BUILT_IN | {"announce"})])
    api.patch(f"/agents/{told['id']}", {"tools": ["announce"], "name": "New"})
    assert teammate.tools.get(tool="announce").permission == "deny"


def test_a_change_is_a_new_revision_and_no_change_is_none(made, api):
    told = made(**WHOLE)
    api.patch(f"/agents/{told['id']}", {"instructions": "Be long."})
    api.patch(f"/agents/{told['id']}", {"metadata": {"a": 1}})
    numbers = Revision.objects.filter(performer=told["id"]).values_list("number", flat=True)
    assert list(numbers) == [1, 2]


@pytest.mark.parametrize("body", [body for name, body in BAD.items() if name != "no name"])
def test_a_change_that_does_not_fit_changes_nothing(made, api, body):
    told = made(**WHOLE)
    before = everything()
    assert problem_of(api.patch(f"/agents/{told['id']}", body))[0] in (400, 422)
    assert everything() == before
