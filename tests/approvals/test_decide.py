"""Allow or deny one exact call."""

import pytest
from django.contrib.auth.models import User

from approvals.services import Invalid, NotAllowed, Stale, decide
from tests.machine import gap_free, kinds, refused, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gate(asked):
    return asked.approvals.get()


def test_a_call_that_asks_waits_and_costs_a_row(asked, posted):
    assert (asked.status, asked.open_gates, asked.lease) == ("paused", 1, "")
    assert asked.calls.get().state == "waiting"
    assert kinds(asked)[-3:] == ["call.proposed", "gate.opened", "run.paused"]
    assert posted == []


def test_the_gate_shows_the_registrys_words_and_the_exact_arguments(gate):
    assert (gate.title, gate.consequence, gate.risk) == ("Post", "Everybody sees it.", "write_external")
    assert gate.arguments == {"text": "hello"}
    assert gate.why == "Approval mode asks before anything that others see it."


def test_an_allowed_call_runs_once_and_the_model_sees_its_result(gate, asked, allow, carry, posted, fake):
    allow(gate)
    assert carry(asked).status == "completed"
    assert posted == ["hello"]
    assert told(fake) == ["Posted hello"]
    assert asked.calls.get().permitted_by == "allowed by olivia"
    assert gap_free(asked)


def test_the_decision_is_kept_as_it_was_made(gate, asked, allow, owner):
    allow(gate, reason="Fine")
    decision = asked.decisions.get()
    assert (decision.verdict, decision.by, decision.via, decision.reason) == ("allow", owner, "page", "Fine")
    assert (decision.digest, decision.revision, decision.arguments) == (gate.digest, 1, {"text": "hello"})


def test_a_denial_and_its_reason_reach_the_model_and_the_tool_never_runs(gate, asked, deny, carry, posted, fake):
    deny(gate, reason=" Not on a Friday ")
    assert carry(asked).status == "completed"
    assert told(fake) == ["Denied by a person (olivia). Reason: Not on a Friday. Do not repeat this call."]
    assert (posted, asked.calls.get().state) == ([], "denied")


def test_a_denial_without_a_reason_says_so(gate, asked, deny, carry, fake):
    deny(gate)
    carry(asked)
    assert told(fake) == ["Denied by a person (olivia). No reason was given. Do not repeat this call."]


def test_deny_and_stop_ends_the_run(gate, asked, deny, carry, posted, fake):
    deny(gate, reason="Enough", stop=True)
    assert carry(asked).status == "cancelled"
    assert (asked.open_gates, posted, len(fake.requests)) == (0, [], 1)
    assert kinds(asked)[-2:] == ["gate.decided", "run.cancelled"]


@pytest.mark.parametrize("verdict", ["allow", "deny"])
def test_a_reason_longer_than_a_model_should_read_is_refused(gate, asked, owner, verdict):
    with refused(asked, Invalid) as invalid:
        decide(gate, verdict, by=owner, digest=gate.digest, reason="x" * 20_001)
    assert list(invalid.value.errors) == ["reason"]


def test_a_reason_holds_nothing_that_a_database_refuses(gate, asked, deny):
    deny(gate, reason=" No\x00t \ud800now ")
    assert (gate.reason, asked.decisions.get().reason) == ("Not ?now", "Not ?now")


# --- edit, then allow ---


def test_edited_arguments_run_and_the_model_is_told(gate, asked, allow, carry, posted, fake):
    allow(gate, arguments={"text": "good evening"})
    carry(asked)
    assert posted == ["good evening"]
    assert told(fake)[0].startswith('(A person changed these arguments before allowing the call: {"text": "good even')
    call = fake.requests[1]["messages"][-2]["tool_calls"][0]
    assert call["function"]["arguments"] == '{"text": "good evening"}'


def test_an_edit_is_a_new_revision_and_both_texts_are_kept(gate, asked, allow):
    allow(gate, arguments={"text": "hi"})
    call = asked.calls.get()
    assert (gate.arguments, gate.edited_arguments) == ({"text": "hello"}, {"text": "hi"})
    assert (call.arguments, call.revision, call.approved_revision) == ({"text": "hi"}, 2, 2)
    assert asked.decisions.get().arguments == {"text": "hi"}


