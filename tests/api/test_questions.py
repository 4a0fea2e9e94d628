"""Questions and plans (contract 1.8): both are requests named AskUserQuestion, and are answered by their words."""

import pytest

from approvals.models import Question
from runs.models import Run
from runs.states import RunStatus
from tests.api.door import problem_of
from tests.machine import kinds, no_news, together, told

COLOUR = {
    "question": "Which colour?",
    "header": "Colour",
    "options": [{"label": "Red", "description": "Warm"}, {"label": "Blue", "description": "Cold"}],
    "multiSelect": False,
}
SIZES = {
    "question": "Which sizes?",
    "header": "Sizes",
    "options": [{"label": "S", "description": ""}, {"label": "L", "description": ""}],
    "multiSelect": True,
}


@pytest.fixture
def asking(fake, teammate_with, api, carry):
    """A run that waits for the answers to these questions."""

    def asking(*questions, calls=1):
        fake.calls(*[("AskUserQuestion", {"questions": list(questions)})] * calls)
        return carry(api.run(teammate_with(), human_in_the_loop=True))

    return asking


@pytest.fixture
def planning(fake, posted, teammate_with, api, carry):
    fake.call("submit_plan", {"plan": "1. Post it."})
    return carry(api.run(teammate_with("post"), human_in_the_loop=True, permission_mode="plan"))


def answer(api, run, answers, **more):
    return api.post(f"/runs/{run.pk}/answer", {"answers": answers, **more})


# --- questions ---


def test_a_question_is_listed_as_the_sdk_reads_it(asking, api):
    run = asking(COLOUR)
    [gate] = api.gates(run)
    assert (gate["tool_name"], gate["status"]) == ("AskUserQuestion", "pending")
    [asked] = gate["tool_input"]["questions"]
    assert (asked["question"], asked["header"], asked["multiSelect"]) == ("Which colour?", "Colour", False)
    assert [(option["label"], option["description"]) for option in asked["options"]] == [
        ("Red", "Warm"),
        ("Blue", "Cold"),
    ]
    assert api.get(f"/runs/{run.pk}").json()["status"] == "awaiting_approval"


KEYS = ["Which colour?", "Colour", "colour", "anything at all"]


@pytest.mark.parametrize("key", KEYS)
def test_one_question_is_answered_by_its_text_its_header_or_a_lone_key(asking, fake, api, carry, key):
    run = asking(COLOUR)
    assert answer(api, run, {key: "Red"}).json() == {"status": "ok", "resumed": True}
    assert carry(run).status == RunStatus.COMPLETED
    assert '"Which colour?": "Red"' in told(fake)[0]
    assert api.gates(run)[0]["tool_input"]["answers"] == {"Which colour?": "Red"}
    assert api.gates(run)[0]["status"] == "allowed"


def test_words_of_ones_own_are_always_an_answer(asking, fake, api, carry):
    run = asking(COLOUR)
    answer(api, run, {"Which colour?": "Something like teal"})
    carry(run)
    assert "Something like teal" in told(fake)[0]


def test_several_questions_are_answered_together(asking, fake, api, carry):
    run = asking(COLOUR, SIZES)
    assert answer(api, run, {"Colour": "Blue", "Which sizes?": "S, L"}).status_code == 200
    carry(run)
    assert '"Which sizes?": ["S", "L"]' in told(fake)[0]
    assert api.gates(run)[0]["tool_input"]["answers"] == {"Which colour?": "Blue", "Which sizes?": "S, L"}


@pytest.mark.parametrize("answers", [{}, {"Colour": "Red"}, {"a": "1", "b": "2"}, {"Colour": ""}])
def test_answers_that_do_not_fit_the_questions_are_refused(asking, api, answers):
    run = asking(COLOUR, SIZES)
    with no_news(run):
        assert problem_of(answer(api, run, answers)) == (422, "invalid")


