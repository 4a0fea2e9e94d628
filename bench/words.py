"""What the bench's runs say to the fake model (`tests/fake_model.py` obeys them), and how figures are summed up."""

import time
from collections.abc import Sequence


class Wrong(Exception):
    """The product did not do what the bench measures."""


def expect(true: bool, words: str) -> None:
    if not true:
        raise Wrong(words)


ASK = 'call announce {"channel": "#bench", "text": "Measured."}'
ENDED = ("run.completed", "run.failed", "run.cancelled")
SHORT = "Say something short."
YARDS = 5


def pace(tokens: int, per_second: int) -> str:
    return f"pace {tokens} {per_second}"


def percentile(values: Sequence[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else float("nan")


def spread(values: Sequence[float], unit: str = "ms") -> str:
    """p50 and p99 in one phrase."""
    return f"p50 {percentile(values, 0.5):.1f} {unit}, p99 {percentile(values, 0.99):.1f} {unit} ({len(values)} times)"


def yardstick() -> float:
    """µs of CPU that a fixed piece of Python takes here and now: figures of two days compare by it."""
    before = time.process_time()
    for _ in range(YARDS):
        sum(range(10_000))
    return (time.process_time() - before) / YARDS * 1e6
