"""From a Python function to a tool: its schema, its checks, its words."""

import sys
import types
from typing import Annotated

import pytest
from pydantic import Field, SecretStr

from teammates.tools import ToolContext, tool
from teammates.tools.registry import LEVELS, RISKS, BadArguments, Registry, make, registry
from teammates.tools.shown import secrets_of


def errors_of(tool, arguments):
    with pytest.raises(BadArguments) as error:
        tool.check(arguments)
    return error.value.errors


def order(isbn: Annotated[str, Field(pattern="^[0-9]{3}$")], copies: Annotated[int, Field(ge=1)] = 1) -> str:
    """Order a book.

    It comes by post.
    """
    return f"{copies} of {isbn}"


def test_the_signature_is_the_schema_and_the_docstring_the_description():
    tool = make(order)
    assert (tool.name, tool.title) == ("order", "Order")
    assert tool.description == "Order a book.\n\nIt comes by post."
    assert tool.schema == {
        "additionalProperties": False,
        "properties": {
            "isbn": {"pattern": "^[0-9]{3}$", "title": "Isbn", "type": "string"},
            "copies": {"default": 1, "minimum": 1, "title": "Copies", "type": "integer"},
        },
        "required": ["isbn"],
        "type": "object",
    }


def test_arguments_that_fit_come_out_as_python_values():
    assert make(order).check({"isbn": "123"}) == {"isbn": "123", "copies": 1}
    assert make(order).check({"isbn": "123", "copies": 2.0}) == {"isbn": "123", "copies": 2}


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({}, {"isbn"}),
        ({"isbn": 123}, {"isbn"}),
        ({"isbn": "12"}, {"isbn"}),
        ({"isbn": None}, {"isbn"}),
        ({"isbn": "123", "copies": "2"}, {"copies"}),
        ({"isbn": "123", "copies": True}, {"copies"}),
        ({"isbn": "123", "copies": 1.5}, {"copies"}),
        ({"isbn": "123", "copies": 0, "gift": True}, {"copies", "gift"}),
        ({"isbn": "123", "copies": float("nan")}, {""}),
        ({"isbn": "123", "copies": 2**53}, {""}),
        ({"isbn": "\ud800"}, {""}),
        ({"isbn": "12\x00"}, {""}),
    ],
)
def test_nothing_is_converted_and_what_does_not_fit_is_named(arguments, names):
    errors = errors_of(make(order), arguments)
    assert set(errors) == names
    assert all(errors.values())


def test_an_error_inside_says_where():
    def plan(steps: list[dict[str, int]]) -> None:
        """Plan."""

    assert errors_of(make(plan), {"steps": [{"a": 1}, {"b": "x"}]}) == {"steps": "Write a whole number (at 1.b)."}


def test_the_context_is_no_argument_of_the_model():
    def look(context: ToolContext, where: str) -> None:
        """Look."""

    tool = make(look)
    assert (tool.wants_context, list(tool.schema["properties"])) == (True, ["where"])
    assert set(errors_of(tool, {"where": "x", "context": {}})) == {"context"}


def test_what_a_person_fills_in_is_not_offered_and_still_checked():
    def send(subject: str, to: str, copies: int = 0) -> None:
        """Send."""

    tool = make(send, user_input=("to", "copies"))
    assert list(tool.offered_schema["properties"]) == ["subject"]
    assert tool.offered_schema["required"] == ["subject"]
    assert set(errors_of(tool, {"subject": "x"})) == {"to"}


def test_a_parameter_without_a_type_is_refused_at_the_start():
    with pytest.raises(TypeError, match="give the parameter 'name' a type"):
        make(lambda name: None)


def test_what_cannot_be_a_schema_is_refused_at_the_start():
    def star(*names: str, **more: int) -> None:
        """Star."""

    with pytest.raises(TypeError, match="star"):
        make(star)


def test_an_async_function_is_refused_at_the_start():
    async def later() -> None:
        """Later."""

    with pytest.raises(TypeError, match="async"):
        make(later)


def test_a_person_cannot_fill_in_what_is_no_parameter():
    with pytest.raises(TypeError, match="'too'"):
        make(order, user_input=("too",))


@pytest.mark.parametrize(
    "change",
    [
        lambda: make(order, name="order_2"),
        lambda: make(described("Order a book."), name="order"),
        lambda: make(described(order.__doc__, int), name="order"),
    ],
)
def test_another_name_description_or_schema_is_another_definition(change):
    assert change().def_hash != make(order).def_hash


