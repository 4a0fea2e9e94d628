"""What a decision is bound to: the same bytes exactly where a tool would see the same value (pure)."""

import json
import unicodedata
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.digest import canonical, digest_of, digest_of_text, same
from runs.engine.toolbox import NotRun, arguments_of
from runs.models import Run, ToolCall
from teammates.exact import flaw_in
from teammates.tools.registry import make

bounded = settings(max_examples=50, deadline=None, database=None)

SAFE = 2**53 - 1
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(-SAFE, SAFE) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(TEXT, VALUES, max_size=5)


def as_seen(value):
    """The value as a tool would see it: JSON knows one kind of number, and true is none."""
    if isinstance(value, dict):
        return frozenset((key, as_seen(inner)) for key, inner in value.items())
    if isinstance(value, list):
        return tuple(as_seen(inner) for inner in value)
    return (type(value).__name__ if isinstance(value, bool | str | None) else "number", value)


@bounded
@given(VALUES, VALUES)
def test_bytes_are_equal_exactly_where_values_are(one, other):
    assert (canonical(one) == canonical(other)) is (as_seen(one) == as_seen(other))
    assert same(one, other) is (as_seen(one) == as_seen(other))


@bounded
@given(OBJECTS)
def test_the_way_through_the_database_and_back_changes_nothing(arguments):
    assert canonical(json.loads(json.dumps(arguments))) == canonical(arguments)


@bounded
@given(OBJECTS, st.randoms())
def test_order_and_blanks_do_not_matter(arguments, chance):
    names = list(arguments)
    chance.shuffle(names)
    shuffled = json.dumps({name: arguments[name] for name in names}, indent=chance.choice([None, 2]))
    assert canonical(json.loads(shuffled)) == canonical(arguments)


@bounded
@given(OBJECTS, OBJECTS)
def test_the_digest_of_a_call_follows_its_arguments(one, other):
    def digest(arguments):
        return digest_of(*a_call(arguments=arguments))

    assert (digest(one) == digest(other)) is (as_seen(one) == as_seen(other))


def everything(value: list[Any] | dict[str, Any] | Any) -> None:
    """Takes anything."""


@bounded
@given(VALUES, st.booleans())
def test_what_was_read_is_what_is_signed(value, ascii_only):
    """A call of a model, whatever its spelling, is bound to the bytes of the value that its tool gets."""
    call = ToolCall(raw_arguments=json.dumps({"value": value}, ensure_ascii=ascii_only))
    try:
        read = arguments_of(call, make(everything))
    except NotRun:
        assert flaw_in(value)
    else:
        assert canonical(read) == canonical({"value": value})


def a_call(**changes):
    run = Run(pk=1, owner_id=1, performer_revision_id=1, requested_by_id=1, uuid="0" * 8)
    call = ToolCall(pk=1, tool="post", tool_def_hash="a", arguments={"a": 1}, revision=1, nonce="n")
    for name, value in changes.items():
        setattr(run if name in ("owner_id", "performer_revision_id", "requested_by_id", "uuid") else call, name, value)
    return run, call


@pytest.mark.parametrize(
    "change",
    [
        {"owner_id": 2},
        {"performer_revision_id": 2},
        {"requested_by_id": 2},
        {"uuid": "1" * 8},
        {"pk": 2},
        {"tool": "Post"},
        {"tool_def_hash": "b"},
        {"arguments": {"a": True}},
        {"arguments": {"a": "1"}},
        {"arguments": {"a": [1]}},
        {"arguments": {"a": 1, "b": None}},
        {"arguments": {}},
        {"arguments": None},
        {"revision": 2},
        {"nonce": "m"},
    ],
    ids=str,
)
def test_whatever_changes_the_digest_is_another(change):
    assert digest_of(*a_call(**change)) != digest_of(*a_call())


def test_one_and_one_point_nought_are_one_number():
    assert canonical({"a": 1}) == canonical({"a": 1.0}) == canonical({"a": 1e0})
    assert canonical(-0.0) == canonical(0)


def test_letters_that_look_alike_are_not_alike():
    assert not same(unicodedata.normalize("NFC", "é"), unicodedata.normalize("NFD", "é"))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 2**53, -(2**53), "\ud800", {"\ud800": 1}])
def test_what_has_no_bytes_is_refused_and_like_nothing(value):
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical({"a": [value]})
    assert not same(value, value)


def test_a_plan_in_words_is_bound_to_run_text_and_revision():
    run, _ = a_call()
    digests = {digest_of_text(run, text, revision) for text in ("a", "b") for revision in (1, 2)}
    assert len(digests) == 4
