"""Where the run of a workflow has been: its steps as they begin and end, found by walking it again (contract 4)."""

import re
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid5

from runs.engine.flow import ATTEMPTS, Broken, Flow, Going
from runs.models import Run, ToolCall
from teammates.steps import Step

ROUND = re.compile(r"#(\d+)")


@dataclass(frozen=True)
class Mark:
    """Something that the walk passed: `what` is begun, done, broken, decided, round or rounded."""

    what: str
    step: Step
    path: str
    text: str = ""
    number: int = 0  # of a round
    call: ToolCall | None = None  # the last one by which a step did its work


class Walk(Flow):
    """Walks as far as the calls lead that are done so far; `further` gives what has come since it was last asked."""

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.marks: list[Mark] = []

    def further(self, *calls: ToolCall) -> list[Mark]:
        self.learn(calls)
        self.marks = []
        with suppress(Broken, StopIteration):
            next(self.going)
        return self.marks

    def one(self, step: Step, path: str, text: str) -> Going:
        self.mark("begun", step, path)
        try:
            text = yield from super().one(step, path, text)
        except Broken as broken:
            self.mark("broken", step, path, broken.message)
            raise
        self.mark("done", step, path, text, call=self.last_attempt(path))
        return text

    def decided(self, step: Step, call: ToolCall) -> str:
        said = super().decided(step, call)
        if step.kind == "loop":
            self.mark("rounded", step, call.step.rpartition("#")[0], said, number=round_of(call.step))
        else:
            self.mark("decided", step, call.step.removesuffix("?"), said)
        return said

    def round(self, step: Step, path: str, round_: int, text: str) -> Going:
        self.mark("round", step, path, number=round_)
        return (yield from super().round(step, path, round_, text))

    def last_attempt(self, path: str) -> ToolCall | None:
        attempts = (self.calls.get(f"{path}@{place}") for place in range(ATTEMPTS - 1, -1, -1))
        return next((call for call in attempts if call), None)

    def mark(
        self, what: str, step: Step, path: str, *words: str, number: int = 0, call: ToolCall | None = None
    ) -> None:
        self.marks.append(Mark(what, step, plain(path), "".join(words), number, call))


def round_of(path: str) -> int:
    return int(ROUND.findall(path)[-1])


def plain(path: str) -> str:
    """The place of a step, however it is reached: "~0" is a branch in its own run."""
    return path.replace("~0", "")


def step_of(path: str) -> str:
    """The place of the step that a call stands for."""
    return re.sub(r"(@\d+!?|\+|\?|!)$", "", plain(path)).removesuffix("+")


def index_of(path: str) -> int | list[int]:
    """The place among its neighbours; of a step within blocks with the places of those before it."""
    found = [int(part) for part in re.sub(r"#\d+", "", path).split(".") if part.isdecimal()]
    return found[0] if len(found) == 1 else found


def id_of(root: Run, path: str) -> str:
    return str(uuid5(root.uuid, re.sub(r"#\d+", "", path)))


def parent_of(path: str) -> str:
    """The place of the block that the step stands in, or nothing."""
    above = path.rpartition(".")[0]
    return re.sub(r"(\.(then|otherwise)|#\d+)$", "", above)


def is_top(path: str) -> bool:
    return path.isdecimal()
