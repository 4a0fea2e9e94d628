"""The page of docs: everything that the door says of itself, for people who are signed in."""

import pytest
from django.test import Client

from config.docs import words
from tests.api.world import OPERATIONS


@pytest.fixture
def page(owner, client_of):
    return client_of(owner).get("/-/docs").content.decode()


def test_every_route_stands_on_the_page(page):
    for method, path in OPERATIONS:
        assert f'docs-{method.lower()}">{method}</span><code class="docs-path">{path}</code>' in page


def test_a_route_tells_its_parameters_its_fields_and_its_scope(page):
    for words_on_it in ("starting_after", "human_in_the_loop", "runs:write", "Idempotency-Key", 'href="#object-Run"'):
        assert words_on_it in page


def test_links_inside_the_page_lead_somewhere(page):
    linked = {part.split('"')[0] for part in page.split('href="#')[1:]}
    assert [name for name in linked if f'id="{name}"' not in page] == []


def test_it_takes_signing_in(db):
    assert Client().get("/-/docs").url == "/sign-in/?next=/-/docs"


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 100}, "integer, 1 to 100"),
        ({"anyOf": [{"type": "string", "maxLength": 9}, {"type": "null"}]}, "text, up to 9 characters or null"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Run"}}, "list of Run"),
        ({"enum": ["a", "b"]}, "a | b"),
        ({"const": "ok"}, "ok"),
        ({"type": "string", "format": "date-time"}, "moment"),
        ({"type": ["integer", "null"]}, "integer or null"),
        ({}, "anything"),
    ],
)
def test_a_schema_is_told_in_a_few_words(schema, told):
    assert words(schema) == told