@pytest.mark.parametrize("body", [{}, {"answers": None}, {"answers": "Red"}, {"answers": {"Colour": {"a": 1}}}])
def test_a_body_that_holds_no_answers_is_refused(asking, api, body):
    run = asking(COLOUR)
    with no_news(run):
        assert problem_of(api.post(f"/runs/{run.pk}/answer", body)) == (422, "invalid")


def test_without_an_id_the_oldest_open_question_is_meant(asking, api, carry):
    run = asking(COLOUR, calls=2)
    assert answer(api, run, {"Colour": "Red"}).json()["resumed"] is False
    assert [gate["status"] for gate in api.gates(run)] == ["allowed", "pending"]
    assert answer(api, run, {"Colour": "Blue"}).json()["resumed"] is True
    assert [gate["tool_input"]["answers"]["Which colour?"] for gate in api.gates(run)] == ["Red", "Blue"]


def test_with_an_id_that_question_is_meant(asking, api):
    run = asking(COLOUR, calls=2)
    second = api.gates(run)[1]["request_id"]
    assert answer(api, run, {"Colour": "Red"}, request_id=second).status_code == 200
    assert [gate["status"] for gate in api.gates(run)] == ["pending", "allowed"]
    with no_news(run):
        assert problem_of(answer(api, run, {"Colour": "Blue"}, request_id=second)) == (409, "already_answered")


@pytest.mark.parametrize("name", ["question-99999", "approval-1", "x", ""])
def test_an_id_that_the_run_has_not_is_not_found(asking, api, name):
    run = asking(COLOUR)
    with no_news(run):
        assert problem_of(answer(api, run, {"Colour": "Red"}, request_id=name)) == (404, "gate_not_found")


def test_a_question_is_not_for_approve(asking, api):
    run = asking(COLOUR)
    question = api.gates(run)[0]["request_id"]
    with no_news(run):
        response = api.post(f"/runs/{run.pk}/approve", {"request_id": question})
    assert problem_of(response) == (422, "not_an_approval")


def test_a_tool_call_is_not_for_answer(asked, api):
    call = api.gates(asked)[0]["request_id"]
    with no_news(asked):
        assert problem_of(answer(api, asked, {"a": "b"}, request_id=call)) == (422, "not_a_question")
        assert problem_of(answer(api, asked, {"a": "b"})) == (409, "run_not_awaiting")


def test_a_run_that_does_not_wait_takes_no_answer(asking, api, carry):
    run = asking(COLOUR)
    name = api.gates(run)[0]["request_id"]
    answer(api, run, {"Colour": "Red"})
    for more in ({}, {"request_id": name}):
        with no_news(run):  # going on
            assert problem_of(answer(api, run, {"Colour": "Red"}, **more))[0] == 409
    carry(run)
    with no_news(run):  # ended
        assert problem_of(answer(api, run, {"Colour": "Red"}))[0] == 409


def test_a_stopped_run_takes_no_answer(asking, api):
    run = asking(COLOUR)
    name = api.gates(run)[0]["request_id"]
    api.post(f"/runs/{run.pk}/cancel")
    for more in ({}, {"request_id": name}):
        with no_news(run):
            assert problem_of(answer(api, run, {"Colour": "Red"}, **more))[0] == 409


def test_of_many_answers_at_once_one_holds(asking, api, carry, fake):
    run, words = asking(COLOUR), ["Red", "Blue", "Teal", "Pink"]
    answers = together(4, lambda place: answer(api, run, {"Colour": words[place]}))
    assert sorted(response.status_code for response in answers) == [200, 409, 409, 409]
    held = words[[response.status_code for response in answers].index(200)]
    carry(run)
    assert held in told(fake)[0]
    assert kinds(run).count("gate.decided") == kinds(run).count("run.resumed") == 1


