"""A card is made of what a model wrote. However it is written, the page comes, and nobody else waits for it."""

import json
import time

import pytest

from approvals.arguments import Unreadable, loads, rows
from approvals.changes import blocks, pieces
from approvals.domains import suspicions
from approvals.plans import sections

LONG = 200_000  # characters
ENOUGH = 5.0  # seconds on a busy machine; each of these once took minutes


@pytest.fixture(autouse=True)
def soon():
    begun = time.perf_counter()
    yield
    assert time.perf_counter() - begun < ENOUGH


@pytest.mark.parametrize("part", ["a", "a-", "a.", "é.", "aб ", "aб.cd "])
def test_names_are_looked_for_in_a_long_text(part):
    suspicions("é " + part * (LONG // len(part)))


def test_a_domain_is_found_behind_a_mark_and_behind_many_labels():
    assert len(suspicions("-\u0430pple.com _p\u0430ypal.com")) == 2
    assert "\u0430pple" in suspicions("a.b.c.d.e.f.g.h.i.j.k.\u0430pple.com")[0]


def test_an_argument_that_is_a_large_json_object_is_shown():
    text = json.dumps({f"key {number}": number for number in range(LONG // 10)})
    [row] = rows({"content": text}, {})
    assert row.tag == "text"


def test_a_name_that_is_twice_in_an_object_is_refused():
    with pytest.raises(Unreadable, match="'b' is there twice"):
        loads('{"a": 1, "b": 2, "b": 3}')


@pytest.mark.parametrize("lines", [400, 10_000])
def test_two_long_plans_of_equal_lines_are_compared(lines):
    found = blocks("x\n" * lines, "x\ny\n" * (lines // 2))
    assert {block.op for block in found} & {"old", "new", "changed"}


def test_two_long_texts_of_equal_words_are_compared():
    assert {piece.op for piece in pieces("a b " * 400, "a c " * 400)} == {"old", "new"}


@pytest.mark.parametrize("mark", ["![", "[", "*a _b ", "|a"])
def test_a_plan_full_of_marks_is_cut_into_its_sections(mark):
    plan = f"# One\n{mark * (24_000 // len(mark))}\n## Two\nAnd *so* on\n"
    assert [part.title for part in sections(plan)] == ["One", "Two"]
