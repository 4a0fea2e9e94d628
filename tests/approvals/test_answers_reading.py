"""Reading what a person wrote, before anything is decided (pure)."""

import json

import pytest

from approvals.answers import answers_to, converted, fits, given, told
from approvals.errors import Invalid
from approvals.models import Question
from teammates.tools.registry import make


def item(text, *labels, multi=False, **more):
    options = [{"label": label} for label in labels or ("yes", "no")]
    return {"question": text, "header": "Head", "options": options, "multiSelect": multi, **more}


def read(*items, answers=None, skipped=None, response="", notes=None):
    return answers_to(Question(questions=list(items)), given(answers, skipped, response, notes))


def errors_of(*items, **answer):
    with pytest.raises(Invalid) as error:
        read(*items, **answer)
    return error.value.errors


def test_a_label_is_an_answer():
    assert read(item("Now?"), answers={"Now?": "yes"}).answers == {"Now?": "yes"}


def test_own_words_are_an_answer_to_every_question():
    assert read(item("Now?"), answers={"Now?": " on Monday "}).answers == {"Now?": "on Monday"}


def test_the_id_is_a_key_too():
    assert read(item("Now?", id="now"), answers={"now": "yes"}).answers == {"Now?": "yes"}
    assert read(item("Now?", id="now"), skipped=["now"]).skipped == ["Now?"]


def test_the_exact_text_goes_before_the_id_of_another_question():
    got = read(item("color"), item("Which?", id="color"), answers={"color": "yes", "Which?": "no"})
    assert got.answers == {"color": "yes", "Which?": "no"}


def test_every_question_is_answered_or_skipped():
    assert errors_of(item("A?"), item("B?"), answers={"A?": "yes"}) == {
        "B?": "Answer this, or skip it and let the teammate decide."
    }
    assert read(item("A?"), item("B?"), answers={"A?": "yes"}, skipped=["B?"]).skipped == ["B?"]


@pytest.mark.parametrize("nothing", ["", "   ", [], [""], [" ", ""], None, [None]])
def test_nothing_is_no_answer(nothing):
    assert list(errors_of(item("A?"), answers={"A?": nothing})) == ["A?"]


def test_a_question_that_was_not_asked_is_named():
    assert errors_of(item("A?"), answers={"A?": "yes", "B?": "yes"}) == {"B?": "There is no such question."}
    assert errors_of(item("A?"), answers={"A?": "yes"}, skipped=["B?"]) == {"B?": "There is no such question."}


def test_an_answer_goes_before_a_skip_of_the_same_question():
    got = read(item("A?"), answers={"A?": "yes"}, skipped=["A?"])
    assert (got.answers, got.skipped) == ({"A?": "yes"}, [])


def test_one_choice_may_come_in_a_list_and_two_may_not():
    assert read(item("A?"), answers={"A?": ["yes"]}).answers == {"A?": "yes"}
    assert errors_of(item("A?"), answers={"A?": ["yes", "no"]}) == {"A?": "Choose one of these."}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (["red", "blue"], ["red", "blue"]),
        (["red", "red"], ["red"]),
        ("red", ["red"]),
        ("red, blue", ["red", "blue"]),
        ("red,blue", ["red", "blue"]),
        ("green, white", ["green, white"]),
        ("red, purple", ["red, purple"]),
        (["green, white", "red"], ["green, white", "red"]),
        ("neither", ["neither"]),
    ],
)
def test_several_choices_become_a_list(sent, kept):
    several = item("Which?", "red", "blue", "green, white", multi=True)
    assert read(several, answers={"Which?": sent}).answers == {"Which?": kept}


def test_a_free_reply_stands_for_all_answers():
    got = read(item("A?"), item("B?"), response=" Do as you like ")
    assert (got.response, got.answers) == ("Do as you like", {})
    assert json.loads(told(got)) == {"response": "Do as you like"}


def test_a_free_reply_and_answers_exclude_each_other():
    assert list(errors_of(item("A?"), answers={"A?": "yes"}, response="Well")) == ["response"]


def test_the_model_is_told_answers_skips_and_notes():
    got = read(item("Ä?"), item("B?"), answers={"Ä?": "öffentlich"}, skipped=["B?"], notes={"Ä?": "not random"})
    assert told(got) == '{"answers": {"Ä?": "öffentlich"}, "skipped": ["B?"], "notes": {"Ä?": "not random"}}'


def test_notes_by_id_and_empty_notes():
    got = read(item("A?", id="a"), answers={"a": "yes"}, notes={"a": "because", "x": " ", "y": None})
    assert got.notes == {"A?": "because"}


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_what_no_database_takes_is_left_out(text):
    kept = read(item("A?"), answers={"A?": text}).answers["A?"]
    assert kept.encode() in (b"ab", b"a?b")


def test_an_endless_answer_is_refused():
    assert list(errors_of(item("A?"), answers={"A?": "x" * 20_001})) == ["A?"]
    assert list(errors_of(item("A?"), response="x" * 20_001)) == ["response"]


# --- fields that a person fills in ---


@pytest.mark.parametrize(
    ("text", "spec", "value"),
    [
        ("5", {"type": "integer"}, 5),
        ("5", {"type": "string"}, "5"),
        ("5", {"anyOf": [{"type": "string"}, {"type": "null"}]}, "5"),
        ("5", {"anyOf": [{"type": "integer"}, {"type": "null"}]}, 5),
        ("true", {"type": "boolean"}, True),
        ('["a"]', {"type": "array"}, ["a"]),
        ("five", {"type": "integer"}, "five"),
        ("a", {"enum": ["a"], "type": "string"}, "a"),
    ],
)
def test_words_become_what_the_schema_asks_for(text, spec, value):
    assert converted(text, spec) == value


def test_what_does_not_fit_is_named():
    def pay(amount: int, to: str) -> None:
        """Pay."""

    with pytest.raises(Invalid) as error:
        fits(make(pay), {"amount": "five", "to": "ana", "cc": 1})
    assert set(error.value.errors) == {"amount", "cc"}
    with pytest.raises(Invalid):
        fits(make(pay), ["amount"])
