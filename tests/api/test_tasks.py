"""Tasks at the door: made, changed, started, and out of others' reach."""

import pytest
from django.utils import timezone

from runs.models import Run
from runs.task_models import Task, Trigger
from tests.api.door import frames_of, problem_of, said

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def helper(teammate_with):
    return teammate_with()


@pytest.fixture
def make(api, helper):
    def make(**body):
        response = api.post("/tasks", {"teammate_id": helper.pk, "instructions": "Count the stars.", **body})
        assert response.status_code == 201, response.content
        return response.json()

    return make


def rows():
    return [list(model.objects.order_by("pk").values()) for model in (Task, Trigger, Run)]


def test_a_task_is_made_with_a_name_from_its_instructions(make, api, helper):
    made = make(instructions="Count " + "stars " * 40)
    assert (made["teammate_id"], made["status"], made["tools"]) == (helper.pk, "enabled", [])
    assert made["name"] == made["instructions"][:100]
    assert api.get(f"/tasks/{made['id']}").json() == made


def test_everything_that_was_set_is_given_back(make):
    sent = {"name": "Stars", "expected_output": "A number", "goals": "Be exact", "user_id": "cust_1"}
    sent |= {"permission_mode": "approval", "effort": "high", "enable_memory": False, "tools": ["read_file"]}
    assert sent.items() <= make(**sent).items()


def test_the_words_of_other_generations_are_taken(api, helper):
    made = api.post("/tasks/", {"agent_id": helper.pk, "prompt": "Count.", "email_notifications": False, "new": 1})
    assert (made.status_code, made.json()["instructions"]) == (201, "Count.")


def test_a_schedule_and_an_address_may_come_with_it(make):
    made = make(schedule="0 9 * * 1-5", schedule_timezone="Europe/Berlin", webhook=True)
    assert list(Trigger.objects.order_by("pk").values_list("kind", "timezone")) == [
        ("schedule", "Europe/Berlin"),
        ("webhook", "UTC"),
    ]
    assert made["webhook_enabled"] is True
    assert made["webhook_url"].startswith("http://testserver/api/v2/hooks/")


@pytest.mark.parametrize(
    "body",
    [
        {"instructions": ""},
        {"instructions": "a" * 50_001},
        {"instructions": "nul\x00"},
        {"instructions": None},
        {"name": "n" * 201},
        {"tools": ["no_such_tool"]},
        {"model": "no-such-model"},
        {"effort": "some"},
        {"permission_mode": "yolo"},
        {"user_id": "u" * 201},
        {"schedule": "every day"},
        {"schedule": "0 9 * * *", "schedule_timezone": "Mars/Olympus"},
    ],
)
def test_what_does_not_fit_makes_nothing(api, helper, body):
    response = api.post("/tasks", {"teammate_id": helper.pk, "instructions": "Count.", **body})
    assert (response.status_code, rows()) == (422, [[], [], []])


def test_a_teammate_that_is_not_ours_is_not_found(api, outsider, helper):
    type(helper).objects.filter(pk=helper.pk).update(owner=outsider)
    for pk in (helper.pk, 10**9):
        response = api.post("/tasks", {"teammate_id": pk, "instructions": "Count."})
        assert (problem_of(response), rows()[0]) == ((404, "not_found"), [])


def test_an_archived_teammate_gets_no_tasks(api, helper):
    type(helper).objects.filter(pk=helper.pk).update(archived_at=timezone.now())
    response = api.post("/tasks", {"teammate_id": helper.pk, "instructions": "Count."})
    assert (problem_of(response), rows()[0]) == ((409, "archived"), [])


def test_tasks_of_others_are_not_found_whatever_is_tried(make, api_of, outsider):
    path, other = f"/tasks/{make()['id']}", api_of(outsider)
    before = rows()
    tried = [other.get(path), other.patch(path, {"name": "x"}), other.delete(path), other.post(f"{path}/runs")]
    assert [problem_of(response)[0] for response in tried] == [404] * 4
    assert (rows(), other.get("/tasks").json()["data"]) == (before, [])


def test_the_wrong_end_user_is_not_found(make, api):
    path = f"/tasks/{make(user_id='cust_1')['id']}"
    assert api.get(f"{path}?user_id=cust_1").status_code == 200
    for wrong in (f"{path}?user_id=cust_2", f"{path}?user_id="):
        tried = [api.get(wrong), api.patch(wrong, {"name": "x"}), api.delete(wrong)]
        assert [problem_of(response)[0] for response in tried] == [404] * 3
    assert problem_of(api.post(f"{path}/runs", {"user_id": "cust_2"})) == (422, "wrong_user")
    assert Run.objects.count() == 0


def test_lists_keep_their_filters(make, api, teammate_with):
    mine, theirs = make()["id"], make(user_id="cust_1")["id"]
    gone = make()["id"]
    api.delete(f"/tasks/{gone}")

    def ids(**query):
        return [task["id"] for task in api.get("/tasks/", **query).json()["data"]]

    assert ids() == [theirs, mine]
    assert ids(include_archived="true") == [gone, theirs, mine]
    assert ids(user_id="cust_1") == [theirs]
    for none in (teammate_with(slug="other").pk, 0, -1, 10**20, -(10**20)):
        assert ids(teammate_id=none) == ids(agent_id=none) == []
    page = api.get("/tasks", limit=1).json()
    assert (page["has_more"], page["next_starting_after"]) == (True, theirs)
    assert ids(limit=1, starting_after=theirs) == [mine]


