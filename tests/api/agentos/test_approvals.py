"""`/approvals`: every gate as a list, and decided there as anywhere else (contract 6)."""

import uuid

import pytest

from approvals.models import Decision, Question, ToolApproval
from runs.models import Run
from tests.api.agentos.door import confirmed, events_of, names, problem_of, row, sent, waiting, work
from tests.machine import no_news, together

pytestmark = pytest.mark.django_db(transaction=True)

GONE = (404, "NOT_FOUND")
CONFLICT = (409, "CONFLICT")
REFUSED = (422, "VALIDATION_ERROR")
ASK = {
    "questions": [
        {
            "question": "Which colour?",
            "header": "Colour",
            "options": [{"label": "Red", "description": "warm"}, {"label": "Blue", "description": "cool"}],
        }
    ]
}


def listed(door, **query):
    response = door.get("/approvals", **query)
    assert response.status_code == 200, response.content
    return response.json()["data"]


def resolve(door, item, status="approved", **data):
    body = {"status": status, "resolved_by": "somebody", **({"resolution_data": data} if data else {})}
    return sent(door, "POST", f"/approvals/{item['id']}/resolve", body)


@pytest.fixture
def item(gated, door):
    [item] = listed(door)
    return item


@pytest.fixture
def asking(fake, teammate_with, door):
    """A run that asks a question."""
    teammate_with("AskUserQuestion")
    fake.call("AskUserQuestion", ASK)
    return door.run()


def test_what_waits_is_listed(gated, item, door):
    run = row(gated)
    expected = {
        "id": waiting(gated)[0]["approval_id"],
        "run_id": gated["run_id"],
        "session_id": gated["session_id"],
        "status": "pending",
        "source_type": "agent",
        "approval_type": "required",
        "pause_type": "confirmation",
        "tool_name": "post",
        "tool_args": {"text": "hello"},
        "agent_id": "helper",
        "resolved_by": None,
        "resolved_at": None,
        "resolution_data": None,
        "run_status": "PAUSED",
    }
    assert {name: item[name] for name in expected} == expected
    assert item["requirements"][0]["tool_execution"] == waiting(gated)[0]
    assert door.get(f"/approvals/{item['id']}").json() == item
    assert door.get("/approvals/count").json() == {"count": 1}
    status = door.get(f"/approvals/{item['id']}/status").json()
    assert status == {
        "approval_id": item["id"],
        "status": "pending",
        "run_id": str(run.uuid),
        "resolved_at": None,
        "resolved_by": None,
    }


def test_one_that_is_approved_lets_the_run_go_on_at_once(gated, item, door, owner, posted):
    told = resolve(door, item)
    assert told.status_code == 200
    assert (told.json()["status"], told.json()["resolved_by"]) == ("approved", owner.username)
    assert told.json()["resolved_at"] >= item["created_at"]
    assert (row(gated).status, posted) == ("completed", ["hello"])
    decision = Decision.objects.get()
    assert (decision.verdict, decision.by, decision.via) == ("allow", owner, "agentos")
    attached = events_of(door.go_on(gated, [], stream=True))
    assert names(attached)[0] == "RunContinued"
    assert names(attached)[-1] == "RunCompleted"
    assert listed(door, status="approved")[0]["run_status"] == "COMPLETED"


def test_one_that_is_rejected_tells_the_model_why(gated, item, door, fake, posted):
    told = resolve(door, item, "rejected", note="not on my watch").json()
    assert (told["status"], told["resolution_data"]["confirmation_note"]) == ("rejected", "not on my watch")
    assert posted == []
    assert "not on my watch" in fake.requests[-1]["messages"][-1]["content"]
    assert (len(listed(door, status="rejected")), listed(door, status="pending")) == (1, [])


def test_what_runs_can_be_edited_with_the_decision(item, door, posted):
    assert resolve(door, item, tool_args={"text": "edited"}).json()["resolution_data"]["tool_args"] == {
        "text": "edited"
    }
    assert posted == ["edited"]


