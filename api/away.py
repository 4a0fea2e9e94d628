"""The database is away, restarting or too busy: what doors and pages tell then, each in its own shape."""

import logging

from django.db import InterfaceError, OperationalError

AWAY = (OperationalError, InterfaceError)  # how Django tells of it
STATUS, RETRY_AFTER = 503, "5"  # seconds; a process looks for its database more often than that
WORDS = "The database cannot be reached just now. Nothing that was saved is lost: try again in a few seconds."

logger = logging.getLogger("sayso.api")


def told(error: Exception) -> tuple[int, str]:
    """Status and sentence. One line goes to the log: a trace for each request of an outage would bury the outage."""
    logger.warning("A request could not use the database: %s", str(error).strip().partition("\n")[0])
    return STATUS, WORDS
