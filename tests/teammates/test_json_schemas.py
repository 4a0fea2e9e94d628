"""Schemas that strangers send: what is checked, what is refused, and that nothing stands still meanwhile."""

import socket
import time

import pytest

from teammates import json_schemas
from teammates.json_schemas import Unfit, fits

ADDRESS = {
    "type": "object",
    "properties": {"home": {"$ref": "#/$defs/Place"}, "others": {"type": "array", "items": {"$ref": "#/$defs/Place"}}},
    "required": ["home"],
    "$defs": {"Place": {"type": "object", "properties": {"city": {"type": "string"}}, "additionalProperties": False}},
}
TREE = {"type": "object", "properties": {"left": {"$ref": "#"}, "name": {"type": "string"}}}
DOUBLING = {
    "type": "object",
    "$ref": "#/$defs/d0",
    "$defs": {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)} | {"d40": {}},
}


def nested(levels):
    value = {"name": "leaf"}
    for _ in range(levels):
        value = {"left": value}
    return value


def test_references_within_the_schema_are_followed():
    json_schemas.check(ADDRESS)
    assert fits(ADDRESS, {"home": {"city": "Köln"}, "others": [{}]})
    assert not fits(ADDRESS, {"home": {"city": 1}})
    assert not fits(ADDRESS, {"home": {}, "others": [{"town": "Bonn"}]})


def test_a_schema_of_a_tree_holds_for_trees():
    json_schemas.check(TREE)
    assert fits(TREE, nested(20))
    assert not fits(TREE, {"left": {"left": {"name": 1}}})


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "nonsense"}, "is not valid"),
        ({"$ref": "http://127.0.0.1:1/x"}, "is elsewhere"),
        ({"properties": {"a": {"$ref": "file:///etc/hostname"}}}, "is elsewhere"),
        ({"properties": {"a": {"$ref": "other.json"}}}, "is elsewhere"),
        ({"$id": "http://127.0.0.1:1/", "items": {"$ref": "x"}}, "is elsewhere"),
        ({"properties": {"a": {"$ref": "#/nope"}}}, "nothing at"),
        ({"properties": {"a": {"$dynamicRef": "#x"}}}, "nothing at"),
        ({"$ref": "#"}, "without end"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}, "without end"),
        (DOUBLING, "without end"),
        ({"patternProperties": {"^(a+)+$": {}}}, "patternProperties"),
        ({"properties": {"a": {"$ref": "#/other"}}, "other": {"type": "nonsense"}}, "is not valid"),
        ({"properties": {"a": {"$ref": "#/other"}}, "other": {"minLength": "x"}}, "is not of type"),
        ({"properties": {"a": {"$ref": "#/type"}}}, "is not of type"),
    ],
    ids=str,
)
def test_what_cannot_be_checked_is_refused(schema, why):
    began = time.process_time()
    with pytest.raises(Unfit, match=why):
        json_schemas.check({"type": "object", **schema})
    assert time.process_time() - began < 5


@pytest.mark.parametrize("reference", ["http://127.0.0.1:1/x", "file:///etc/hostname", "#/nope", "#/properties/a"])
def test_nothing_fits_a_reference_that_leads_nowhere(reference):
    """Of a schema that was kept before such were refused."""
    assert not fits({"type": "object", "properties": {"a": {"$ref": reference}}}, {"a": 1})


def test_nothing_is_fetched():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/schema"
        assert not fits({"type": "object", "properties": {"a": {"$ref": address}}}, {"a": 1})
        with pytest.raises(Unfit):
            json_schemas.check({"type": "object", "$ref": address})
        with pytest.raises(BlockingIOError):  # nobody has come
            listener.accept()


def test_a_regular_expression_is_not_run():
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    json_schemas.check(schema)
    assert fits(schema, {"a": "a" * 60 + "!"})
    assert not fits(schema, {"a": 1})


def test_a_value_that_looks_like_a_keyword_is_compared_whole():
    schema = {"type": "object", "properties": {"a": {"const": {"pattern": "x"}}}}
    assert fits(schema, {"a": {"pattern": "x"}})
    assert not fits(schema, {"a": {}})


def test_properties_may_have_the_names_of_keywords():
    names = {"pattern": {"type": "string"}, "$id": {"type": "integer"}, "patternProperties": {"type": "object"}}
    schema = {"type": "object", "properties": names}
    json_schemas.check(schema)
    assert fits(schema, {"pattern": "^(", "$id": 1, "patternProperties": {}})
    for wrong in ({"pattern": 1}, {"$id": "x"}, {"patternProperties": 1}):
        assert not fits(schema, wrong)


def test_another_dialect_does_not_lead_around_the_rules():
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "properties": DOUBLING["$defs"]}
    assert not fits({**schema, "$ref": "#/properties/d0"}, {})
