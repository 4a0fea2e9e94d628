"""JSON Schemas that clients and people send, and values held to them, at a cost that they cannot choose.

Checking stands still for nobody: nothing is fetched, `$ref` stays within the schema and leads on only so often, and
regular expressions are not run, because some take longer than the universe lasts and stop the whole process meanwhile.
"""

from collections.abc import Callable, Iterator
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import SchemaError
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

REFERENCES = 10_000  # followed for one value
LEFT_OUT = ("$schema", "$id")  # a text of these names is a keyword; a property of that name holds a schema
ENDLESS = "it refers to itself without end"

Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError]]
extended: Any = extend  # which has no types


class Unfit(ValueError):
    """Not a schema that values can be held to; the text goes on after "is no JSON Schema:"."""


class TooMuch(Exception):
    """The value leads through more references than anybody needs."""


UNKNOWABLE = (Unfit, Unresolvable, RecursionError, TooMuch)  # of a schema that was kept before it was checked so


def check(schema: Any) -> None:
    """`Unfit` where it is no JSON Schema (2020-12), or one that refers to what is elsewhere or nowhere."""
    try:
        Draft202012Validator.check_schema(schema)
        own = Registry().with_resource("", DRAFT202012.create_resource(checked_part(schema))).resolver()
        for reference in references(schema):
            if not reference.startswith("#"):
                raise Unfit(f"{reference[:100]!r} is elsewhere; put it under $defs")
            Draft202012Validator.check_schema(own.lookup(reference).contents)  # it may stand where nothing is a schema
        first_error(schema, {})
    except SchemaError as error:
        raise Unfit(error.message[:200]) from None
    except Unresolvable as error:
        raise Unfit(f"there is nothing at {error.ref[:100]!r}") from None
    except (RecursionError, TooMuch):
        raise Unfit(ENDLESS) from None


def first_error(schema: Any, value: Any) -> ValidationError | None:
    """What does not fit, or None. Raises one of `UNKNOWABLE` where `check` would refuse the schema, or may."""
    return next(bounded()(checked_part(schema), registry=Registry()).iter_errors(value), None)


def fits(schema: Any, value: Any) -> bool:
    """Does it? What cannot be found out does not."""
    try:
        return first_error(schema, value) is None
    except UNKNOWABLE:
        return False


def bounded() -> Any:
    """A validator for one value."""
    left = REFERENCES

    def counted(follow: Keyword) -> Keyword:
        def keyword(validator: Any, reference: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
            nonlocal left
            left -= 1
            if left < 0:
                raise TooMuch
            yield from follow(validator, reference, value, schema)

        return keyword

    known: Any = Draft202012Validator.VALIDATORS
    ours = {name: counted(known[name]) for name in ("$ref", "$dynamicRef")}
    return extended(Draft202012Validator, {**ours, "pattern": unchecked})


def unchecked(*args: Any) -> Iterator[ValidationError]:
    """A keyword that is told to the model alone."""
    return iter(())


def checked_part(schema: Any) -> Any:
    """The schema less what would lead to other rules or to another base of its references."""
    if isinstance(schema, list):
        return [checked_part(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if names_by_pattern(schema):
        raise Unfit("patternProperties cannot be checked; use additionalProperties")
    kept = {key: part for key, part in schema.items() if not (key in LEFT_OUT and isinstance(part, str))}
    return {key: checked_part(part) for key, part in kept.items()}


def names_by_pattern(schema: dict[str, Any]) -> bool:
    """As the keyword, whose parts are schemas; a property of that name has a type or such."""
    parts = schema.get("patternProperties")
    return isinstance(parts, dict) and all(isinstance(part, dict | bool) for part in parts.values())


def references(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for part in schema:
            yield from references(part)
    elif isinstance(schema, dict):
        for key, part in schema.items():
            if key in ("$ref", "$dynamicRef") and isinstance(part, str):
                yield part
            else:
                yield from references(part)