@pytest.mark.parametrize("status", ["approved", "rejected"])
def test_a_second_resolution_is_refused(gated, item, door, posted, status):
    resolve(door, item)
    with no_news(row(gated)):
        assert problem_of(resolve(door, item, status)) == CONFLICT
    assert posted == ["hello"]


def test_of_two_resolutions_at_once_one_counts(item, door, posted):
    door.leave()
    told = together(4, lambda place: resolve(door, item, "approved" if place % 2 else "rejected").status_code)
    assert sorted(told) == [200, 409, 409, 409]
    assert Decision.objects.count() == 1
    work()
    assert len(posted) <= 1


@pytest.mark.parametrize(
    "body", [{}, {"status": "maybe"}, {"status": "approved", "resolution_data": []}, {"status": None}, "[]"]
)
def test_a_resolution_that_says_nothing_is_refused(gated, item, door, body):
    with no_news(row(gated)):
        assert problem_of(sent(door, "POST", f"/approvals/{item['id']}/resolve", body)) == REFUSED


def test_a_run_that_was_stopped_asks_nothing_any_more(gated, item, door):
    door.cancel(gated)
    assert listed(door)[0]["status"] == "cancelled"
    with no_news(row(gated)):
        assert problem_of(resolve(door, item)) == CONFLICT


# --- questions ---


def test_a_question_is_answered_with_the_resolution(asking, door, fake):
    [item] = listed(door)
    assert (item["pause_type"], item["tool_name"]) == ("user_feedback", "ask_user")
    with no_news(row(asking)):
        assert problem_of(resolve(door, item)) == REFUSED
        assert problem_of(resolve(door, item, "rejected")) == REFUSED
        assert problem_of(resolve(door, item, selections={"Which size?": ["L"]})) == (400, "BAD_REQUEST")
    told = resolve(door, item, selections={"Which colour?": ["Blue"]}).json()
    assert (told["status"], told["run_status"]) == ("approved", "PENDING")
    assert Question.objects.get().answers == {"Which colour?": "Blue"}
    assert "Blue" in fake.requests[-1]["messages"][-1]["content"]


def test_a_plan_is_approved_or_sent_back(fake, teammate_with, door):
    teammate_with("read_file", mode="plan")
    fake.call("submit_plan", {"plan": "Look around."})
    fake.call("submit_plan", {"plan": "Look twice."})
    told = door.run()
    [first] = listed(door)
    assert (first["pause_type"], first["status"]) == ("user_feedback", "pending")
    with no_news(row(told)):
        assert problem_of(resolve(door, first, "rejected")) == REFUSED
    resolve(door, first, "rejected", feedback="Look twice")
    second, _ = listed(door)
    resolve(door, second)
    assert row(told).plan_approved


def test_missing_input_and_outside_results_are_given_with_the_resolution(fake, own_tool, teammate_with, door):
    seen = []

    @own_tool(user_input=["city"], effect="read")
    def weather(city: str) -> str:
        """Say how the weather is."""
        seen.append(city)
        return "Sunny"

    @own_tool(external=True)
    def measure() -> str:
        """Measure it outside."""

    teammate_with("weather", "measure")
    fake.call("weather", {})
    fake.call("measure", {})
    door.run()
    [item] = listed(door, pause_type="user_input")
    assert resolve(door, item, values={"city": "Köln"}).status_code == 200
    assert seen == ["Köln"]
    [item] = listed(door, pause_type="external_execution")
    assert resolve(door, item, result="42 m").status_code == 200
    assert Run.objects.get().calls.get(tool="measure").result == "42 m"


