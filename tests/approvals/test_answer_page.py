"""Answers on the pages: questions, plans, and what only a person can know."""

import pytest

from approvals.models import Question
from tests.approvals.rows import a_paused_run, a_plan, a_question, an_unknown, decisions_of, item, option

HTMX = {"HX-Request": "true"}
WHERE = item("Where should it go?", "Status page", "Mail")
WHICH = item("Which sections?", "Fixes", "Features", multi=True)


@pytest.fixture
def question(run):
    return a_question(run, WHERE, WHICH)


@pytest.fixture
def plan(run):
    return a_plan(run)


def post(client, question, headers=HTMX, **fields):
    fields = {"digest": question.digest, "step": "send", **fields}
    return client.post(f"/inbox/questions/{question.pk}/answer/", fields, headers=headers)


def assert_untouched(question):
    question.refresh_from_db()
    assert (question.status, question.verdict, question.answers) == ("pending", "", {})
    assert question.decisions.count() == 0
    assert decisions_of(question.run) == []


def test_chosen_options_are_the_answers(owners, question):
    answer = post(owners, question, q0="1", q1=["0", "1"])
    question.refresh_from_db()
    assert answer.status_code == 200
    assert question.answers == {"Where should it go?": "Mail", "Which sections?": ["Fixes", "Features"]}
    assert "Answered by olivia" in answer.content.decode()


def test_own_words_are_sent_as_they_are_written(owners, question):
    post(owners, question, **{"q0": "own", "q0.own": "Both, first the page", "q1": ["0", "own"], "q1.own": "Thanks"})
    question.refresh_from_db()
    assert question.answers == {"Where should it go?": "Both, first the page", "Which sections?": ["Fixes", "Thanks"]}


def test_a_question_may_be_skipped(owners, question):
    post(owners, question, q0="0", q1="skip")
    question.refresh_from_db()
    assert (question.answers, question.skipped) == ({"Where should it go?": "Status page"}, ["Which sections?"])


def test_a_reply_in_own_words_goes_instead_of_the_answers(owners, question):
    post(owners, question, step="words", response="Ask Ana first.", q0="1")
    question.refresh_from_db()
    assert (question.answers, question.response) == ({}, "Ask Ana first.")


def test_the_recommended_option_is_marked_and_not_chosen(owners, run):
    question = a_question(run, item("Where?") | {"options": [option("A", recommended=True), option("B")]})
    page = owners.get(f"/inbox/questions/{question.pk}/").content.decode()
    assert "Recommended" in page
    assert " checked" not in page.split("data-questions")[1]


def test_what_is_missing_is_said_at_the_question_and_the_rest_is_kept(owners, question):
    answer = post(owners, question, q0="1")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'name="q0" value="1" checked' in page
    assert f'id="question-{question.pk}-q1-error"' in page
    assert f'id="question-{question.pk}-q0-error"' not in page
    assert_untouched(question)


@pytest.mark.parametrize("fields", [{}, {"q0": "", "q1": ""}, {"q0": "9", "q1": "9"}, {"q0": "own", "q0.own": "  "}])
def test_an_empty_answer_is_no_answer(owners, question, fields):
    assert post(owners, question, **fields).status_code == 422
    assert_untouched(question)


def test_an_empty_reply_is_no_reply(owners, question):
    answer = post(owners, question, step="words", response="  ", q0="1")
    assert answer.status_code == 422
    assert "Write your reply." in answer.content.decode()
    assert 'name="q0" value="1" checked' in answer.content.decode()
    assert_untouched(question)


def test_a_label_is_only_ever_what_the_teammate_offered(owners, run):
    question = a_question(run, item("Where?", "own", "skip"))
    post(owners, question, q0="1")
    question.refresh_from_db()
    assert question.answers == {"Where?": "skip"}


def test_for_an_outsider_the_question_does_not_exist(outsiders, question):
    assert outsiders.get(f"/inbox/questions/{question.pk}/").status_code == 404
    assert post(outsiders, question, q0="1", q1="0").status_code == 404
    assert_untouched(question)


def test_a_question_whose_answer_is_only_fetched_is_shown_and_not_answered(owners, outsiders, question):
    address = f"/inbox/questions/{question.pk}/answer/?q0=1&q1=0&step=send"
    assert owners.get(address).url == f"/inbox/questions/{question.pk}/"
    assert outsiders.get(address).status_code == 404
    assert_untouched(question)


def test_an_answer_to_what_was_not_shown_is_refused(owners, question):
    answer = post(owners, question, digest="0" * 64, q0="1", q1="0")
    assert answer.status_code == 409
    assert "Your click did nothing." in answer.content.decode()
    assert_untouched(question)


def test_the_second_answer_is_told_that_it_came_too_late(owners, reviewers, question):
    post(reviewers, question, q0="0", q1="0")
    answer = post(owners, question, q0="1", q1="1")
    question.refresh_from_db()
    assert answer.status_code == 409
    assert "rafael had answered it" in answer.content.decode()
    assert question.answers["Where should it go?"] == "Status page"
    assert question.decisions.count() == 1


@pytest.mark.parametrize(
    "fields", [{"q0": "own", "q0.own": "To <all>", "q1": "1"}, {"step": "words", "response": "To <all>"}]
)
def test_words_that_come_too_late_are_shown_to_who_wrote_them(owners, reviewers, question, fields):
    post(reviewers, question, q0="0", q1="0")
    assert "You wrote: " in (page := post(owners, question, **fields).content.decode())
    assert ">To &lt;all&gt;</q>" in page


