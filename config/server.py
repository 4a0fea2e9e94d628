"""Daphne on uvloop: its event loop is written in C, and every frame passes it."""

import uvloop
from twisted.internet import asyncioreactor

asyncioreactor.install(uvloop.new_event_loop())  # type: ignore[no-untyped-call]  # twisted has no types here

from daphne.server import Server  # noqa: E402 - it takes the reactor that it finds

__all__ = ["Server"]
