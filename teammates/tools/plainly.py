"""What is wrong with arguments, in sentences for whoever wrote them: a person at a card, or a model."""

from contextlib import suppress

from pydantic import ValidationError

from teammates.legible import stopped

PLAINLY = {
    "missing": "It is required.",
    "extra_forbidden": "The tool has no such argument.",
    "string_type": "Write a text.",
    "string_too_short": "Write at least {min_length} characters.",
    "string_too_long": "Write at most {max_length} characters.",
    "int_type": "Write a whole number.",
    "int_from_float": "Write a whole number.",
    "float_type": "Write a number.",
    "bool_type": "Write true or false.",
    "list_type": "Write a list.",
    "set_type": "Write a list.",
    "tuple_type": "Write a list.",
    "string_pattern_mismatch": "Write a text that matches {pattern}",
    "multiple_of": "Write a multiple of {multiple_of}.",
    "dict_type": "Write an object: {{ … }}.",
    "model_type": "Write an object: {{ … }}.",
    "none_required": "Leave it empty.",
    "literal_error": "Write {expected}.",
    "enum": "Write {expected}.",
    "greater_than": "Write more than {gt}.",
    "greater_than_equal": "Write {ge} or more.",
    "less_than": "Write less than {lt}.",
    "less_than_equal": "Write {le} or less.",
    "too_short": "Give at least {min_length}.",
    "too_long": "Give at most {max_length}.",
}


def sentences(error: ValidationError) -> dict[str, str]:
    """One for the first place that is wrong in each argument, by its name; "" is the name of them all together."""
    found: dict[str, str] = {}
    for problem in error.errors(include_url=False):
        name, *inside = [str(part) for part in problem["loc"]] or [""]
        said = problem["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
        with suppress(KeyError):  # a tool's own error may have the type of one of pydantic's, without its figures
            said = PLAINLY[problem["type"]].format(**problem.get("ctx", {}))
        where = f" (at {'.'.join(inside)})" if inside else ""
        found.setdefault(name, stopped((said or "It does not fit").removesuffix(".") + where))
    return found