def test_an_edit_that_takes_every_argument_away_is_recorded_as_it_ran(
    own_tool, fake, teammate_with, start, carry, allow
):
    @own_tool
    def shout(text: str = "nothing") -> str:
        """Shout."""
        return text

    fake.call("shout", {"text": "hello"})
    run = carry(start(teammate_with("shout", mode="approval")))
    allow(run.approvals.get(), arguments={})
    assert (run.decisions.get().arguments, carry(run).calls.get().result) == ({}, "nothing")


def test_an_edit_that_changes_nothing_is_no_edit(gate, asked, allow):
    allow(gate, arguments={"text": "hello"})
    assert (gate.edited_arguments, asked.calls.get().note) == (None, "")


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        ({"text": 5}, "text"),
        ({}, "text"),
        ({"text": None}, "text"),
        ({"text": "hi", "cc": "all"}, "cc"),
        ({"text": "hi", "tool": "announce"}, "tool"),
        ({"text": "half \ud800"}, ""),
        ({"text": "hi", "n": float("nan")}, ""),
        (["text"], ""),
    ],
    ids=["type", "missing", "null", "extra field", "the tool's name", "surrogate", "NaN", "no object"],
)
def test_an_edit_that_does_not_fit_names_the_field(gate, asked, allow, edit, field):
    with refused(asked, Invalid) as error:
        allow(gate, arguments=edit)
    assert list(error.value.errors) == [field]


def test_true_in_place_of_one_is_an_edit(own_tool, fake, teammate_with, start, carry, allow):
    kept = []

    @own_tool
    def keep(value: bool | int) -> None:
        """Keep a value."""
        kept.append(value)

    fake.call("keep", {"value": 1})
    run = carry(start(teammate_with("keep", mode="approval")))
    allow(run.approvals.get(), arguments={"value": True})
    carry(run)
    assert kept[0] is True


# --- what was shown is what is decided ---


def test_a_decision_on_something_else_than_was_shown_is_stale(gate, asked, owner):
    with refused(asked, Stale):
        decide(gate, "allow", by=owner, digest="0" * 64)


def test_the_digest_of_an_equal_call_of_another_run_is_stale(gate, asked, fake, start, carry, owner):
    fake.call("post", {"text": "hello"})
    other = carry(start(asked.teammate)).approvals.get()
    assert other.arguments == gate.arguments
    with refused(asked, Stale):
        decide(gate, "allow", by=owner, digest=other.digest)


def test_arguments_that_were_changed_while_it_waited_are_not_allowed(gate, asked, allow, carry, posted):
    asked.calls.update(arguments={"text": "something else"})
    with refused(asked, Stale):
        allow(gate)
    assert posted == []


@pytest.mark.parametrize("verdict", ["", "maybe", "answer", "ALLOW"])
def test_there_are_two_verdicts(gate, asked, owner, verdict):
    with refused(asked, Invalid):
        decide(gate, verdict, by=owner, digest=gate.digest)


# --- who ---


@pytest.mark.parametrize("who", ["owner", "reviewer", "staff"])
def test_these_may_decide(gate, asked, allow, carry, posted, who, request):
    person = request.getfixturevalue(who)
    allow(gate, by=person)
    carry(asked)
    assert (posted, asked.decisions.get().by) == (["hello"], person)


def test_an_outsider_may_not(gate, asked, allow, outsider):
    with refused(asked, NotAllowed):
        allow(gate, by=outsider)


@pytest.mark.parametrize("who", ["owner", "reviewer", "staff"])
def test_a_disabled_account_may_not(gate, asked, allow, who, request):
    person = request.getfixturevalue(who)
    User.objects.filter(pk=person.pk).update(is_active=False)
    with refused(asked, NotAllowed):
        allow(gate, by=User.objects.get(pk=person.pk))
