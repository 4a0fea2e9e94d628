"""What tools may do, and what becomes of a call that fails, hangs, comes twice or says too much."""

import json
import threading

import pytest
from django.db import OperationalError

from runs import services
from runs.engine import driver
from runs.models import Session, ToolCall
from teammates.tools import ToolContext, ToolError
from tests.machine import eventually, gap_free, kinds, results, told

pytestmark = pytest.mark.django_db(transaction=True)


# --- a tool of one's own ---


def test_the_context_says_where_the_tool_is_at_work(own_tool, use):
    @own_tool(effect="read")
    def look(context: ToolContext, word: str = "none") -> dict:
        """Look around."""
        return {"run": context.run_id, "key": context.key, "word": word}

    run = use(("look", {}))
    assert json.loads(run.calls.get().result) == {
        "run": run.pk,
        "key": str(run.calls.get().idempotency_key),
        "word": "none",
    }


@pytest.fixture
def count(own_tool):
    @own_tool(effect="pure")
    def count(context: ToolContext) -> int:
        """Count in the conversation."""
        context.session_state["n"] = context.session_state.get("n", 0) + 1
        return context.session_state["n"]


def test_the_runs_of_a_conversation_share_a_state(count, use):
    first = use(("count", {}), ("count", {}))
    assert [result for _, result in results(first)] == ["1", "2"]
    assert results(use(("count", {}), session=first.session)) == [("succeeded", "3")]
    assert results(use(("count", {}))) == [("succeeded", "1")]


def test_what_another_run_shared_meanwhile_is_kept(count, use):
    first = use(("count", {}))
    first.session.session_state = {"n": 5, "theirs": [1]}
    first.session.save()
    use(("count", {}), session=first.session)
    first.session.refresh_from_db()
    assert first.session.session_state == {"n": 6, "theirs": [1]}


def test_what_another_run_shared_while_the_model_spoke_is_seen(count, fake, teammate_with, start, carry, aside):
    helper = teammate_with("count")
    speaking = fake.say("let me think").call("count", {}).gate(after=2)
    first = start(helper)
    working = aside(driver.carry_forward, first.pk)
    speaking.wait()
    fake.call("count", {})
    assert results(carry(start(helper, session=first.session))) == [("succeeded", "1")]
    speaking.release()
    working.result(20)
    assert results(first) == [("succeeded", "2")]


def test_a_tool_whose_conversation_cannot_be_read_has_not_begun(count, use, monkeypatch):
    def away(self, **fields):
        raise OperationalError("the database is away")

    monkeypatch.setattr(Session, "refresh_from_db", away)
    run = use(("count", {}))
    assert results(run) == [("failed", "OperationalError: the database is away")]


@pytest.mark.parametrize("thing", [object(), "half a \ud83d", "a \0"])
def test_what_cannot_be_shared_is_left_out_and_the_call_has_succeeded(own_tool, use, thing):
    @own_tool(effect="pure")
    def share(context: ToolContext) -> str:
        """Share."""
        context.session_state["thing"] = thing
        return "ok"

    run = use(("share", {}), ("share", {}))
    assert [state for state, _ in results(run)] == ["succeeded", "succeeded"]
    assert (run.status, run.session.session_state) == ("completed", {})


@pytest.mark.parametrize(
    ("error", "heard"),
    [
        (ToolError("The shelf is empty."), "The shelf is empty."),
        (ValueError("seven"), "ValueError: seven"),
        (KeyError("x"), "KeyError: 'x'"),
        (TimeoutError(), "TimeoutError: "),
        (SystemExit(2), "SystemExit: 2"),
        (RecursionError("deep"), "RecursionError: deep"),
        (ToolError("NUL \x00 and \ud800"), "NUL  and ?"),
    ],
)
def test_a_tool_that_fails_says_so_to_the_model_and_the_run_goes_on(own_tool, use, fake, error, heard):
    @own_tool(effect="effect")
    def act() -> None:
        """Act."""
        raise error

    run = use(("act", {}))
    assert (run.status, results(run), told(fake)) == ("completed", [("failed", heard)], [heard])


def test_a_long_error_is_cut_like_a_result(own_tool, use, fake):
    @own_tool(effect="read")
    def fetch() -> str:
        """Fetch a page."""
        raise ValueError("x" * 200_000)

    use(("fetch", {}))
    assert told(fake)[0].endswith("x\n(cut here)")
    assert len(told(fake)[0]) < 101_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        ("", ""),
        ({"é": [1, 2.5, True]}, '{"é": [1, 2.5, true]}'),
        (b"x", "\"b'x'\""),
        ("a\x00\ud800", "a?"),
        ("x" * 100_001, "x" * 100_000 + "\n(cut here)"),
    ],
    ids=["nothing", "empty", "json", "bytes", "odd", "long"],
)
def test_whatever_it_returns_the_model_hears_text(own_tool, use, fake, value, text):
    @own_tool(effect="pure")
    def give() -> object:
        """Give."""
        return value

    use(("give", {}))
    assert told(fake) == [text]


# --- time ---