def test_to_autonomous_leaves_a_question_open(asking, api):
    run = asking(COLOUR)
    assert api.patch(f"/runs/{run.pk}/permission-mode", {"permission_mode": "autonomous"}).status_code == 200
    assert api.gates(run)[0]["status"] == "pending"
    assert api.get(f"/runs/{run.pk}").json()["status"] == "awaiting_approval"


# --- plans ---


def test_a_plan_is_a_question_with_the_header_that_the_sdk_knows(planning, api):
    [gate] = api.gates(planning)
    assert gate["tool_name"] == "AskUserQuestion"
    [asked] = gate["tool_input"]["questions"]
    assert (asked["header"], asked["question"]) == ("Plan Approval", "1. Post it.")
    assert [option["label"] for option in asked["options"]] == ["Approve", "Revise"]


@pytest.mark.parametrize("key", ["Plan Approval", "1. Post it.", "plan"])
@pytest.mark.parametrize("word", ["Approve", "approve", " Approve "])
def test_an_approved_plan_is_carried_out(planning, fake, api, carry, key, word):
    assert answer(api, planning, {key: word}).status_code == 200
    fake.call("post", {"text": "hello"})
    assert carry(planning).status == RunStatus.PAUSED  # the call itself is asked about
    assert [(gate["tool_name"], gate["status"]) for gate in api.gates(planning)] == [
        ("AskUserQuestion", "allowed"),
        ("post", "pending"),
    ]
    assert api.gates(planning)[0]["tool_input"]["answers"] == {"Plan Approval": "Approve"}


def test_of_several_words_the_one_under_the_plan_counts(planning, api):
    for under in ("plan approval", "1. Post it."):
        with no_news(planning):
            sent = {"Who may read it?": "Approve", "note": "Approve"}
            assert problem_of(answer(api, planning, sent)) == (422, "invalid")
            assert problem_of(answer(api, planning, {**sent, under: ""})) == (422, "invalid")
    assert answer(api, planning, {"Who may read it?": "Approve", "Plan Approval": "No: do not post"}).status_code == 200
    assert api.gates(planning)[0]["tool_input"]["answers"] == {"Plan Approval": "No: do not post"}


def test_any_other_word_is_feedback_and_a_new_plan_opens(planning, fake, api, carry):
    fake.call("submit_plan", {"plan": "2. Post nothing."})
    assert answer(api, planning, {"Plan Approval": "Post nothing, please"}).status_code == 200
    assert carry(planning).status == RunStatus.PAUSED
    assert "Post nothing, please" in told(fake)[-1]
    first, second = api.gates(planning)
    assert (first["status"], second["status"]) == ("allowed", "pending")
    assert first["tool_input"]["answers"] == {"Plan Approval": "Post nothing, please"}
    assert second["tool_input"]["questions"][0]["question"] == "2. Post nothing."
    assert second["request_id"] != first["request_id"]


def test_the_plan_that_was_sent_back_cannot_be_approved_any_more(planning, fake, api, carry, posted):
    old = api.gates(planning)[0]["request_id"]
    fake.call("submit_plan", {"plan": "2. Post nothing."})
    answer(api, planning, {"Plan Approval": "Change it"})
    carry(planning)
    with no_news(planning):
        assert problem_of(answer(api, planning, {"Plan Approval": "Approve"}, request_id=old))[0] == 409
    assert not Run.objects.get(pk=planning.pk).plan_approved


@pytest.mark.parametrize("answers", [{}, {"Plan Approval": ""}, {"Plan Approval": "  "}])
def test_an_empty_word_about_a_plan_is_refused(planning, api, answers):
    with no_news(planning):
        assert problem_of(answer(api, planning, answers)) == (422, "invalid")


def test_to_autonomous_leaves_a_plan_open(planning, api):
    api.patch(f"/runs/{planning.pk}/permission-mode", {"permission_mode": "autonomous"})
    assert Question.objects.get().is_pending
    assert api.get(f"/runs/{planning.pk}").json()["status"] == "awaiting_approval"
