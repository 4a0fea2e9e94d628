"""Daphne on uvloop, with our protocols: the server of `manage.py serve`."""

import uvloop
from twisted.internet import asyncioreactor

loop = uvloop.new_event_loop()
asyncioreactor.install(loop)  # type: ignore[no-untyped-call]  # twisted has no types here

from daphne.server import Server  # noqa: E402 - it takes the reactor that it finds

from config import wire  # noqa: E402, F401 - as above, and it takes effect by being imported

__all__ = ["Server", "loop"]
