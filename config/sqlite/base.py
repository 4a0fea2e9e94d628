"""Django's SQLite, with connections that are put aside and used again instead of closed.

Opening one costs as much as several queries (its functions, its pragmas, the schema, the cache of statements), and a
run's thread gives its connection back each time it waits.
"""

import sqlite3
import threading
from collections import defaultdict
from functools import lru_cache
from typing import Any, cast

from django.db.backends.sqlite3 import base

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


@lru_cache(STATEMENTS)
def _converted(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


class DatabaseWrapper(base.DatabaseWrapper):
    connection: Any

    def create_cursor(self, name: str | None = None) -> Any:
        return self.connection.cursor(factory=Cursor)

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        with _lock:
            if waiting := _aside[conn_params["database"]]:
                return waiting.pop()
        return cast(sqlite3.Connection, super().get_new_connection(conn_params))

    def _close(self) -> None:
        with _lock:
            waiting = _aside[str(self.settings_dict["NAME"])]
            if self.connection is not None and not self.connection.in_transaction and len(waiting) < KEEP:
                waiting.append(self.connection)
                return
        super()._close()  # type: ignore[misc]  # the stubs leave it out