@pytest.mark.parametrize(
    ("step", "button"), [("approve", "Approve"), ("changes", "Request changes"), ("reject", "Reject and stop")]
)
def test_who_is_late_with_a_plan_is_told_what_they_pressed_and_wrote(owners, reviewers, plan, step, button):
    post(reviewers, plan, step="changes", words="Count first")
    page = post(owners, plan, step=step, words="Look twice").content.decode()
    assert f"You pressed {button} at" in page
    assert "rafael had sent it back" in page
    assert ">Look twice</q>" in page


def test_half_an_answer_is_told_too_that_it_came_too_late(owners, reviewers, question):
    post(reviewers, question, q0="1", q1=["0"])
    answer = post(owners, question, q0="0")
    assert answer.status_code == 409
    assert "still need" not in answer.content.decode()
    assert question.decisions.count() == 1


def test_without_javascript_an_answer_leads_back_to_the_card(owners, question):
    answer = post(owners, question, headers={}, q0="1", q1="skip")
    assert (answer.status_code, answer.url) == (303, f"/inbox/questions/{question.pk}/")


def test_a_preview_in_html_is_shown_in_a_frame_that_can_do_nothing(owners, run):
    nasty = (
        "<h2>\u202eHi</h2><script>alert(1)</script><img src=/sign-out/ onerror=x>"
        "<a href='//evil'>go</a><style>*{}</style>"
    )
    question = a_question(run, WHERE | {"options": [option("A", preview=nasty), option("B")]}, preview_format="html")
    page = owners.get(f"/inbox/questions/{question.pk}/").content.decode()
    frame = page.split("<iframe")[1].split("</iframe>")[0]
    assert 'sandbox=""' in frame
    assert "&lt;h2&gt;U+202EHi&lt;/h2&gt;" in frame
    assert not [word for word in ("script", "img", "href", "style", "alert") if word in frame]


# --- plans ---


def test_approving_a_revision_is_recorded_with_the_note(owners, plan):
    post(owners, plan, step="approve", words="Slowly, please.")
    plan.refresh_from_db()
    plan.run.refresh_from_db()
    assert (plan.verdict, plan.answers, plan.response) == ("allow", {"plan": "Approve"}, "Slowly, please.")
    assert plan.run.plan_approved


def test_asking_for_changes_sends_the_words(owners, plan):
    answer = post(owners, plan, step="changes", words="In batches.")
    plan.refresh_from_db()
    assert (plan.verdict, plan.answers, plan.response) == ("answer", {}, "In batches.")
    assert "Sent back by olivia" in answer.content.decode()


def test_asking_for_changes_without_saying_which_is_refused(owners, plan):
    answer = post(owners, plan, step="changes", words=" ")
    assert answer.status_code == 422
    assert "Write what should change." in answer.content.decode()
    assert_untouched(plan)


def test_another_reason_for_ones_own_rejection_is_not_called_recorded(owners, plan):
    post(owners, plan, step="reject", words="Not this quarter.")
    late = post(owners, plan, HTMX, step="reject", words="Ask the lawyers first.").content.decode()
    assert "Your click did nothing." in late and "Ask the lawyers first." in late
    plan.refresh_from_db()
    assert (plan.reason, plan.decisions.count()) == ("Not this quarter.", 1)


def test_who_stops_a_run_after_filling_in_a_blank_has_stopped_it(owners, run):
    asked = a_question(run, {"id": "text", "question": "Which text?"})
    Question.objects.filter(pk=asked.pk).update(kind="input")
    answer = post(owners, asked, step="stop", **{"blank.text": "Half a thought"})
    assert answer.status_code == 200 and "Your click did nothing." not in answer.content.decode()
    run.refresh_from_db()
    assert run.status == "cancelled"


def test_rejecting_a_plan_ends_the_run(owners, plan):
    post(owners, plan, step="reject", words="Not this quarter.")
    plan.run.refresh_from_db()
    plan.refresh_from_db()
    assert (plan.run.status, plan.verdict, plan.reason) == ("cancelled", "deny", "Not this quarter.")


@pytest.mark.parametrize("step", ["", "send", "Approve", "allow"])
def test_no_other_button_approves_a_plan(owners, plan, step):
    assert post(owners, plan, step=step, words="x").status_code == 422
    assert_untouched(plan)


def test_an_approval_of_the_revision_before_does_nothing(owners, run, plan):
    old = plan.digest
    type(plan).objects.filter(pk=plan.pk).update(status="superseded", verdict="answer")
    newer = a_plan(run, "# Plan\n\nOther.", revision=2)
    assert post(owners, plan, step="approve").status_code == 409
    assert post(owners, newer, digest=old, step="approve").status_code == 409
    assert_untouched(newer)


# --- unknown outcomes, attention ---


def test_what_came_of_a_call_is_the_persons_word(owners, owner):
    question = an_unknown(a_paused_run(owner))
    post(owners, question, step="It happened", words="It is in the channel.")
    question.refresh_from_db()
    question.call.refresh_from_db()
    assert question.answers == {"outcome": "It happened"}
    assert question.call.state == "succeeded"
    assert "It is in the channel." in question.call.result


@pytest.mark.parametrize("step", ["", "send", "outcome", "it happened"])
def test_an_unknown_outcome_is_not_settled_by_another_word(owners, owner, step):
    question = an_unknown(a_paused_run(owner))
    assert post(owners, question, step=step).status_code == 422
    assert_untouched(question)
    question.call.refresh_from_db()
    assert question.call.state == "outcome_unknown"
