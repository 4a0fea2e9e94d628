"""Between the decision and the call: what was allowed must still be what runs, and its people still be there."""

import pytest
from django.contrib.auth.models import User

from approvals.services import Invalid
from runs.engine import driver
from teammates.models import Teammate
from teammates.services import save, tools_of
from teammates.tools.registry import registry
from tests.machine import gap_free, refused, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gate(asked):
    return asked.approvals.get()


@pytest.fixture
def change(own_tool, posted):
    """Give the tool `post` another description."""

    def change(description="Post a text to everybody, for ever."):
        def post(text: str) -> str:
            posted.append(f"new {text}")
            return "Posted"

        post.__doc__ = description
        registry.remove("post")
        own_tool(title="Post")(post)

    return change


def test_arguments_changed_after_the_decision_never_run(gate, asked, allow, carry, posted, fake):
    allow(gate)
    asked.calls.update(arguments={"text": "something else"})
    carry(asked)
    assert (posted, asked.calls.get().state) == ([], "failed")
    assert told(fake) == ["Not run: its arguments are not those that were allowed."]
    assert asked.events.filter(kind="call.started").count() == 0


@pytest.mark.parametrize("field", ["tool", "nonce", "revision", "tool_def_hash", "run_id"])
def test_a_decision_is_for_no_other_call(gate, asked, allow, start, carry, posted, field, own_tool):
    own_tool(name="shout")(lambda: posted.append("shout"))
    other = {"tool": "AskUserQuestion", "nonce": "0" * 32, "revision": 7, "tool_def_hash": "0" * 64}
    other["run_id"] = start(asked.teammate).pk
    allow(gate)
    asked.calls.update(**{field: other[field]})
    carry(asked)
    assert posted == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_tool_that_changed_asks_again(gate, asked, allow, carry, posted, change, when):
    """F26."""
    acts = [change, lambda: allow(gate)]
    for act in acts if when == "before" else reversed(acts):
        act()
    assert (carry(asked).status, posted) == ("paused", [])
    again = asked.approvals.last()
    assert (again.why, again.revision) == ("Post was changed after this call was allowed.", 2)
    allow(again)
    assert (carry(asked).status, posted) == ("completed", ["new hello"])
    assert gap_free(asked)


def test_a_tool_that_changed_twice_asks_twice(gate, asked, allow, carry, posted, change):
    allow(gate)
    change()
    carry(asked)
    allow(asked.approvals.last())
    change("Post a text to nobody.")
    assert (carry(asked).status, asked.approvals.count(), posted) == ("paused", 3, [])


def test_what_a_person_changed_is_still_told_when_the_tool_changed_after_it(
    gate, asked, allow, carry, posted, change, fake
):
    allow(gate, arguments={"text": "good evening"})
    change()
    allow(carry(asked).approvals.last())
    assert (carry(asked).status, posted) == ("completed", ["new good evening"])
    assert told(fake)[0].startswith("(A person changed these arguments")
    assert "good evening" in fake.requests[-1]["messages"][-2]["tool_calls"][0]["function"]["arguments"]


def test_a_decision_right_after_the_pause_is_not_lost(posted, fake, teammate_with, start, allow, aside, monkeypatch):
    """F16: The worker that paused the run has not let go of it yet."""
    real = driver.pause

    def pause(run, *args):
        real(run, *args)
        allow(run.approvals.get())
        aside(driver.carry_forward, run.pk).result(10)

    monkeypatch.setattr(driver, "pause", pause)
    fake.call("post", {"text": "hello"})
    run = start(teammate_with("post", mode="approval"))
    driver.carry_forward(run.pk)
    run.refresh_from_db()
    assert (run.status, posted, gap_free(run)) == ("completed", ["hello"], True)


def test_a_tool_that_is_gone_cannot_be_allowed(gate, asked, allow, deny, carry):
    """F26."""
    registry.remove("post")
    with refused(asked, Invalid) as error:
        allow(gate)
    assert error.value.errors[""].startswith("This tool no longer exists")
    deny(gate)
    assert carry(asked).status == "completed"


def test_a_tool_that_goes_after_the_decision_is_not_run(gate, asked, allow, carry, posted, fake):
    allow(gate)
    registry.remove("post")
    assert (carry(asked).status, posted) == ("completed", [])
    assert told(fake) == ["There is no tool 'post'. There are: AskUserQuestion."]


