"""A workflow as a model: it reads which steps are done and asks for the next calls, so the loop of every run runs it.

Each call stands for one place in the workflow (`ToolCall.step`, such as "2", "1.then.0", "3#1.0"), and its result is
what that place gave. After a restart the same rows lead to the same next calls; `Run.reached` says from which step on
they need to be read, so that a step costs the same after two others and after two hundred.
"""

import json
from collections.abc import Callable, Collection, Generator, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from runs.engine.places import answers_in, at, is_true, next_part, note_in
from runs.engine.reply import AskedCall, ModelFailed, Reply, Request
from runs.models import Run, ToolCall
from runs.states import CallState
from teammates.performers import steps_of
from teammates.steps import Step, tools_in
from teammates.tools.delegation import BRANCH, DELEGATE
from teammates.tools.questions import ASK, STEP_INPUT
from teammates.tools.registry import registry

if TYPE_CHECKING:
    from runs.engine.transcript import Transcript

REVIEW = "Is this good?"
ACCEPT, RETRY, SKIP = "Accept", "Try again", "Skip"
REVIEW_OPTIONS = [
    {"label": ACCEPT, "description": "The next step gets it as it is."},
    {"label": RETRY, "description": "The step is done again."},
    {"label": SKIP, "description": "The next step gets nothing from it."},
]
ATTEMPTS = 20  # of one step, reviews included
NOTHING = "(This step gave nothing: it was skipped, or had nothing to say.)"


@dataclass(frozen=True)
class Next:
    """Calls to be made before it can be said what follows."""

    calls: list[AskedCall]


Going = Generator[Next, None, str]  # what is to be called, again and again, until there is an output


@dataclass(frozen=True)
class Broken(Exception):
    """A step failed and may not be skipped."""

    message: str


class OutputsUnknown(Exception):
    """A step gets all earlier outputs, and nothing before `Run.reached` was read."""


@dataclass(frozen=True)
class Here:
    """What a step gets: the output before it, and what a person filled in."""

    text: str
    said: dict[str, Any] = field(default_factory=dict)


class Scripted:
    """The definition of a workflow in place of a model."""

    def __init__(self, transcript: "Transcript") -> None:
        self.transcript, self.run = transcript, transcript.run
        self.flow = Flow(self.run, self.run.reached)

    def respond(self, request: Request) -> Reply:
        self.flow.learn(self.transcript.calls)
        try:
            return self.flow.reply(request.turn)
        except OutputsUnknown:
            self.flow = Flow(self.run)
            self.flow.reached = self.run.reached  # the step at hand began there; its calls are read from there on
            self.flow.learn([*self.run.calls.filter(retried_as=None), *self.transcript.calls])
            return self.flow.reply(request.turn)


