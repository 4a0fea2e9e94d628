"""Kill -9 of a real process at every place where it may happen; a fresh one goes on, and outside judges look."""

import pytest

from approvals.models import Question
from approvals.services import answer
from runs.faults import POINTS
from runs.models import Run, ToolCall
from teammates.models import Teammate
from teammates.services import save
from tests.fake_script import Script

EFFECTS = ["pure", "read", "idempotent", "reconcilable", "effect"]
AROUND_A_TOOL = [point for point in POINTS if point.startswith(("dispatch.", "tool."))]
OF_OTHERS = ("child.", "requeue.", "webhook.")  # killed in stories of their own
ELSEWHERE = [point for point in POINTS if point not in AROUND_A_TOOL and not point.startswith(OF_OTHERS)]
# After the decision these come again.
LATER = [point for point in ELSEWHERE if point.startswith(("claim.", "turn.", "outbox.before", "event."))]
LATER += [f"event.append:{time}" for time in (3, 4)]
# Of an attempt that died after the effect: how often the service was asked in all, and how often it acted.
AFTER = ("tool.after_send", "tool.before_record")
AGAIN = {"pure": (2, 1), "read": (2, 1), "idempotent": (2, 1), "reconcilable": (1, 1), "effect": (1, 1)}


@pytest.fixture
def story(killable, fake, owner):
    """A person starts a run, a worker takes it to its gate, the person allows the call, a worker ends it."""

    def story(effect, fault, *, later=False):
        fake.reply = lambda body: None if told_in(body) else Script().call(f"act_{effect}", {})
        save(Teammate(slug="clerk", name="Clerk", model="fake", permission_mode="approval"), [(f"act_{effect}", "ask")])
        killable.fault = "" if later else fault
        killable.do("start", message="Act")
        killable.do("work")
        killable.fault = fault if later else killable.fault
        killable.do("allow")
        killable.do("work")
        return killable

    return story


def told_in(body):
    return any(message["role"] == "tool" for message in body["messages"])


@pytest.mark.parametrize(
    ("point", "later"), [*((point, False) for point in ELSEWHERE), *((point, True) for point in LATER)]
)
def test_wherever_a_process_dies_the_run_ends_and_its_tool_ran_once(story, point, later):
    """F1, F2, F3, F4, F17, F22: the claim, the turn, the pause, the decision, the message and the end."""
    house = story("effect", point, later=later)
    assert house.struck == 1
    run = Run.objects.get()
    assert (run.status, run.output, house.asked()) == ("completed", "Here you are.", (1, 1))
    assert list(run.messages.values_list("turn", flat=True)) == [1, 2]
    assert run.events.filter(kind="run.started").count() == 1
    assert house.is_whole()


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("point", AROUND_A_TOOL)
def test_a_tool_whose_process_dies_is_treated_as_it_says(story, owner, point, effect):
    """F5, F6, F7, F8, F9: what was sent is never sent again by itself, unless the tool says how."""
    house = story(effect, point)
    assert house.struck == 1
    run, call = Run.objects.get(), ToolCall.objects.get()
    lost = effect == "effect" and point in ("tool.before_send", *AFTER)
    never = lost and point == "tool.before_send"
    assert house.asked() == ((0, 0) if never else AGAIN[effect] if point in AFTER else (1, 1))
    if lost:
        assert (run.status, call.state) == ("paused", "outcome_unknown")
        question = Question.objects.get(kind="unknown")
        answer(question, by=owner, digest=question.digest, answers={"outcome": "It happened"})
        house.do("work")
        run.refresh_from_db()
    assert (run.status, house.asked()[1]) == ("completed", int(not never))
    assert house.is_whole()
