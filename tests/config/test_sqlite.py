"""Statements are written for the database once, and mean what they meant."""

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("statement", "params", "found"),
    [
        ("SELECT %s, '100 %%'", ["x"], ("x", "100 %")),
        ("SELECT '100 %'", None, ("100 %",)),
        ("SELECT %(one)s, %(two)s", {"one": "x", "two": "y"}, ("x", "y")),
        ("SELECT %(two)s, %(one)s", {"one": "x", "two": "y"}, ("y", "x")),
    ],
)
def test_a_statement_gives_the_same_again_and_again(statement, params, found):
    with connection.cursor() as cursor:
        for _ in range(2):
            cursor.execute(statement, params)
            assert cursor.fetchall() == [found]