def described(text, kind=str):
    def order(isbn: kind) -> str:
        return ""

    order.__doc__ = text
    return order


def test_the_same_function_is_the_same_definition():
    assert make(order).def_hash == make(order, title="Another", risk="spend").def_hash


# --- risk ---


@pytest.mark.parametrize(("effect", "natural"), [("pure", "read"), ("read", "read"), ("idempotent", "write_external")])
def test_risk_follows_from_the_effect_and_may_only_be_raised(own_tool, effect, natural):
    for risk in [None, *RISKS]:
        own_tool(effect=effect, risk=risk, name="act")(order)
        expected = max(natural, risk or natural, key=RISKS.index)
        assert registry.get("act").risk == expected


def test_every_risk_has_a_level_and_words():
    assert [make(order, risk=risk).level for risk in RISKS] == ["low", "low", "medium", "high", "high", "high", "high"]
    assert all(make(order, risk=risk).risk_words for risk in RISKS)
    assert set(LEVELS) == set(RISKS)


def test_without_a_word_a_tool_is_taken_for_one_with_an_effect(own_tool):
    own_tool(name="act")(order)
    assert (registry.get("act").effect, registry.get("act").risk) == ("effect", "write_external")


# --- what lists show ---


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (None, ""),
        ({}, ""),
        ({"a": "", "b": " ", "c": "x"}, "x"),
        ({"a": True, "b": [1], "c": 7}, "7"),
        ({"a": "one\ntwo"}, "one"),
        ({"a": "x" * 100}, "x" * 79 + "…"),
    ],
)
def test_one_line_of_a_list_names_what_it_is_about(arguments, shown):
    assert make(order).target_of(arguments) == shown


def test_a_model_does_not_choose_what_the_line_names(own_tool):
    @own_tool()
    def pay(to: str, password: SecretStr, amount: int, note: str = "") -> str:
        """Send money."""
        return f"{to}{password}{amount}{note}"

    tool = registry.get("pay")
    sent = {"note": "to Ana, as agreed", "to": "evil@x.test", "amount": 5000, "password": "swordfish"}
    assert tool.target_of(sent) == "evil@x.test"
    assert tool.target_of({"password": "swordfish", "note": "as agreed"}) == "as agreed"
    assert secrets_of(tool.schema) == {"password"}


# --- the registry ---


def test_a_tool_of_another_module_cannot_take_a_name():
    shelf = Registry()
    shelf.add(make(order))
    other = types.FunctionType(order.__code__, {"__name__": "elsewhere"}, "order", order.__defaults__)
    other.__module__, other.__annotations__ = "elsewhere", order.__annotations__
    with pytest.raises(ValueError, match="Two tools are called 'order'"):
        shelf.add(make(other))
    shelf.add(make(order, title="Loaded again"))
    assert shelf.get("order").title == "Loaded again"


def test_modules_that_are_named_are_loaded(own_tool, monkeypatch, tmp_path):
    (tmp_path / "house_tools.py").write_text(
        "from teammates.tools import tool\n@tool\ndef knock(door: str) -> str:\n    'Knock.'\n    return door\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    registry.load(["house_tools"])
    monkeypatch.delitem(sys.modules, "house_tools")
    assert registry.get("knock").check({"door": "front"}) == {"door": "front"}


def test_a_module_that_is_not_there_is_said_at_once():
    with pytest.raises(ModuleNotFoundError, match="no_such_tools"):
        registry.load(["no_such_tools"])


def test_the_built_in_tools_are_what_they_say():
    found = {tool.name: (tool.effect, tool.risk, tool.needs_approval) for tool in registry.all() if not tool.gate}
    assert found == {
        "announce": ("effect", "write_external", True),
        "current_time": ("pure", "read", False),
        "list_files": ("read", "read", False),
        "read_file": ("read", "read", False),
        "recall": ("read", "read", False),
        "remember": ("idempotent", "write_internal", False),
        "todo_write": ("idempotent", "write_internal", False),
        "write_file": ("idempotent", "write_internal", False),
    }
    assert {tool.name for tool in registry.all() if tool.gate} == {"AskUserQuestion", "submit_plan"}


def test_the_decorator_gives_the_function_back(own_tool):
    assert own_tool(name="act")(order) is order
    assert order("123") == "1 of 123"


@pytest.mark.parametrize("wrong", [{"effect": "reconcilable"}, {"effect": "read", "reconcile": str}])
def test_a_look_up_and_its_effect_go_together(wrong):
    with pytest.raises(TypeError, match="go together"):
        tool(**wrong)(lambda: "")
