"""Django's SQLite, with connections that are put aside and used again instead of closed.

Opening one costs as much as several queries (its functions, its pragmas, the schema, the cache of statements), and a
run's thread gives its connection back each time it waits.
"""

import sqlite3
import threading
from collections import defaultdict
from typing import Any, cast

from django.db.backends.sqlite3 import base

KEEP = 16  # connections of a database that wait for their next use

_aside: dict[str, list[sqlite3.Connection]] = defaultdict(list)
_lock = threading.Lock()


class DatabaseWrapper(base.DatabaseWrapper):
    connection: Any

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
