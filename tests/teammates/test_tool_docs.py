"""The examples of `docs/tools.md` do what the page says."""

import re
from pathlib import Path

import pytest

from teammates.tools import ToolError
from teammates.tools.registry import BadArguments, registry
from tests.source import text

EXAMPLES = re.findall(r"^```python\n(.*?)^```", text(Path("docs/tools.md")), re.M | re.S)
NAMES = ["add", "delete_folder", "order_books", "stock_of", "send_letter", "make_table"]


@pytest.fixture(autouse=True)
def tools():
    """The tools of the page, for one test."""
    for place, example in enumerate(EXAMPLES):
        # A module of its own for each: the registry refuses two tools of one name from two modules.
        exec(compile(example, f"docs/tools.md, example {place + 1}", "exec"), {"__name__": f"example_{place + 1}"})  # noqa: S102 - our own page
    yield registry
    for name in NAMES:
        registry.remove(name)


def run(name: str, **arguments) -> str:
    tool = registry.get(name)
    return tool.function(**tool.check(arguments))


def test_the_page_shows_these_tools_and_no_others(tools):
    assert re.findall(r"^def (\w+)", "\n".join(EXAMPLES), re.M) == NAMES


def test_the_signature_becomes_the_schema(tools):
    assert tools.get("add").schema["required"] == ["a", "b"]
    assert run("add", a=1, b=2) == "sum=3"


@pytest.mark.parametrize("arguments", [{"a": "1", "b": 2}, {"a": 1, "b": 2, "c": 3}, {"a": 1}])
def test_nothing_is_converted_in_silence(tools, arguments):
    with pytest.raises(BadArguments):
        run("add", **arguments)


def test_the_card_has_our_words_and_the_risk_is_raised(tools, tmp_path):
    tool = tools.get("delete_folder")
    assert (tool.title, tool.needs_approval, tool.effect, tool.level) == ("Delete a folder", True, "effect", "high")
    (tmp_path / "old").mkdir()
    assert run("delete_folder", path=str(tmp_path / "old")) == f"Deleted {tmp_path / 'old'}."
    assert not (tmp_path / "old").exists()


def test_limits_are_checked_by_name(tools):
    assert run("order_books", isbn="9780140449136", copies=2) == "Ordered 2 of 9780140449136, by post."
    with pytest.raises(BadArguments) as refused:
        run("order_books", isbn="978-0140449136", copies=0)
    assert refused.value.errors.keys() == {"isbn", "copies"}


def test_an_error_helps_the_model(tools):
    assert run("stock_of", article="pencils") == "12"
    with pytest.raises(ToolError, match="There are: pencils"):
        run("stock_of", article="pens")


def test_what_a_person_fills_in_is_not_offered_to_the_model(tools):
    tool = tools.get("send_letter")
    assert tool.offered_schema["required"] == ["text"]
    assert "to" not in tool.offered_schema["properties"]
    assert run("send_letter", text="Dear all", to="the printer") == "Sent to the printer."


def test_the_context_is_not_an_argument(tools):
    tool = tools.get("make_table")
    assert tool.wants_context
    assert tool.schema["required"] == ["name", "rows"]
