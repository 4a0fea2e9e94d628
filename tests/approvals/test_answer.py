"""What only a person can say: a question, a missing input, an outside result, an outcome that nobody knows."""

import json

import pytest

from approvals.services import AlreadyDecided, Invalid, NotAllowed, Stale, answer
from runs import services
from tests.machine import gap_free, kinds, no_news, refused, together, told

pytestmark = pytest.mark.django_db(transaction=True)

COLOR = {"question": "Which color?", "header": "Color", "options": [{"label": "Red"}, {"label": "Blue"}]}
PARTS = {**COLOR, "question": "Which parts?", "header": "Parts", "multiSelect": True, "id": "parts"}


@pytest.fixture
def ask(fake, teammate_with, start, carry):
    """A run in which the model asks these questions, carried to where they wait (or were refused)."""

    def ask(*items, **more):
        fake.call("AskUserQuestion", {"questions": list(items)})
        return carry(start(teammate_with(**more)))

    return ask


@pytest.fixture
def run(ask):
    return ask(COLOR, PARTS)


@pytest.fixture
def question(run):
    return run.questions.get()


def test_a_question_waits_in_any_mode_and_the_gate_keeps_it_exactly(run, question):
    assert (run.permission_mode, run.status, question.kind) == ("autonomous", "paused", "ask")
    assert [item["question"] for item in question.questions] == ["Which color?", "Which parts?"]
    assert kinds(run)[-2:] == ["gate.opened", "run.paused"]


def test_the_answers_are_the_result_of_the_call(run, question, tell, carry, fake):
    tell(question, answers={"Which color?": "Red", "Which parts?": ["Red", "my own"]})
    assert carry(run).status == "completed"
    assert json.loads(told(fake)[0]) == {"answers": {"Which color?": "Red", "Which parts?": ["Red", "my own"]}}
    assert (run.calls.get().state, gap_free(run)) == ("succeeded", True)


def test_what_is_skipped_and_noted_is_told(run, question, tell, carry, fake):
    tell(question, answers={"parts": "Red, Blue"}, skipped=["Which color?"], notes={"parts": "both!"})
    carry(run)
    assert json.loads(told(fake)[0]) == {
        "answers": {"Which parts?": ["Red", "Blue"]},
        "skipped": ["Which color?"],
        "notes": {"Which parts?": "both!"},
    }


def test_a_reply_in_own_words_stands_for_all_answers(run, question, tell, carry, fake):
    tell(question, response="Whatever is cheaper")
    carry(run)
    assert json.loads(told(fake)[0]) == {"response": "Whatever is cheaper"}


def test_to_stop_at_a_question_ends_the_run(run, question, tell, carry, fake):
    tell(question, response="Never mind", stop=True)
    assert (carry(run).status, len(fake.requests)) == ("cancelled", 1)
    assert (question.verdict, question.reason) == ("deny", "Never mind")
    assert run.calls.get().state == "cancelled"


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({}, {"Which color?", "Which parts?"}),
        ({"answers": {"Which color?": "Red"}}, {"Which parts?"}),
        ({"answers": {"Which color?": "", "Which parts?": []}}, {"Which color?", "Which parts?"}),
        ({"answers": {"Which color?": ["Red", "Blue"], "parts": "Red"}}, {"Which color?"}),
        ({"answers": {"Which size?": "9"}, "skipped": ["Which color?", "parts"]}, {"Which size?"}),
        ({"answers": {"Which color?": "Red"}, "response": "Well"}, {"response"}),
    ],
)
def test_an_incomplete_answer_names_what_is_missing(run, question, tell, given, where):
    with refused(run, Invalid) as error:
        tell(question, **given)
    assert set(error.value.errors) == where


# --- who, twice, too late ---


def test_an_outsider_may_not_answer(run, question, tell, outsider):
    with refused(run, NotAllowed):
        tell(question, by=outsider, response="Hm")


def test_a_reviewer_may(run, question, tell, reviewer, carry):
    tell(question, by=reviewer, response="Hm")
    assert (carry(run).status, run.decisions.get().by) == ("completed", reviewer)


