"""Wait for a fact, never for a time."""

import time


def eventually(fact, seconds=10.0, pause=0.01):
    """The fact's first true value, or its last one when it never became true."""
    end = time.monotonic() + seconds
    while not (value := fact()) and time.monotonic() < end:
        time.sleep(pause)
    return value
