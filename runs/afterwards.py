"""What may wait until the request is answered: two threads that compute at once hold each other up."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Act = Callable[[], None]

_kept: ContextVar[list[Act] | None] = ContextVar("kept", default=None)


@contextmanager
def kept_back(acts: list[Act]) -> Iterator[None]:
    """What is handed to `afterwards` within is put into `acts`, and the caller does it."""
    token = _kept.set(acts)
    try:
        yield
    finally:
        _kept.reset(token)


def afterwards(act: Act) -> None:
    """Do this when the request at hand is answered, or now where there is none."""
    acts = _kept.get()
    if acts is None:
        act()
    else:
        acts.append(act)
