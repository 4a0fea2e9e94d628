"""Django's SQLite, with connections that are put aside and used again instead of closed.

Opening one costs as much as several queries (its functions, its pragmas, the schema, the cache of statements), and a
run's thread gives its connection back each time it waits.
"""

import os
import sqlite3
import threading
from asyncio import _get_running_loop
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from types import TracebackType
from typing import Any, Self, cast

from django.db.backends.sqlite3 import base
from django.db.backends.sqlite3.operations import DatabaseOperations
from django.db.models.expressions import Col

STATEMENTS = 1000  # whose writing is kept
KEEP = 16  # connections of a database that wait for their next use

_aside: dict[str, list[sqlite3.Connection]] = defaultdict(list)
_lock = threading.Lock()


class Cursor(base.SQLiteCursorWrapper):
    """Writes the places of parameters as SQLite does, once for each statement: most come again and again."""

    def convert_query(self, query: str, *, param_names: Any = None) -> str:
        if param_names is not None:
            return super().convert_query(query, param_names=param_names)
        return _converted(query)


def told_as_djangos(plain: Any) -> Any:
    def method(cursor: "Direct", *args: Any) -> Any:
        try:
            return plain(cursor, *args)
        except sqlite3.Error:
            with cursor.db.wrap_database_errors:
                raise

    return method


class Direct(Cursor):
    """What Django's wrapper around a cursor does, without the wrapper: its layers cost more than most statements."""

    db: "DatabaseWrapper"

    def execute(self, query: str, params: Any = None) -> Any:
        if self.db.needs_rollback:
            self.db.validate_no_broken_transaction()
        try:
            if type(params) in (tuple, list):
                return sqlite3.Cursor.execute(self, _converted(query), params)
            return super().execute(query, params)
        except sqlite3.Error:
            with self.db.wrap_database_errors:
                raise

    def executemany(self, query: str, param_list: Any) -> Any:
        self.db.validate_no_broken_transaction()
        return self._many(query, param_list)

    def fetchmany(self, size: int | None = None) -> list[Any]:
        return cast(list[Any], self._some(size or self.arraysize))

    _many = told_as_djangos(Cursor.executemany)
    _some = told_as_djangos(sqlite3.Cursor.fetchmany)
    fetchone = told_as_djangos(sqlite3.Cursor.fetchone)
    fetchall = told_as_djangos(sqlite3.Cursor.fetchall)
    __next__ = told_as_djangos(sqlite3.Cursor.__next__)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _moment(text: bytes) -> datetime:
    return datetime.fromisoformat(text.decode()).replace(tzinfo=UTC)


READ_BY_THE_DRIVER = ("DateTimeField", "BooleanField")  # of columns, whose declared type it is told; not of expressions

# Django reads a moment without its zone, and adds in three more steps that it is of UTC, as it is written.
sqlite3.register_converter("datetime", _moment)


@lru_cache(STATEMENTS)
def _converted(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


class Operations(DatabaseOperations):
    """Django's, without its second looks at moments of UTC and at what the driver has read as what it is.

    So rows of `raw()` must not name an expression as such a column.
    """

    def get_db_converters(self, expression: Any) -> list[Any]:
        if isinstance(expression, Col) and expression.output_field.get_internal_type() in READ_BY_THE_DRIVER:
            return []
        return super().get_db_converters(expression)

    def adapt_datetimefield_value(self, value: Any) -> Any:
        if type(value) is datetime and value.tzinfo is UTC:
            return str(value.replace(tzinfo=None))
        return super().adapt_datetimefield_value(value)


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = Operations
    connection: Any
    _thread_ident: int  # the stubs leave it out

    def cursor(self) -> Any:
        """As Django's, which has the last word where it would wrap, log, connect or refuse."""
        here = self._thread_ident == threading.get_ident() and _get_running_loop() is None
        if not here or self.connection is None or self.execute_wrappers or self.force_debug_cursor:
            return super().cursor()
        cursor = self.connection.cursor(factory=Direct)
        cursor.db = self
        return cursor

    def create_cursor(self, name: str | None = None) -> Any:
        return self.connection.cursor(factory=Cursor)

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        with _lock:
            if waiting := _aside[conn_params["database"]]:
                return waiting.pop()
        if not conn_params["database"].startswith(("file:", ":")):
            with suppress(OSError):  # it is there already, or SQLite says what is wrong
                # Sessions are in it, and SQLite itself would let every user of the machine read them.
                os.close(os.open(conn_params["database"], os.O_CREAT | os.O_EXCL, 0o600))
        return cast(sqlite3.Connection, super().get_new_connection(conn_params))

    def _close(self) -> None:
        with _lock:
            waiting = _aside[str(self.settings_dict["NAME"])]
            if self.connection is not None and not self.connection.in_transaction and len(waiting) < KEEP:
                waiting.append(self.connection)
                return
        super()._close()  # type: ignore[misc]  # the stubs leave it out