def test_a_change_leaves_the_rest_and_null_takes_back(make, api):
    made = make(name="Stars", effort="high", enable_memory=False)
    path = f"/tasks/{made['id']}"
    assert api.patch(path, {"goals": "Be exact"}).json()["name"] == "Stars"
    back = api.patch(path, {"effort": None, "enable_memory": None}).json()
    assert (back["effort"], back["enable_memory"], back["goals"], back["name"]) == (None, None, "Be exact", "Stars")


def test_a_change_that_does_not_fit_changes_nothing(make, api):
    path = f"/tasks/{make()['id']}"
    before = rows()
    for body in ({"model": "no-such"}, {"instructions": " "}, {"status": "archived"}, {"name": "n" * 201}):
        assert api.patch(path, body).status_code == 422
    assert rows()[0][0] == before[0][0]


def test_archived_it_can_be_looked_at_and_nothing_else(make, api):
    path = f"/tasks/{make()['id']}"
    assert [api.delete(path).status_code, api.delete(path).status_code] == [204, 204]
    assert api.get(path).json()["status"] == "archived"
    assert problem_of(api.post(f"{path}/runs", {"stream": False})) == (409, "archived")
    assert problem_of(api.patch(path, {"name": "x"})) == (409, "archived")


def test_disabled_it_does_not_start(make, api):
    path = f"/tasks/{make()['id']}"
    assert api.patch(path, {"status": "disabled"}).json()["status"] == "disabled"
    assert problem_of(api.post(f"{path}/runs", {"stream": False})) == (409, "disabled")
    assert api.patch(path, {"status": "enabled"}).json()["status"] == "enabled"
    assert api.post(f"{path}/runs", {"stream": False}).status_code == 201


# --- runs ---


def test_a_run_of_it_knows_the_task_and_says_what_it_says(make, api):
    made = make(goals="Be exact", expected_output="A number", user_id="cust_1")
    run = api.post(f"/tasks/{made['id']}/runs", {"stream": False, "metadata": {"a": 1}}).json()
    assert (run["task_id"], run["user_id"], run["metadata"], run["status"]) == (
        made["id"],
        "cust_1",
        {"a": 1},
        "running",
    )
    message = Run.objects.get().message
    assert message == "Count the stars.\n\nGoals: Be exact\n\nExpected output: A number"
    other = api.run()
    listed = api.get("/runs", task_id=made["id"], user_id="cust_1").json()["data"]
    assert ([item["id"] for item in listed], other.task_id) == ([run["id"]], None)


def test_it_streams_as_any_run_does(make, api, fake, aside, carry):
    path = f"/tasks/{make()['id']}/runs"
    response = api.post(path)
    carry(Run.objects.get())
    assert (response["X-Run-Id"], said(frames_of(response))) == (str(Run.objects.get().pk), "Here you are.")


def test_the_same_key_gets_the_same_run(make, api):
    path = f"/tasks/{make()['id']}/runs"
    first = api.post(path, {"stream": False}, idempotency_key="k")
    second = api.post(path, {"stream": True}, idempotency_key="k")
    assert (second.json()["id"], second["Idempotent-Replay"]) == (first.json()["id"], "true")
    assert "Idempotent-Replay" not in first
    other = f"/tasks/{make()['id']}/runs"
    assert problem_of(api.post(other, {"stream": False}, idempotency_key="k")) == (409, "key_reused")
    assert Run.objects.count() == 1


def test_what_is_set_for_one_run_comes_before_the_task_and_that_before_the_teammate(make, api, helper):
    type(helper).objects.filter(pk=helper.pk).update(uses_memory=False, uses_history=False)
    path = f"/tasks/{make(enable_memory=True, effort='low')['id']}/runs"
    api.post(path, {"stream": False})
    api.post(path, {"stream": False, "memory": False, "effort": "high", "max_turns": 3})
    api.post(path, {"stream": False, "effort": "heroic"})  # never refused (contract 1.1)
    first, second, third = Run.objects.order_by("pk")
    assert (first.memory, first.history, first.effort, first.max_turns) == (True, False, "low", None)
    assert (second.memory, second.history, second.effort, second.max_turns) == (False, False, "high", 3)
    assert third.effort == "low"


def test_its_mode_brings_people_in_and_cannot_be_had_without_them(make, api):
    path = f"/tasks/{make(permission_mode='approval')['id']}/runs"
    assert api.post(path, {"stream": False}).json()["permission_mode"] == "approval"
    assert problem_of(api.post(path, {"stream": False, "human_in_the_loop": False})) == (422, "needs_people")
    for plain in (f"/tasks/{make()['id']}/runs", f"/tasks/{make(permission_mode='autonomous')['id']}/runs"):
        assert api.post(plain, {"stream": False}).json()["human_in_the_loop"] is False
    assert problem_of(api.post(plain, {"stream": False, "permission_mode": "plan"})) == (422, "needs_people")


def test_a_retry_belongs_to_the_task_too(make, api, fake, carry):
    made = make()
    run = Run.objects.get(pk=api.post(f"/tasks/{made['id']}/runs", {"stream": False}).json()["id"])
    carry(run)
    reply = api.post(f"/runs/{run.pk}/reply", {"message": "And the moons?", "stream": False}).json()
    assert reply["task_id"] == made["id"]


@pytest.mark.parametrize("scope", ["runs:read", "webhooks:manage"])
def test_a_key_that_may_not_write_makes_no_tasks(api_of, owner, helper, scope):
    response = api_of(owner, [scope]).post("/tasks", {"teammate_id": helper.pk, "instructions": "Count."})
    assert (problem_of(response), rows()[0]) == ((403, "missing_scope"), [])