def test_the_last_of_several_lets_the_run_go_on(fake, posted, teammate_with, door):
    teammate_with("post", mode="approval")
    fake.calls(("post", {"text": "one"}), ("post", {"text": "two"}))
    told = door.run()
    second, first = listed(door)
    assert resolve(door, first).json()["run_status"] == "PAUSED"
    assert posted == []
    assert problem_of(door.go_on(told, [])) == (400, "BAD_REQUEST")
    resolve(door, second, "rejected")
    assert (posted, row(told).status) == (["one"], "completed")


def test_a_decision_of_continue_shows_here(gated, item, door, owner):
    door.go_on(gated, [confirmed(waiting(gated)[0])])
    told = door.get(f"/approvals/{item['id']}").json()
    assert (told["status"], told["resolved_by"]) == ("approved", owner.username)
    assert problem_of(resolve(door, item)) == CONFLICT


# --- filters, and whose ---


def test_the_list_is_narrowed_and_comes_in_pages(gated, item, asking_too, door):
    assert [each["pause_type"] for each in listed(door)] == ["user_feedback", "confirmation"]
    for query in (
        {"pause_type": "confirmation"},
        {"agent_id": "helper"},
        {"run_id": gated["run_id"]},
        {"page": 2, "limit": 1},
    ):
        assert listed(door, **query) == [item], query
    assert [each["user_id"] for each in listed(door, user_id="ann")] == ["ann"]
    assert door.get("/approvals/count", user_id="ann").json() == {"count": 1}
    for query in (
        {"approval_type": "audit"},
        {"source_type": "team"},
        {"team_id": "any"},
        {"workflow_id": "any"},
        {"pause_type": "other"},
        {"status": "expired"},
    ):
        assert listed(door, **query) == [], query
    meta = door.get("/approvals").json()["meta"]
    assert (meta["page"], meta["limit"], meta["total_count"]) == (1, 100, 2)


@pytest.fixture
def asking_too(item, fake, teammate_with, door):
    teammate_with("AskUserQuestion", slug="asker")
    fake.call("AskUserQuestion", ASK)
    return door.run("asker", user_id="ann")


@pytest.mark.parametrize("query", [{"status": "done"}, {"limit": 0}, {"approval_type": "x"}])
def test_a_query_that_does_not_fit_is_refused(db, door, query):
    assert problem_of(door.get("/approvals", **query)) == REFUSED


def test_gates_of_others_are_not_there(gated, item, door_of, outsider, staff):
    for user in (outsider, staff):
        stranger = door_of(user)
        assert listed(stranger) == []
        assert stranger.get("/approvals/count").json() == {"count": 0}
        for method, path in (("GET", ""), ("GET", "/status"), ("DELETE", "")):
            assert problem_of(sent(stranger, method, f"/approvals/{item['id']}{path}")) == GONE
        with no_news(row(gated)):
            assert problem_of(resolve(stranger, item)) == GONE


@pytest.mark.parametrize("name", ["1", "approval-", "approval-x", "question-999", "robot-1", f"approval-{'9' * 40}"])
def test_an_id_that_is_none_is_not_found(db, door, name):
    assert problem_of(door.get(f"/approvals/{name}")) == GONE
    assert problem_of(resolve(door, {"id": name})) == GONE
    assert problem_of(door.get("/approvals", run_id=name)) == GONE


def test_a_run_without_gates_has_none(db, door):
    assert listed(door, run_id=str(uuid.uuid4())) == []


def test_nothing_that_was_asked_can_be_deleted(gated, item, door):
    with no_news(row(gated)):
        assert problem_of(sent(door, "DELETE", f"/approvals/{item['id']}")) == CONFLICT
    assert ToolApproval.objects.count() == 1


def test_a_key_decides_only_if_it_may(gated, item, owner, door_of):
    starter = door_of(owner, ["runs:read", "runs:write", "approvals:read"])
    assert listed(starter) == [item]
    with no_news(row(gated)):
        assert problem_of(resolve(starter, item)) == (403, "FORBIDDEN")
    assert problem_of(door_of(owner, ["runs:read"]).get("/approvals")) == (403, "FORBIDDEN")
