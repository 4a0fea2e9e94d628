"""Runs once they are there (contract 1.3, 1.5 to 1.7, 1.10): look, reply, stop, files; and whose they are."""

import pytest

from runs.models import Run
from runs.states import RunStatus
from tests.api.door import problem_of
from tests.machine import kinds, no_news, together

HELLO = {"message": "Go on", "stream": False}


# --- whose ---


ACTIONS = [
    ("get", "", None),
    ("get", "/stream", None),
    ("get", "/files", None),
    ("get", "/files/a/download", None),
    ("get", "/permissions", None),
    ("post", "/cancel", None),
    ("post", "/reply", HELLO),
    ("post", "/reply", {**HELLO, "stream": True}),
    ("post", "/approve", {"request_id": "approval-1"}),
    ("post", "/answer", {"answers": {"a": "b"}}),
    ("patch", "/permission-mode", {"permission_mode": "autonomous"}),
]


@pytest.mark.parametrize(("method", "action", "body"), ACTIONS)
def test_anothers_run_and_no_run_are_the_same_404(asked, api_of, outsider, method, action, body):
    api, given = api_of(outsider), [] if body is None else [body]
    with no_news(asked):
        theirs = getattr(api, method)(f"/runs/{asked.pk}{action}", *given)
        nobodys = getattr(api, method)(f"/runs/99999{action}", *given)
    assert problem_of(theirs) == problem_of(nobodys) == (404, "not_found")


@pytest.mark.parametrize(("method", "action", "body"), ACTIONS)
def test_the_run_of_another_end_user_is_not_there(api, method, action, body):
    run, given = api.run(user_id="ann"), [] if body is None else [body]
    with no_news(run):
        for user in ("bob", ""):
            told = getattr(api, method)(f"/runs/{run.pk}{action}?user_id={user}", *given)
            assert problem_of(told) == (404, "not_found")


def test_the_run_of_an_end_user_is_there_for_its_own_user_id_and_for_none(api):
    run = api.run(user_id="ann & co")
    assert api.get(f"/runs/{run.pk}", user_id="ann & co").status_code == 200
    assert api.get(f"/runs/{run.pk}").status_code == 200


@pytest.mark.parametrize("pk", ["0", "-1", "x", "1.0", str(2**63), str(10**40)])
def test_what_is_no_number_of_a_run_is_no_run(api, pk):
    for path in (f"/runs/{pk}", f"/runs/{pk}/permissions", f"/agents/{pk}", f"/tasks/{pk}"):
        assert problem_of(api.get(path)) == (404, "not_found")


# --- look ---

ALWAYS = {
    "id",
    "teammate_id",
    "status",
    "output",
    "error",
    "user_id",
    "metadata",
    "created_at",
    "updated_at",
    "permission_mode",
    "task_id",
    "error_code",
    "retryable",
    "retry_of_run_id",
    "archived",
    "email_address",
    "output_data",
    "usage",
    "files",
    "started_at",
    "last_activity_at",
    "share_token",
}


def test_a_run_has_every_key_that_clients_read(api):
    shape = api.get(f"/runs/{api.run().pk}").json()
    assert shape.keys() >= ALWAYS
    assert shape["created_at"].endswith("Z")


def test_an_ended_run_tells_its_output_and_what_it_used(fake, teammate_with, api, carry):
    run = carry(api.run(teammate_with()))
    shape = api.get(f"/runs/{run.pk}").json()
    assert (shape["status"], shape["output"], shape["error"]) == ("completed", "Here you are.", None)
    used = shape["usage"]
    assert used["total_tokens"] == used["input_tokens"] + used["output_tokens"] > 0
    assert isinstance(used["cost_usd"], str)


def test_a_failed_run_tells_why(fake, teammate_with, api, carry):
    fake.error(401)
    run = carry(api.run(teammate_with()))
    shape = api.get(f"/runs/{run.pk}").json()
    assert (shape["status"], shape["retryable"]) == ("failed", True)
    assert isinstance(shape["error"], str)
    assert shape["error_code"]


# --- reply ---


def test_a_reply_is_a_new_run_in_the_same_conversation(fake, teammate_with, api, carry):
    fake.say("I am Bot.")
    first = carry(api.run(teammate_with(), user_id="ann", message="Who are you?"))
    response = api.post(f"/runs/{first.pk}/reply", HELLO)
    assert response.status_code == 201
    second = Run.objects.get(pk=response.json()["id"])
    assert second.pk != first.pk
    assert (second.session, second.teammate, second.user_id) == (first.session, first.teammate, "ann")
    carry(second)
    assert [message["content"] for message in fake.requests[-1]["messages"]][-3:] == [
        "Who are you?",
        "I am Bot.",
        "Go on",
    ]


def test_a_reply_inherits_people_and_mode(fake, teammate_with, api, carry):
    first = carry(api.run(teammate_with(), human_in_the_loop=True, permission_mode="approval"))
    shape = api.post(f"/runs/{first.pk}/reply", HELLO).json()
    assert (shape["permission_mode"], shape["human_in_the_loop"]) == ("approval", True)


