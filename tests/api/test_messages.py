"""What was said in a run, and what came of it in short (contract 2.2, 2.3)."""

import pytest

from tests.api.door import problem_of
from tests.machine import no_news
from tests.rows import called, event, run_of, said, teammate

pytestmark = pytest.mark.django_db

REQUIRED = {"id", "run_id", "sequence", "role", "content", "content_blocks", "event_metadata", "created_at"}


@pytest.fixture
def run(owner):
    """Two turns: it looked something up, then it answered."""
    run = run_of(owner, teammate(), "What is new?", "completed", output="# All quiet\n\nNothing new.")
    said(run, 1, "Let me look.", thinking="Hm.", usage={"prompt_tokens": 7, "completion_tokens": 3, "cost": 0.001})
    called(run, 1, "read_file", {"name": "a.txt"}, result="empty", effect="read")
    said(run, 2, "# All quiet\n\nNothing new.")
    return run


@pytest.fixture
def long(owner):
    """Nine messages behind the run's own."""
    run = run_of(owner, teammate(), status="completed")
    for turn in range(1, 10):
        said(run, turn, f"turn {turn}")
    return run


def numbers(response):
    assert response.status_code == 200, response.content
    return [message["sequence"] for message in response.json()]


def test_all_is_told_in_order(api, run):
    found = api.get(f"/runs/{run.pk}/messages").json()
    assert [message["role"] for message in found] == ["user", "assistant", "tool", "assistant"]
    assert [message["sequence"] for message in found] == [1, 2, 3, 4]
    assert [message["content"] for message in found][:3] == ["What is new?", "Let me look.", ""]
    assert all(set(message) >= REQUIRED and message["run_id"] == run.pk for message in found)
    assert len({message["id"] for message in found}) == 4


def test_thoughts_calls_and_results_are_blocks(api, run):
    _, asked, result, _ = api.get(f"/runs/{run.pk}/messages").json()
    name = f"call_{run.calls.get().pk}"
    assert asked["content_blocks"] == [
        {"type": "thinking", "thinking": "Hm."},
        {"type": "text", "text": "Let me look."},
        {"type": "tool_use", "id": name, "name": "read_file", "input": {"name": "a.txt"}},
    ]
    assert result["content_blocks"] == [
        {"type": "tool_result", "tool_use_id": name, "content": "empty", "is_error": False}
    ]
    assert (asked["input_tokens"], asked["output_tokens"], asked["claude_cost_usd"]) == (7, 3, "0.001000")


def test_results_get_their_number_when_all_of_them_are_there(api, owner):
    run = run_of(owner, teammate(), status="running")
    said(run, 1, "Two things.")
    called(run, 1, "read_file", {"name": "a"}, result="a", effect="read")
    second = called(run, 1, "read_file", {"name": "b"}, state="started", ordinal=1, effect="read")
    assert numbers(api.get(f"/runs/{run.pk}/messages")) == [1, 2]
    type(second).objects.filter(pk=second.pk).update(state="succeeded", result="b")
    assert numbers(api.get(f"/runs/{run.pk}/messages", after_sequence=2)) == [3]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, range(1, 11)),
        ({"limit": 3}, [1, 2, 3]),
        ({"after_sequence": 0, "limit": 2}, [1, 2]),
        ({"after_sequence": 7}, [8, 9, 10]),
        ({"after_sequence": 10}, []),
        ({"before_sequence": 4}, [1, 2, 3]),
        ({"before_sequence": 9, "limit": 2}, [7, 8]),
        ({"before_sequence": 1}, []),
        ({"tail": "true", "limit": 2}, [9, 10]),
        ({"tail": "true"}, range(1, 11)),
    ],
    ids=str,
)
def test_a_part_of_them_is_given(api, long, query, expected):
    assert numbers(api.get(f"/runs/{long.pk}/messages", **query)) == list(expected)


@pytest.mark.parametrize(
    "query",
    [
        {"after_sequence": 1, "before_sequence": 3},
        {"tail": "true", "after_sequence": 1},
        {"tail": "true", "before_sequence": 3},
        {"limit": 0},
        {"limit": 1001},
        {"after_sequence": "first"},
    ],
    ids=str,
)
def test_a_part_that_cannot_be_meant_is_refused(api, long, query):
    with no_news(long):
        assert problem_of(api.get(f"/runs/{long.pk}/messages", **query)) == (422, "invalid")


def test_the_trace_holds_the_log_of_each_turn(api, run):
    event(run, "run.started")
    event(run, "turn.started", turn=1)
    event(run, "text", turn=1, delta="Let me")
    event(run, "turn.started", turn=2)
    event(run, "run.completed")
    found = api.get(f"/runs/{run.pk}/messages", include_trace="true").json()
    traces = [message["event_metadata"].get("event_trace") for message in found]
    kinds = [trace and [line["type"] for line in trace] for trace in traces]
    assert kinds == [None, ["turn.started", "text"], None, ["turn.started", "run.completed"]]
    assert api.get(f"/runs/{run.pk}/messages").json()[1]["event_metadata"] == {}


@pytest.mark.parametrize("what", ["messages", "outcome"])
def test_another_accounts_run_is_not_there(api_of, outsider, run, what):
    assert problem_of(api_of(outsider).get(f"/runs/{run.pk}/{what}")) == (404, "not_found")
    assert problem_of(api_of(outsider).get(f"/runs/999/{what}")) == (404, "not_found")


@pytest.mark.parametrize("what", ["messages", "outcome"])
def test_another_end_users_run_is_not_there(api, run, what):
    assert problem_of(api.get(f"/runs/{run.pk}/{what}", user_id="somebody")) == (404, "not_found")


def test_the_outcome_says_it_in_short(api, run):
    type(run).objects.filter(pk=run.pk).update(
        usage={"prompt_tokens": 7, "completion_tokens": 3, "cost": 0.5}, output_data={"quiet": True}
    )
    assert api.get(f"/runs/{run.pk}/outcome").json() == {
        "run_id": run.pk,
        "status": "completed",
        "summary": "# All quiet\n\nNothing new.",
        "headline": "All quiet",
        "needs_reply": False,
        "needs_reply_count": 0,
        "delivery_channel": "none",
        "output_data": {"quiet": True},
        "message_count": 4,
        "input_tokens": 7,
        "output_tokens": 3,
        "total_tokens": 10,
        "cost_usd": "0.500000",
    }


def test_before_the_end_there_is_no_outcome_yet(api, owner):
    run = run_of(owner, teammate(), status="queued")
    found = api.get(f"/runs/{run.pk}/outcome").json()
    assert (found["status"], found["summary"], found["headline"], found["cost_usd"]) == ("running", None, None, None)
