"""What a service outside the product has seen and done: the judge of what happened how often."""

import os
import sqlite3
from contextlib import closing


def ledger(path=None):
    database = sqlite3.connect(path or os.environ["LEDGER"], timeout=10, isolation_level=None)
    database.execute("CREATE TABLE IF NOT EXISTS requests (key TEXT)")
    database.execute("CREATE TABLE IF NOT EXISTS effects (n INTEGER PRIMARY KEY, key TEXT, named TEXT UNIQUE)")
    return closing(database)
