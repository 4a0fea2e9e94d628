"""Named places at which a test may break the machine, as a crash there would. Not armed, each is one look at a dict.

`SAYSO_FAULT=tool.after_send` kills the process (as `kill -9` does) where it comes there for the first time;
`SAYSO_FAULT=claim.before_commit:3` where it does for the third time.
"""

import os
import signal
from collections.abc import Callable

POINTS = (
    "claim.before_commit",
    "claim.after_commit",
    "turn.before_llm",
    "turn.after_llm",
    "calls.before_commit",
    "calls.after_save",
    "gate.create.before_commit",
    "gate.decide.before_commit",
    "dispatch.before_commit",
    "tool.before_send",
    "tool.after_send",
    "tool.before_record",
    "tool.after_record",
    "event.append",
    "outbox.before_publish",
    "outbox.after_publish",
    "pause.before_release",
    "pause.after_release",
    "child.begin.before_commit",
    "child.end.before_commit",
    "run.finish.before_commit",
    "run.finish.after_commit",
    "requeue.before_commit",
    "webhook.before_send",
    "webhook.after_send",
)

Action = Callable[[], None]
_armed: dict[str, Action] = {}


def fault_point(name: str) -> None:
    """The product may be broken here, if a test says so."""
    if _armed and (action := _armed.get(name)):
        action()


def arm(name: str, action: Action) -> None:
    """From now on do this at the point; it may raise, wait, or end the process."""
    if name not in POINTS:
        raise ValueError(f"There is no fault point {name!r}. There are: {', '.join(POINTS)}.")
    _armed[name] = action


def disarm() -> None:
    _armed.clear()


def killing(time: int = 1) -> Action:
    """End this process the n-th time, without a last word."""
    left = time

    def kill() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return kill


def arm_as_told(word: str) -> None:
    """`point` or `point:n`, as `SAYSO_FAULT` says it."""
    name, _, time = word.partition(":")
    arm(name, killing(int(time or 1)))


if told := os.environ.get("SAYSO_FAULT"):
    arm_as_told(told)
