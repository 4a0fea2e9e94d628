"""Statements are written for the database once, and mean what they meant."""

import asyncio
import sqlite3
import threading
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import SynchronousOnlyOperation
from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    IntegrityError,
    OperationalError,
    connection,
    connections,
    transaction,
)
from django.db.models import Max, Q

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


def test_a_refusal_of_the_database_is_djangos():
    with connection.cursor() as cursor, pytest.raises(OperationalError, match="no such table"):
        cursor.execute("SELECT 1 FROM nowhere")


def test_a_refusal_of_many_rows_is_djangos():
    with connection.cursor() as cursor, pytest.raises(IntegrityError), transaction.atomic():
        cursor.executemany("INSERT INTO auth_group (id, name) VALUES (%s, %s)", [(1, "one"), (1, "two")])


@pytest.mark.parametrize("ask", [lambda c: c.fetchone(), lambda c: c.fetchmany(), lambda c: c.fetchall(), list])
def test_a_failure_between_two_rows_is_djangos(ask):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 UNION ALL SELECT abs(-9223372036854775808)")
        with pytest.raises(OperationalError, match="overflow"):
            for _ in range(2):
                ask(cursor)


def test_nothing_more_is_done_in_a_transaction_that_has_failed():
    with transaction.atomic():
        connection.needs_rollback = True
        with connection.cursor() as cursor, pytest.raises(transaction.TransactionManagementError):
            cursor.execute("SELECT 1")


def test_statements_are_still_counted_and_wrapped(django_assert_num_queries):
    seen = []

    def see(execute, sql, *rest):
        seen.append(sql)
        return execute(sql, *rest)

    with django_assert_num_queries(1), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    with connection.execute_wrapper(see), connection.cursor() as cursor:
        cursor.execute("SELECT 2")
    assert seen == ["SELECT 2"]


def test_an_event_loop_may_not_wait_for_the_database():
    here = connections[DEFAULT_DB_ALIAS]
    here.ensure_connection()

    async def look():
        with pytest.raises(SynchronousOnlyOperation):
            here.cursor()

    asyncio.run(look())


def test_no_other_thread_may_use_a_connection():
    here, refused = connections[DEFAULT_DB_ALIAS], []
    here.ensure_connection()

    def look():
        with pytest.raises(DatabaseError, match="same thread") as refusal:
            here.cursor()
        refused.append(refusal)

    other = threading.Thread(target=look)
    other.start()
    other.join()
    assert len(refused) == 1


def test_a_moment_is_read_as_it_was_written():
    for moment in (datetime(2026, 3, 29, 2, 30, tzinfo=UTC), datetime(1, 1, 1, 0, 0, 0, 1, tzinfo=UTC)):
        user = User.objects.create(username=str(moment), last_login=moment)
        assert User.objects.get(pk=user.pk).last_login == moment
        assert User.objects.aggregate(last=Max("last_login", filter=Q(pk=user.pk)))["last"] == moment


def test_a_new_database_is_for_its_owner_alone(tmp_path):
    path = tmp_path / "new.sqlite3"
    here = connections[DEFAULT_DB_ALIAS]
    here.get_new_connection({**here.get_connection_params(), "database": str(path)}).close()
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(sqlite3.OperationalError):
        here.get_new_connection({**here.get_connection_params(), "database": str(tmp_path / "gone" / "new.sqlite3")})
