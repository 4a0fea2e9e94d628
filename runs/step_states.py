"""The state of every step of a workflow's run, read from the calls that stand for it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from runs.engine.places import is_true
from runs.flowchart import Look, Seen
from runs.models import Run, ToolCall
from runs.states import CallState
from teammates.steps import Step
from teammates.tools.delegation import BRANCH, INTERNAL
from teammates.tools.registry import registry

MARKS = re.compile(r"(@\d+!?|\+|\?)$")
ASKS = {"+": "needs your input", "!": "needs your review"}
DONE = {
    CallState.SUCCEEDED: ("done", "done"),
    CallState.FAILED: ("failed", "failed"),
    CallState.DENIED: ("failed", "denied"),
    CallState.CANCELLED: ("stopped", "stopped"),
    CallState.OUTCOME_UNKNOWN: ("waiting", "outcome unknown"),
}


def place_of(call: ToolCall) -> str:
    """The step that the call belongs to; rounds of a loop and branches have the place of their step."""
    return MARKS.sub("", re.sub(r"#\d+", "", call.step.replace("~0", "")))


class Walked:
    """Looks at the steps of one run. `waiting` are the runs of its tree in or below which a gate is open."""

    def __init__(self, run: Run, calls: Iterable[ToolCall], waiting: set[int]) -> None:
        self.run, self.waiting = run, waiting
        self.members = {one["id"]: one["name"] for one in run.performer_revision.definition["members"]}
        self.calls: dict[str, list[ToolCall]] = {}
        for call in sorted(calls, key=lambda one: one.pk):
            if call.step:
                self.calls.setdefault(place_of(call), []).append(call)

    def __call__(self, step: Step, path: str) -> Seen:
        by, calls = performed_by(step, self.members), self.calls.get(path, [])
        if step.kind in ("parallel", "loop"):
            return Seen("", bound_of(step, calls), by)  # the steps in it say how far it is
        if not calls:
            return Seen("not_yet", "not yet" if self.run.is_live else "not reached", by)
        state, words = self.state(calls[-1], step)
        attempts = len([call for call in calls if re.search(r"@\d+$", call.step)])
        if attempts > 1 and not step_repeats(path, self.calls):
            words = f"{words}, attempt {attempts}"
        children = [child.pk for call in calls if call.tool != BRANCH.name and (child := child_of(call))]
        return Seen(state, words, by, children[-1] if children else None)

    def state(self, call: ToolCall, step: Step) -> tuple[str, str]:
        if call.state == CallState.WAITING:
            return "waiting", ASKS.get(call.step[-1], "asks before it starts")
        if call.state in DONE:
            state, words = DONE[CallState(call.state)]
            if state == "failed" and step.on_error == "skip":
                return "skipped", f"{words}, skipped"
            return state, words
        child = child_of(call)
        if child and child.pk in self.waiting:
            return "waiting", "waits for you"
        return ("running", "running") if self.run.is_live else ("stopped", "stopped")


def bound_of(step: Step, calls: list[ToolCall]) -> str:
    """That a loop found no end of its own, in words."""
    last = calls[-1] if calls else None
    if last is None or last.state != CallState.SUCCEEDED or not last.step.endswith(f"#{step.max - 1}?"):
        return ""
    return "" if is_true(last.result) else f"cut after {step.max} rounds"


def step_repeats(path: str, calls: dict[str, list[ToolCall]]) -> bool:
    """Was it done in several rounds of a loop? Then the number of its calls says nothing about attempts."""
    return any("#" in call.step for call in calls[path])


def child_of(call: ToolCall) -> Run | None:
    found: Run | None = getattr(call, "child", None) if call.tool in INTERNAL else None
    return found


def performed_by(step: Step, members: dict[str, str]) -> str:
    """Who or what does it, in words."""
    if named := step.teammate or step.team:
        return members.get(named, named)
    name = step.tool or step.condition or step.router or step.until or ""
    tool = registry.get(name)
    return tool.title if tool else name or {"parallel": "side by side", "loop": "again and again"}.get(step.kind, "")


@dataclass(frozen=True)
class Line:
    """One step in the list that says the same as the drawing."""

    number: str
    step: Step
    seen: Seen
    depth: int


def lines(steps: list[Step], look: Look, prefix: str = "", depth: int = 0) -> Iterator[Line]:
    """Every step with its number: 1, 2, 2.1, 2.2 …"""
    for place, step in enumerate(steps):
        path = f"{prefix}{place}"
        yield Line(number_of(path), step, look(step, path), depth)
        for name, inside in below(step):
            yield from lines(inside, look, f"{path}.{name}", depth + 1)


def below(step: Step) -> list[tuple[str, list[Step]]]:
    if step.kind == "condition":
        return [("then.", step.then), ("otherwise.", step.otherwise)]
    return [("", step.below)]


def number_of(path: str) -> str:
    return ".".join(str(int(part) + 1) if part.isdigit() else part for part in path.split("."))


class Planned:
    """Looks at steps of which there is no run: who does them, and where a person has a say."""

    def __init__(self, members: dict[str, str]) -> None:
        self.members = members

    def __call__(self, step: Step, path: str) -> Seen:
        asks = [word for word, on in (("confirm", step.confirm), ("input", step.input), ("review", step.review)) if on]
        return Seen("", " · ".join(asks) if asks else "", performed_by(step, self.members))