@pytest.fixture
def hang(own_tool, transactional_db):
    """Make a tool that gives no result in its time; what lets it end, as it does with the test."""
    end = threading.Event()

    def hang(effect):
        @own_tool(effect=effect, timeout=0.05)
        def act() -> str:
            """Act."""
            end.wait(10)
            return "Too late"

        return end

    yield hang
    end.set()


@pytest.mark.parametrize("effect", ["pure", "read", "idempotent"])
def test_past_its_time_a_harmless_call_has_failed(hang, use, fake, effect):
    end = hang(effect)
    run = use(("act", {}))
    assert (run.status, told(fake)) == ("completed", ["Act gave no result within 0.05 s."])
    end.set()
    assert results(run) == [("failed", "Act gave no result within 0.05 s.")]


def test_past_its_time_a_call_with_an_effect_is_asked_about(hang, use):
    hang("effect")
    run = use(("act", {}))
    assert (run.status, run.calls.get().state, run.questions.get().kind) == ("paused", "outcome_unknown", "unknown")
    assert run.questions.get().why == "Act gave no result within 0.05 s."


def test_a_result_that_comes_late_stands_beside_the_question(hang, use):
    end = hang("effect")
    run = use(("act", {}))
    end.set()
    assert eventually(lambda: run.calls.get().result == "Too late")
    assert run.calls.get().state == "outcome_unknown"


def test_a_tool_tells_only_what_tools_may_tell(own_tool, use):
    @own_tool(effect="pure")
    def boast(context: ToolContext) -> str:
        """Claim that all is done."""
        context.note("run.completed", {"output": "done"})
        return "ok"

    run = use(("boast", {}))
    assert results(run) == [("failed", "A tool may tell note, todos, call.progress, not run.completed.")]
    assert kinds(run).count("run.completed") == 1


@pytest.mark.parametrize("told", [{}, {"items": "all"}, {"items": ["wash"]}, {"items": [{"text": 7}]}])
def test_a_list_to_do_that_nobody_could_show_is_refused(own_tool, use, told):
    @own_tool(effect="pure")
    def plan(context: ToolContext) -> str:
        """Plan."""
        context.note("todos", told)
        return "ok"

    run = use(("plan", {}))
    [(state, said)] = results(run)
    assert (state, "Todos are told as" in said) == ("failed", True)
    assert "todos" not in kinds(run)


# --- several calls ---


def test_of_three_calls_the_free_ones_run_while_one_waits(use, posted, allow, carry, fake):
    run = use(("current_time", {}), ("post", {"text": "hello"}), ("list_files", {}), mode="approval")
    assert [state for state, _ in results(run)] == ["succeeded", "waiting", "succeeded"]
    assert (run.open_gates, len(fake.requests)) == (1, 1)
    allow(run.approvals.get())
    carry(run)
    assert [text.split(",")[0] for text in told(fake)][1:] == ["Posted hello", "There are no files yet."]
    assert gap_free(run)


def test_the_same_call_twice_is_two_calls_two_gates_two_keys(use, posted, allow, deny, carry, fake):
    """F33."""
    run = use(("post", {"text": "hello"}), ("post", {"text": "hello"}), mode="approval")
    first, second = run.approvals.all()
    assert first.digest != second.digest
    allow(first)
    deny(second)
    carry(run)
    assert (posted, len({call.idempotency_key for call in run.calls.all()})) == (["hello"], 2)


def test_a_provider_that_repeats_its_ids_confuses_nothing(use, posted, fake, allow, carry):
    run = use(("post", {"text": "one"}), ("post", {"text": "two"}), mode="approval")
    ToolCall.objects.update(provider_call_id="same")
    for gate in run.approvals.all():
        allow(gate)
    carry(run)
    calls = fake.requests[-1]["messages"][-3]["tool_calls"]
    answers = [message["tool_call_id"] for message in fake.requests[-1]["messages"][-2:]]
    assert [call["id"] for call in calls] == answers and len(set(answers)) == 2
    assert told(fake) == ["Posted one", "Posted two"]


@pytest.mark.parametrize(("permission", "state"), [("deny", "denied"), ("ask", "waiting"), ("allow", "succeeded")])
def test_what_is_set_for_the_tool_decides(fake, posted, teammate_with, start, carry, permission, state):
    fake.call("post", {"text": "hello"})
    run = carry(start(teammate_with(("post", permission), mode="approval" if permission == "allow" else "autonomous")))
    assert (run.calls.get().state, len(posted)) == (state, int(permission == "allow"))


# --- after the end ---


def test_what_a_tool_tells_after_the_stop_is_left_out_of_the_log(own_tool, fake, teammate_with, start, aside, owner):
    begun, end = threading.Event(), threading.Event()

    @own_tool(effect="effect")
    def act(context: ToolContext) -> None:
        """Act."""
        begun.set()
        end.wait(10)
        context.note("todos", {"items": []})
        context.files.write("late.md", "late")

    fake.call("act", {})
    run = start(teammate_with("act"))
    aside(driver.carry_forward, run.pk)
    assert begun.wait(10)
    services.cancel(run, by=owner)
    end.set()
    assert eventually(lambda: run.calls.get().state == "succeeded")
    assert (kinds(run)[-1], run.files.count(), gap_free(run)) == ("run.cancelled", 1, True)
