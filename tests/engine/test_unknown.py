"""What the machine cannot know or cannot do, a person is asked: an outcome, or whether to go on at all."""

import pytest

from approvals.services import AlreadyDecided, Invalid
from runs import services
from tests.machine import no_news, refused, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def unknown(call, kill, lapse, carry):
    """The keys with which `act` ran, and the run that asks what became of it."""
    keys, run = call("effect")
    kill(run, "runs.engine.toolbox.execute", after=True)
    lapse(run)
    return keys, carry(run)


@pytest.mark.parametrize(
    ("outcome", "state", "heard"),
    [
        ("It happened", "succeeded", "It happened, says olivia. Number 12."),
        ("It did not happen", "failed", "It did not happen, says olivia. Number 12."),
    ],
)
def test_a_person_who_knows_is_believed(unknown, tell, carry, fake, owner, outcome, state, heard):
    """F10."""
    keys, run = unknown
    tell(run.questions.get(), answers={"outcome": outcome}, response="Number 12.")
    assert (carry(run).status, told(fake), len(keys)) == ("completed", [heard], 1)
    assert (run.calls.get().state, run.calls.get().attested_by) == (state, owner)


def test_to_try_again_is_a_new_call_with_a_new_key_and_its_own_gate(unknown, tell, allow, carry, fake):
    """F11."""
    keys, run = unknown
    tell(run.questions.get(), answers={"outcome": "Try again"})
    assert (carry(run).status, len(keys)) == ("paused", 1)
    allow(run.approvals.get())
    assert (carry(run).status, len(set(keys)), told(fake)) == ("completed", 2, ["Done it"])
    old, new = run.calls.all()
    assert (old.state, old.retried_as, new.state) == ("outcome_unknown", new, "succeeded")


def test_to_try_again_may_still_be_denied(unknown, tell, deny, carry, fake):
    keys, run = unknown
    tell(run.questions.get(), answers={"outcome": "Try again"})
    deny(carry(run).approvals.get(), reason="It did arrive")
    assert (carry(run).status, len(keys), len(told(fake))) == ("completed", 1, 1)


@pytest.mark.parametrize("given", [{}, {"response": "It happened"}, {"answers": {"outcome": "Perhaps"}}])
def test_no_outcome_is_no_answer(unknown, tell, given):
    run = unknown[1]
    with refused(run, Invalid) as error:
        tell(run.questions.get(), **given)
    assert list(error.value.errors) == ["outcome"]


def test_a_run_with_an_unknown_outcome_can_be_stopped(unknown, owner, carry):
    """F35."""
    keys, run = unknown
    services.cancel(run, by=owner)
    assert (carry(run).status, len(keys)) == ("cancelled", 1)
    assert (run.calls.get().state, run.questions.get().status) == ("outcome_unknown", "cancelled")


# --- when nothing helps ---


@pytest.fixture
def tired(call, kill, lapse, carry):
    run = call("effect")[1]
    for _ in range(3):
        kill(run, "runs.engine.model.Model.respond")
        lapse(run)
    return carry(run)


def test_a_run_that_gets_nowhere_asks_for_attention(tired):
    """F22."""
    question = tired.questions.get()
    assert (tired.status, question.kind) == ("paused", "attention")
    assert question.why == "It was begun 3 times without getting anywhere."


def test_with_go_on_it_is_tried_as_often_again(tired, tell, carry):
    tell(tired.questions.get(), answers={"attention": "Go on"})
    assert (carry(tired).status, tired.attempt) == ("completed", 0)


def test_with_stop_it_ends(tired, tell, carry, fake):
    tell(tired.questions.get(), answers={"attention": "Stop"})
    assert (carry(tired).status, len(fake.requests)) == ("cancelled", 0)


def test_stopped_twice_is_no_news(tired, tell):
    tell(tired.questions.get(), answers={"attention": "Stop"})
    with no_news(tired):
        tell(tired.questions.get(), answers={"attention": "Stop"})
    with refused(tired, AlreadyDecided):
        tell(tired.questions.get(), answers={"attention": "Go on"})


@pytest.mark.parametrize("given", [{}, {"answers": {"attention": "go on"}}, {"response": "Go on"}])
def test_only_these_words_move_it(tired, tell, given):
    with refused(tired, Invalid) as error:
        tell(tired.questions.get(), **given)
    assert list(error.value.errors) == ["attention"]
