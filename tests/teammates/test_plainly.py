"""What is wrong with arguments, in sentences."""

from typing import Annotated, Literal

import pytest
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from teammates.tools.registry import BadArguments, make


def errors_of(tool, arguments):
    with pytest.raises(BadArguments) as error:
        tool.check(arguments)
    return error.value.errors


@pytest.mark.parametrize(
    ("kind", "given", "sentence"),
    [
        (Annotated[str, Field(max_length=3)], "abcd", "Write at most 3 characters."),
        (Annotated[str, Field(min_length=2)], "a", "Write at least 2 characters."),
        (str, 5, "Write a text."),
        (int, "5", "Write a whole number."),
        (int, 1.5, "Write a whole number."),
        (float, "5", "Write a number."),
        (bool, "yes", "Write true or false."),
        (list[int], {}, "Write a list."),
        (dict[str, int], [], "Write an object: { … }."),
        (Literal["red", "blue"], "green", "Write 'red' or 'blue'."),
        (Annotated[int, Field(gt=0)], 0, "Write more than 0."),
        (Annotated[int, Field(le=9)], 10, "Write 9 or less."),
        (Annotated[list[int], Field(min_length=1)], [], "Give at least 1."),
        (list[int], [1, "2"], "Write a whole number (at 1)."),
        (Annotated[str, Field(pattern="^a")], "b", "Write a text that matches ^a."),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence(kind, given, sentence):
    def use(value):
        """Use it."""

    use.__annotations__["value"] = kind
    assert errors_of(make(use), {"value": given}) == {"value": sentence}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (PydanticCustomError("too_short", "Give a longer word"), "Give a longer word."),
        (ValueError("Is it so?"), "Is it so?"),
        (ValueError(""), "It does not fit."),
        (AssertionError("Never"), "Never."),
    ],
)
def test_the_words_of_a_tools_own_check_are_kept(wrong, sentence):
    def check(value):
        raise wrong

    def use(value):
        """Use it."""

    use.__annotations__["value"] = Annotated[str, AfterValidator(check)]
    assert errors_of(make(use), {"value": "a"}) == {"value": sentence}