def test_the_question_of_another_run_is_not_answered_by_its_digest(run, question, ask, fake, owner, carry, start):
    fake.call("AskUserQuestion", {"questions": [COLOR, PARTS]})
    other = carry(start(run.teammate)).questions.get()
    with refused(run, Stale):
        answer(question, by=owner, digest=other.digest, response="Hm")


@pytest.mark.parametrize(
    "given",
    [
        {"response": "Hm"},
        {"answers": {"Which color?": "Red", "Which parts?": ["Blue"]}},
        {"answers": {"Which color?": ["Red"], "parts": "Red, Blue"}},
        {"answers": {"parts": ["Red", "Red"]}, "skipped": ["Which color?"]},
        {"response": "Stop it", "stop": True},
        {"stop": True},
    ],
)
def test_the_same_answer_again_is_no_news(run, question, tell, carry, given):
    tell(question, **given)
    with no_news(run):
        tell(question, **given)
    carry(run)
    with no_news(run):
        tell(question, **given)


@pytest.mark.parametrize("late", [{"response": "Hm"}, {}, {"stop": True}, {"answers": {"parts": "Blue"}}])
def test_another_answer_comes_too_late(run, question, tell, late):
    tell(question, answers={"Which color?": "Red", "parts": "Red"})
    with refused(run, AlreadyDecided):
        tell(question, **late)


@pytest.mark.parametrize("late", [{"response": "Hm"}, {}, {"answers": {"Which color?": "Red", "parts": "Red"}}])
def test_after_a_stop_no_answer_counts(run, question, tell, late):
    tell(question, stop=True)
    with refused(run, AlreadyDecided):
        tell(question, **late)


def test_after_a_cancel_no_answer_counts(run, question, tell, owner):
    services.cancel(run, by=owner)
    with refused(run, AlreadyDecided) as late:
        tell(question, response="Hm")
    assert late.value.gate.status == "cancelled"


def test_twenty_equal_answers_at_once_are_one(run, question, owner, carry, fake):
    def click(_):
        return answer(run.questions.get(), by=owner, digest=question.digest, response="Hm").response

    assert together(20, click) == ["Hm"] * 20
    carry(run)
    assert (run.decisions.count(), kinds(run).count("run.resumed"), len(fake.requests)) == (1, 1, 2)


# --- what a model may ask ---


@pytest.mark.parametrize(
    "items",
    [
        [],
        [COLOR] * 5,
        [COLOR, COLOR],
        [{**COLOR, "options": [{"label": "Red"}]}],
        [{**COLOR, "options": [{"label": str(n)} for n in range(5)]}],
        [{**COLOR, "header": "thirteen char"}],
        [{**COLOR, "header": " plan Approval"}],
        [{**COLOR, "header": "Plan approval "[:12]}, {**COLOR, "question": " "}],
        [{**COLOR, "id": "Not an id"}],
        [{**COLOR, "id": "x"}, {**PARTS, "id": "x"}],
        [{**COLOR, "id": "x"}, {**PARTS, "question": "x"}],
        [{**COLOR, "default": "Red"}],
        [{**COLOR, "options": [{"label": ""}, {"label": "x"}]}],
        [{**COLOR, "options": [{"label": "x"}, {"label": "x"}]}],
        [{**COLOR, "question": "x" * 2001}],
    ],
)
def test_a_question_out_of_shape_is_refused_to_the_model(ask, fake, items):
    run = ask(*items)
    assert (run.status, run.questions.count(), run.calls.get().state) == ("completed", 0, "failed")
    assert told(fake)[0].startswith("Not run: the arguments do not fit.")


def test_both_spellings_of_several_choices_are_understood(ask):
    spelled = {key: value for key, value in PARTS.items() if key != "multiSelect"} | {"multi_select": True}
    assert ask(spelled).questions.get().questions[0]["multiSelect"] is True


def test_where_nobody_is_in_the_loop_the_model_decides_itself(ask, fake):
    run = ask(COLOR, people=False)
    assert (run.status, run.questions.count()) == ("completed", 0)
    assert "tools" not in fake.requests[0]
    assert told(fake) == ["Nobody answers questions in this run. Decide yourself."]


