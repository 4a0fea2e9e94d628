"""JSON that means one thing to everybody."""

import pytest

from teammates.exact import DEPTH, flaw_in, read


@pytest.mark.parametrize(
    "text", ["{}", "[]", "null", '"\\u202e 😀"', "9007199254740991", "-1.5e300", '{"a": [{"b": 1}]}']
)
def test_what_means_one_thing_is_read(text):
    assert flaw_in(read(text)) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Expecting property name"),
        ("1 2", "Extra data"),
        ('{"a": 1, "a": 2}', "'a' is there twice"),
        ("-Infinity", "-Infinity is no number"),
        ("-1e999", "-1e999 is no number"),
        ("9007199254740992", "not exact any more"),
        ("-9007199254740992", "not exact any more"),
        ("1" * 10_000, "not exact any more"),
        ('["\\ud83d"]', "half of a character"),
        ('{"\\u0000": 1}', "NUL"),
        ("[" * 100_000, "nested deeper than"),
    ],
)
def test_what_does_not_is_refused_in_a_sentence(text, why):
    with pytest.raises(ValueError, match=why) as refused:
        read(text)
    assert "sys." not in str(refused.value)


def levels(count):
    value = 1
    for _ in range(count):
        value = [value]
    return value


def test_there_are_so_many_levels_and_no_more():
    assert flaw_in(levels(DEPTH - 1)) == ""
    assert flaw_in(levels(DEPTH)) == flaw_in(levels(50 * DEPTH)) == f"It is nested deeper than {DEPTH} levels."