def test_a_disabled_teammate_runs_nothing_more(gate, asked, allow, carry, posted, fake):
    allow(gate)
    Teammate.objects.update(enabled=False)
    assert (carry(asked).error_code, asked.error) == ("teammate_disabled", "Helper is disabled.")
    assert (posted, asked.calls.get().state, len(fake.requests)) == ([], "cancelled", 1)


def test_a_teammate_that_loses_the_tool_does_not_run_it(gate, asked, allow, carry, posted, fake):
    """F30."""
    allow(gate)
    save(asked.teammate, [("post", "deny")])
    assert (carry(asked).status, posted) == ("completed", [])
    assert (asked.calls.get().state, told(fake)) == ("denied", ["Post is denied for this teammate now."])


def test_a_disabled_requester_runs_nothing_more(gate, asked, allow, owner, reviewer, carry, posted, fake):
    """F29."""
    allow(gate, by=reviewer)
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert (carry(asked).calls.get().state, posted) == ("failed", [])
    assert told(fake) == ["Not run: the account that asked for it has been disabled."]


def test_an_approver_who_leaves_later_does_not_undo_the_decision(gate, asked, allow, reviewer, carry, posted):
    """F29."""
    allow(gate, by=reviewer)
    User.objects.filter(pk=reviewer.pk).update(is_active=False)
    carry(asked)
    assert posted == ["hello"]


def test_a_requester_who_is_disabled_in_the_middle_of_a_run_is_noticed(
    own_tool, posted, fake, teammate_with, start, carry, owner
):
    @own_tool(effect="effect")
    def lock_out() -> None:
        """Disable whoever asked."""
        User.objects.filter(pk=owner.pk).update(is_active=False)

    fake.calls(("lock_out", {}), ("post", {"text": "hello"}))
    run = carry(start(teammate_with("lock_out", "post")))
    assert (posted, list(run.calls.values_list("state", flat=True))) == ([], ["succeeded", "failed"])


def test_a_run_keeps_the_teammate_that_it_began_with(gate, asked, allow, carry, fake, start):
    """F28."""
    allow(gate)
    asked.teammate.instructions = "Speak Latin."
    save(asked.teammate, tools_of(asked.teammate))
    carry(asked)
    assert fake.requests[-1]["messages"][0]["role"] == "user"
    carry(start(asked.teammate))
    assert fake.requests[-1]["messages"][0] == {"role": "system", "content": "Speak Latin."}


# --- tools that ask in every mode ---


def test_a_tool_that_needs_approval_asks_even_where_nobody_is_in_the_loop(
    own_tool, fake, teammate_with, start, carry, allow
):
    done = []
    own_tool(needs_approval=True, name="wipe")(lambda: done.append("wiped"))
    fake.call("wipe", {})
    run = carry(start(teammate_with(("wipe", "allow"), people=False)))
    assert (run.status, run.approvals.get().why, done) == ("paused", "Wipe asks in every mode.", [])
    allow(run.approvals.get())
    assert (carry(run).status, done) == ("completed", ["wiped"])


def test_fields_for_a_person_are_filled_in_with_the_decision(own_tool, fake, teammate_with, start, carry, allow):
    sent = []

    @own_tool(needs_approval=True, user_input=["to"])
    def mail(subject: str, to: str) -> None:
        """Send a mail."""
        sent.append((subject, to))

    fake.call("mail", {"subject": "Hi"})
    run = carry(start(teammate_with("mail")))
    with refused(run, Invalid) as error:
        allow(run.approvals.get())
    assert list(error.value.errors) == ["to"]
    allow(run.approvals.get(), arguments={"subject": "Hi", "to": "ana"})
    assert (carry(run).status, sent) == ("completed", [("Hi", "ana")])
    assert run.approvals.count() == 1


@pytest.mark.parametrize("needs_approval", [False, True])
def test_a_tool_that_others_run_is_not_run_here_even_when_it_is_allowed(
    own_tool, fake, teammate_with, start, carry, allow, tell, needs_approval
):
    done = []
    own_tool(external=True, needs_approval=needs_approval, name="shell")(lambda: done.append("here"))
    fake.call("shell", {})
    run = carry(start(teammate_with("shell", mode="approval")))
    allow(run.approvals.get())
    assert (carry(run).status, done, run.questions.get().kind) == ("paused", [], "external")
    tell(run.questions.get(), response="done elsewhere")
    assert (carry(run).status, told(fake), done) == ("completed", ["done elsewhere"], [])