def test_a_reply_without_people_asks_nobody(fake, teammate_with, api, carry):
    first = carry(api.run(teammate_with(), human_in_the_loop=True, permission_mode="approval"))
    shape = api.post(f"/runs/{first.pk}/reply", {**HELLO, "human_in_the_loop": False}).json()
    assert (shape["permission_mode"], shape["human_in_the_loop"]) == ("autonomous", False)


def test_a_reply_may_have_tools_of_its_own(fake, posted, teammate_with, api, carry):
    first = carry(api.run(teammate_with()))
    second = Run.objects.get(pk=api.post(f"/runs/{first.pk}/reply", {**HELLO, "tools": ["post"]}).json()["id"])
    carry(second)
    assert "post" in {tool["function"]["name"] for tool in fake.requests[-1]["tools"]}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"message": ""}, (422, "empty")),
        ({}, (422, "invalid")),
        ({"message": "Hi", "tools": ["no_such"]}, (422, "unknown_tool")),
        ({"message": "Hi", "tools": ["run_branch"]}, (422, "unknown_tool")),
        ({"message": "Hi", "permission_mode": "yolo"}, (422, "invalid")),
        ({"message": "Hi", "permission_mode": "plan", "human_in_the_loop": False}, (422, "needs_people")),
    ],
)
def test_a_reply_that_does_not_fit_begins_nothing(fake, teammate_with, api, carry, body, problem):
    first = carry(api.run(teammate_with()))
    assert problem_of(api.post(f"/runs/{first.pk}/reply", body)) == problem
    assert Run.objects.count() == 1


def test_a_run_that_is_still_going_takes_no_reply(asked, api):
    with no_news(asked):
        for stream in (True, False):
            response = api.post(f"/runs/{asked.pk}/reply", {"message": "Go on", "stream": stream})
            assert problem_of(response) == (409, "run_active")
    assert Run.objects.count() == 1


# --- stop ---


def test_stopping_is_told_in_the_answer_and_in_the_log(api, teammate_with):
    run = api.run(teammate_with())
    assert api.post(f"/runs/{run.pk}/cancel").json()["status"] == "cancelled"
    run.refresh_from_db()
    assert run.status == RunStatus.CANCELLED
    assert kinds(run)[-1] == "run.cancelled"


def test_stopping_a_run_that_waits_closes_its_gates_and_runs_nothing(asked, api, posted, carry):
    assert api.post(f"/runs/{asked.pk}/cancel").json()["status"] == "cancelled"
    assert [gate["status"] for gate in api.gates(asked)] == ["cancelled"]
    carry(asked)
    assert posted == []


def test_stopping_again_changes_nothing(asked, api):
    api.post(f"/runs/{asked.pk}/cancel")
    with no_news(asked):
        assert api.post(f"/runs/{asked.pk}/cancel").json()["status"] == "cancelled"


def test_what_has_ended_stays_as_it_ended(fake, teammate_with, api, carry):
    run = carry(api.run(teammate_with()))
    with no_news(run):
        response = api.post(f"/runs/{run.pk}/cancel")
    assert (response.status_code, response.json()["status"]) == (200, "completed")


def test_of_many_stops_at_once_one_stops_it(asked, api):
    answers = together(5, lambda place: api.post(f"/runs/{asked.pk}/cancel"))
    assert {answer.json()["status"] for answer in answers} == {"cancelled"}
    assert kinds(asked).count("run.cancelled") == 1


# --- files ---


@pytest.fixture
def written(fake, teammate_with, api, carry):
    fake.call("write_file", {"name": "Übersicht 1.md", "content": "# Über uns"})
    return carry(api.run(teammate_with("write_file")))


def test_a_file_is_listed_and_given_as_it_is(written, api):
    assert api.get(f"/runs/{written.pk}/files").json() == [{"name": "Übersicht 1.md", "size": 11}]
    response = api.get(f"/runs/{written.pk}/files/Übersicht 1.md/download")
    assert b"".join(response).decode() == "# Über uns"
    assert api.get(f"/runs/{written.pk}").json()["files"] == [{"name": "Übersicht 1.md", "size": 11}]


def test_a_run_without_files_has_an_empty_list(api):
    run = api.run()
    assert api.get(f"/runs/{run.pk}/files").json() == []
    assert api.get("/runs").json()["data"][0]["files"] is None


@pytest.mark.parametrize(
    "name",
    ["other.md", "../Übersicht 1.md", "..%2F..%2Fsayso.sqlite3", "a/b", ".", "..", "x" * 2000, "%2Fetc%2Fx"],
)
def test_a_name_that_is_no_file_of_the_run_is_not_there(written, api, name):
    status, _ = problem_of(api.get(f"/runs/{written.pk}/files/{name}/download"))
    assert status in (404, 422)


def test_a_file_outlives_the_stop_of_its_run(fake, posted, teammate_with, api, carry):
    fake.call("write_file", {"name": "a.txt", "content": "1"})
    fake.call("announce", {"channel": "a", "text": "b"})
    run = carry(api.run(teammate_with("write_file", "announce"), human_in_the_loop=True))
    api.post(f"/runs/{run.pk}/cancel")
    assert api.get(f"/runs/{run.pk}/files").json() == [{"name": "a.txt", "size": 1}]