def test_two_questions_in_one_turn_are_two_gates(fake, teammate_with, start, carry, tell):
    fake.calls(("AskUserQuestion", {"questions": [COLOR]}), ("AskUserQuestion", {"questions": [COLOR]}))
    run = carry(start(teammate_with()))
    first, second = run.questions.all()
    tell(second, response="two")
    tell(first, response="one")
    carry(run)
    assert told(fake) == ['{"response": "one"}', '{"response": "two"}']


# --- a field that a person fills in, a result from outside ---


@pytest.fixture
def mail(own_tool, fake, teammate_with, start, carry):
    """What was sent, and the run that waits for its missing fields."""
    sent = []

    @own_tool(user_input=["to", "copies"])
    def mail(subject: str, to: str, copies: int = 0) -> str:
        """Send a mail."""
        sent.append((subject, to, copies))
        return "Sent"

    fake.call("mail", {"subject": "Hi"})
    return sent, carry(start(teammate_with("mail")))


def test_the_model_is_not_offered_what_a_person_fills_in(mail, fake):
    parameters = fake.requests[0]["tools"][0]["function"]["parameters"]
    assert (list(parameters["properties"]), parameters["required"]) == (["subject"], ["subject"])


def test_filled_in_fields_run_as_the_schema_says(mail, tell, carry, fake):
    sent, run = mail
    tell(run.questions.get(), answers={"to": "123", "copies": "2"})
    assert (carry(run).status, sent) == ("completed", [("Hi", "123", 2)])
    assert told(fake) == ["(filled in by olivia)\nSent"]


@pytest.mark.parametrize("written", [{"subject": "Hi", "to": "eve"}, {"subject": 5}, {"subject": "Hi", "cc": "me"}, {}])
def test_nobody_is_asked_to_complete_what_the_model_may_not_write(mail, written, fake, start, carry):
    sent, first = mail
    fake.call("mail", written)
    run = carry(start(first.teammate))
    assert (run.status, run.questions.count(), run.calls.get().state, sent) == ("completed", 0, "failed", [])
    assert told(fake)[0].startswith("Not run: the arguments do not fit.")


@pytest.mark.parametrize(("fields", "where"), [({}, ["to"]), ({"to": "ana", "copies": "many"}, ["copies"])])
def test_a_field_that_does_not_fit_is_named(mail, tell, fields, where):
    sent, run = mail
    with refused(run, Invalid) as error:
        tell(run.questions.get(), answers=fields)
    assert (list(error.value.errors), sent) == (where, [])


def test_filled_in_twice_is_no_news(mail, tell):
    run = mail[1]
    tell(run.questions.get(), answers={"to": "ana"})
    with no_news(run):
        tell(run.questions.get(), answers={"to": "ana"})


def test_arguments_that_changed_while_the_fields_were_open_do_not_run(mail, tell):
    sent, run = mail
    run.calls.update(arguments={"subject": "Pay!"})
    with refused(run, Stale):
        tell(run.questions.get(), answers={"to": "ana"})
    assert sent == []


@pytest.fixture
def outside(own_tool, fake, teammate_with, start, carry):
    own_tool(external=True, name="shell")(run_shell)
    fake.call("shell", {"command": "ls"})
    return carry(start(teammate_with("shell")))


def run_shell(command: str) -> str:
    """Run a command."""
    raise AssertionError("Somebody else runs this")


@pytest.mark.parametrize("given", [{"response": "a.txt"}, {"answers": {"result": "a.txt"}}])
def test_a_result_from_outside_is_the_result(outside, tell, carry, fake, given):
    tell(outside.questions.get(), **given)
    with no_news(outside):
        tell(outside.questions.get(), **given)
    assert (carry(outside).status, told(fake)) == ("completed", ["a.txt"])


def test_no_result_from_outside_is_no_answer(outside, tell):
    with refused(outside, Invalid) as error:
        tell(outside.questions.get())
    assert list(error.value.errors) == ["result"]