class Flow:
    """Says what a workflow's run does next, as its calls come to their ends."""

    def __init__(self, run: Run, reached: dict[str, Any] | None = None) -> None:
        self.run, self.since, self.reached = run, reached, reached
        self.calls: dict[str, ToolCall] = {}
        self.outputs: dict[str, Any] | None = None if reached else {}  # by step name
        self.at = ("", "")  # the step that was come to last, and what it got
        self.cut: dict[str, int] = dict(reached.get("cut", {})) if reached else {}  # rounds of loops without an end
        self.steps, self.prefix, start = steps_of(run.performer_revision), "", run.message
        if run.called_by and run.called_by.tool == BRANCH.name:
            branch = dict(run.called_by.arguments or {})
            self.steps, self.prefix, start = [at(self.steps, branch["path"])], f"{branch['path']}~", branch["input"]
            self.outputs = None if reached else dict(branch["outputs"])
        self.going = self.walk(self.steps, self.prefix, start)

    def learn(self, calls: Iterable[ToolCall]) -> None:
        self.calls |= {call.step: call for call in calls}

    def reply(self, turn: int) -> Reply:
        """The next calls, or the last output as the answer. `ModelFailed` names the step that failed."""
        try:
            asked = next(self.going)
        except StopIteration as end:
            return Reply("\n\n".join(filter(None, [end.value, *self.cuts()])))
        except Broken as broken:
            raise ModelFailed(broken.message, "step_failed") from None
        path, text = self.at
        if self.reached is None or self.reached["step"] != path:
            self.reached = {"step": path, "turn": turn, "text": text, "cut": dict(self.cut)}
        return Reply("", calls=asked.calls, finish_reason="tool_calls", reached=self.reached)

    def cuts(self) -> list[str]:
        """Said in the output alone: the next step's input stays what the loop gave, for tools read it."""
        return [f"(“{name}” found no end and was cut after {rounds} rounds.)" for name, rounds in self.cut.items()]

    def before(self, lead: str) -> str:
        """The part of the way that was gone before, where it leads on from here."""
        return next_part(self.since["step"], lead) if self.since else ""

    def walk(self, steps: list[Step], prefix: str, text: str) -> Going:
        """One after the other; each step's output is the next one's input."""
        first = int(self.before(prefix) or 0)
        for place in range(first, len(steps)):
            text = yield from self.one(steps[place], f"{prefix}{place}", text)
            self.gave({steps[place].name: text})
        return text

    def gave(self, outputs: dict[str, Any]) -> None:
        if self.outputs is not None:
            self.outputs |= outputs

    def one(self, step: Step, path: str, text: str) -> Going:
        if self.since and self.since["step"] == path:
            text = self.since["text"]
        self.at = (path, text)
        kinds = {"parallel": self.parallel, "condition": self.condition, "loop": self.loop, "router": self.router}
        return (yield from kinds.get(step.kind, self.work)(step, path, text))

    def call(self, path: str, asked: Callable[[], AskedCall]) -> Generator[Next, None, ToolCall]:
        """The call of this place, once it has come to its end."""
        while path not in self.calls:
            yield Next([asked()])
        return self.calls[path]

    def decision(self, step: Step, tool: str, path: str, text: str) -> Generator[Next, None, str]:
        """What a tool says about the way on."""
        call = yield from self.call(path, partial(self.tool_call, tool, path, Here(text)))
        return self.decided(step, call)

    def decided(self, step: Step, call: ToolCall) -> str:
        if call.state != CallState.SUCCEEDED:
            raise Broken(f"Step “{step.name}” could not be decided: {call.result}")
        return call.result

    # --- blocks ---

    def parallel(self, step: Step, path: str, text: str) -> Going:
        """Every branch is a run of its own: one that waits for a person holds up no other."""
        branches = {f"{path}.{place}": branch for place, branch in enumerate(step.parallel or [])}
        while missing := [place for place in branches if place not in self.calls]:
            yield Next([self.branch(place, branches[place], text) for place in missing])
        results = {branch.name: self.result(branch, self.calls[place]) for place, branch in branches.items()}
        self.gave(results)
        return "\n\n".join(f"## {name}\n{given or NOTHING}" for name, given in results.items())

    def branch(self, path: str, step: Step, text: str) -> AskedCall:
        wanted = any("outputs" in parameters_of(tool) for tool in tools_in([step]))
        arguments = {"path": path, "input": text, "outputs": self.all_outputs() if wanted else {}}
        return AskedCall(path, BRANCH.name, as_json(arguments), step=path)

    def condition(self, step: Step, path: str, text: str) -> Going:
        way = self.before(f"{path}.")
        if not way:
            said = yield from self.decision(step, str(step.condition), f"{path}?", text)
            way = "then" if is_true(said) else "otherwise"
        return (yield from self.walk(step.then if way == "then" else step.otherwise, f"{path}.{way}.", text))

    def router(self, step: Step, path: str, text: str) -> Going:
        way = self.before(f"{path}.")
        if not way:
            wanted = (yield from self.decision(step, str(step.router), f"{path}?", text)).strip().strip('"')
            way = next((str(place) for place, choice in enumerate(step.choices) if choice.name == wanted), "")
            if not way:
                raise Broken(f"Step “{step.name}”: there is no choice {wanted!r}.")
        choice = step.choices[int(way)]
        given = yield from self.one(choice, f"{path}.{way}", text)
        self.gave({choice.name: given})
        return given

    def loop(self, step: Step, path: str, text: str) -> Going:
        """Again and again until its tool says so, at most `max` times."""
        for round_ in range(int(self.before(f"{path}#") or 0), step.max):
            text = yield from self.round(step, path, round_, text)
            if step.until and is_true((yield from self.decision(step, step.until, f"{path}#{round_}?", text))):
                break
        else:
            if step.until:
                self.cut[step.name] = step.max
        return text

    def round(self, step: Step, path: str, round_: int, text: str) -> Going:
        return (yield from self.walk(step.loop or [], f"{path}#{round_}.", text))

    # --- one step's work ---

    def work(self, step: Step, path: str, text: str) -> Going:
        here = given = (yield from self.filled(step, path, text)) if step.input else Here(text)
        failures = 0
        for attempt in range(ATTEMPTS):
            place = f"{path}@{attempt}"
            call = yield from self.call(place, partial(self.start_of, step, place, given))
            if call.state != CallState.SUCCEEDED:
                failures += 1
                # Runs from before may have tried again.
                refused = call.state == CallState.DENIED and f"{path}@{attempt + 1}" not in self.calls
                if failures > step.retries or refused:
                    return self.failed(step, call)
            elif not step.review:
                return call.result
            else:
                output, feedback = yield from self.reviewed(step, f"{place}!", call.result)
                if not feedback:
                    return output
                given = replace(here, text=f"{here.text}\n\nWhat you gave: {output}\n\nA person says: {feedback}")
        raise Broken(f"Step “{step.name}” was tried {ATTEMPTS} times without being accepted.")

    def start_of(self, step: Step, path: str, here: Here) -> AskedCall:
        must_ask = f"Step “{step.name}” starts only when a person says so." if step.confirm else ""
        if step.tool:
            return replace(self.tool_call(step.tool, path, here), must_ask=must_ask)
        arguments = {"member_id": step.teammate or step.team, "task": here.text or step.name}
        return AskedCall(path, DELEGATE.name, as_json(arguments), step=path, must_ask=must_ask)

    def tool_call(self, tool: str, path: str, here: Here) -> AskedCall:
        """A tool of a workflow gets what it has parameters for: `input`, and `outputs` by step name."""
        wanted, given = parameters_of(tool), {"input": here.text}
        arguments: dict[str, Any] = {name: text for name, text in given.items() if name in wanted}
        if "outputs" in wanted:
            arguments["outputs"] = self.all_outputs() | here.said
        return AskedCall(path, tool, as_json(arguments), step=path)

    def all_outputs(self) -> dict[str, Any]:
        if self.outputs is None:
            raise OutputsUnknown
        return self.outputs

    def failed(self, step: Step, call: ToolCall) -> str:
        if step.on_error == "skip":
            return ""
        raise Broken(f"Step “{step.name}” failed: {call.result}")

    def result(self, step: Step, call: ToolCall) -> str:
        return call.result if call.state == CallState.SUCCEEDED else self.failed(step, call)

    def filled(self, step: Step, path: str, text: str) -> Generator[Next, None, Here]:
        """What a person adds to the step's input."""
        asked = [{"id": name, "question": name, "header": name[:12], "options": []} for name in step.input]
        call = yield from self.call(f"{path}+", partial(question, STEP_INPUT.name, f"{path}+", asked))
        if call.state != CallState.SUCCEEDED:
            raise Broken(f"Step “{step.name}” did not get its input: {call.result}")
        said = answers_in(call.result)
        return Here("\n".join([text, *(f"{name}: {value}" for name, value in said.items())]), said)

    def reviewed(self, step: Step, path: str, output: str) -> Generator[Next, None, tuple[str, str]]:
        """What a person makes of the output: it stands, or is their own, or nothing; or what to do differently."""
        asked = [{"question": REVIEW, "header": "Review", "options": REVIEW_OPTIONS}]
        call = yield from self.call(path, partial(question, ASK.name, path, asked))
        if call.state == CallState.FAILED:  # nobody may be asked in this run
            return self.failed(step, call), ""
        said = answers_in(call.result)
        words, chosen = str(said.get("response", "")), said.get(REVIEW, "")
        if call.state != CallState.SUCCEEDED or chosen == SKIP:
            return "", ""
        if chosen == RETRY:
            return output, note_in(call.result, REVIEW) or "Do it again, better."
        return (output if chosen == ACCEPT and not words else words or str(chosen or output)), ""


def parameters_of(tool: str) -> Collection[str]:
    found = registry.get(tool)
    return found.schema.get("properties", {}) if found else ()


def question(tool: str, path: str, asked: list[dict[str, Any]]) -> AskedCall:
    return AskedCall(path, tool, as_json({"questions": asked}), step=path)


def as_json(arguments: dict[str, Any]) -> str:
    return json.dumps(arguments, ensure_ascii=False)
