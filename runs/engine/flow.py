"""A workflow as a model: it reads which steps are done and asks for the next calls, so the loop of every run runs it.

Each call stands for one place in the workflow (`ToolCall.step`, such as "2", "1.then.0", "3#1.0"), and its result is
what that place gave. Nothing is counted or kept here: after a restart the same rows lead to the same next calls.
"""

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from runs.engine.reply import AskedCall, ModelFailed, Reply, Request
from runs.models import Run, ToolCall
from runs.states import CallState
from teammates.steps import Step, Steps
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


@dataclass(frozen=True)
class Next:
    """Calls to be made before it can be said what follows."""

    calls: list[AskedCall]


@dataclass(frozen=True)
class Done:
    """What a stretch of steps gave: its last output, and every output by step name."""

    text: str
    outputs: dict[str, Any]


@dataclass(frozen=True)
class Broken(Exception):
    """A step failed and may not be skipped."""

    message: str


@dataclass(frozen=True)
class Here:
    """Where the walk stands: what the next step gets."""

    text: str
    outputs: dict[str, Any] = field(default_factory=dict)


class Scripted:
    """The definition of a workflow in place of a model."""

    def __init__(self, transcript: "Transcript") -> None:
        self.transcript = transcript

    def respond(self, request: Request) -> Reply:
        one = self.transcript
        return Flow(one.run, one.definition, one.calls).reply()


class Flow:
    """Says what a workflow's run does next. `respond` as of a model: calls to make, or the final text."""

    def __init__(self, run: Run, definition: dict[str, Any], calls: list[ToolCall]) -> None:
        self.run, self.calls = run, {call.step: call for call in calls}
        self.steps, self.prefix, self.start = Steps.read(definition["steps"]), "", Here(run.message)
        if run.called_by and run.called_by.tool == BRANCH.name:
            branch = dict(run.called_by.arguments or {})
            self.steps, self.prefix = [at(self.steps, branch["path"])], f"{branch['path']}~"
            self.start = Here(branch["input"], branch["outputs"])

    def reply(self) -> Reply:
        """The next calls, or the last output as the answer. `ModelFailed` names the step that failed."""
        try:
            found = self.walk(self.steps, self.prefix, self.start)
        except Broken as broken:
            raise ModelFailed(broken.message, "step_failed") from None
        if isinstance(found, Next):
            return Reply("", calls=found.calls, finish_reason="tool_calls")
        return Reply(found.text)

    def walk(self, steps: list[Step], prefix: str, here: Here) -> Next | Done:
        """One after the other; each step's output is the next one's input."""
        for place, step in enumerate(steps):
            found = self.one(step, f"{prefix}{place}", here)
            if isinstance(found, Next):
                return found
            here = Here(found.text, {**here.outputs, **found.outputs, step.name: found.text})
        return Done(here.text, here.outputs)

    def one(self, step: Step, path: str, here: Here) -> Next | Done:
        match step.kind:
            case "parallel":
                return self.parallel(step, path, here)
            case "condition":
                return self.condition(step, path, here)
            case "loop":
                return self.loop(step, path, here)
            case "router":
                return self.router(step, path, here)
            case _:
                return self.work(step, path, here)

    # --- blocks ---

    def parallel(self, step: Step, path: str, here: Here) -> Next | Done:
        """Every branch is a run of its own: one that waits for a person holds up no other."""
        branches = step.parallel or []
        places = [f"{path}.{place}" for place in range(len(branches))]
        missing = [place for place in places if place not in self.calls]
        if missing:
            return Next([self.branch(place, here) for place in missing])
        results = {}
        for place, branch in zip(places, branches, strict=True):
            results[branch.name] = self.result(branch, self.calls[place])
        return Done("\n\n".join(f"## {name}\n{text}" for name, text in results.items() if text), results)

    def branch(self, path: str, here: Here) -> AskedCall:
        arguments = {"path": path, "input": here.text, "outputs": here.outputs}
        return AskedCall(path, BRANCH.name, json.dumps(arguments, ensure_ascii=False), step=path)

    def condition(self, step: Step, path: str, here: Here) -> Next | Done:
        call = self.asked(f"{path}?", str(step.condition), here)
        if isinstance(call, Next):
            return call
        chosen, name = (step.then, "then") if is_true(self.decided(step, call)) else (step.otherwise, "otherwise")
        return self.walk(chosen, f"{path}.{name}.", here)

    def router(self, step: Step, path: str, here: Here) -> Next | Done:
        call = self.asked(f"{path}?", str(step.router), here)
        if isinstance(call, Next):
            return call
        wanted = self.decided(step, call).strip().strip('"')
        for place, choice in enumerate(step.choices):
            if choice.name == wanted:
                found = self.one(choice, f"{path}.{place}", here)
                return (
                    found if isinstance(found, Next) else Done(found.text, {**found.outputs, choice.name: found.text})
                )
        raise Broken(f"Step “{step.name}”: there is no choice {wanted!r}.")

    def loop(self, step: Step, path: str, here: Here) -> Next | Done:
        """Again and again until its tool says so, at most `max` times."""
        for round_ in range(step.max):
            found = self.walk(step.loop or [], f"{path}#{round_}.", here)
            if isinstance(found, Next):
                return found
            here = Here(found.text, found.outputs)
            if step.until:
                call = self.asked(f"{path}#{round_}?", step.until, here)
                if isinstance(call, Next):
                    return call
                if is_true(self.decided(step, call)):
                    break
        return Done(here.text, here.outputs)

    def asked(self, path: str, tool: str, here: Here) -> ToolCall | Next:
        """The call by which a tool decides the way."""
        return self.calls.get(path) or Next([tool_call(tool, path, here)])

    def decided(self, step: Step, call: ToolCall) -> str:
        if call.state != CallState.SUCCEEDED:
            raise Broken(f"Step “{step.name}” could not be decided: {call.result}")
        return call.result

    # --- one step's work ---

    def work(self, step: Step, path: str, here: Here) -> Next | Done:
        if step.input:
            filled = self.filled(step, path, here)
            if isinstance(filled, Next):
                return filled
            here = filled
        given, failures = here, 0
        for attempt in range(ATTEMPTS):
            call = self.calls.get(f"{path}@{attempt}")
            if call is None:
                return Next([self.start_of(step, f"{path}@{attempt}", given)])
            if call.state != CallState.SUCCEEDED:
                failures += 1
                if failures > step.retries:
                    return self.failed(step, call)
                continue
            if not step.review:
                return Done(call.result, {})
            verdict = self.reviewed(step, f"{path}@{attempt}!", call.result)
            if not isinstance(verdict, str):
                return verdict
            given = replace(here, text=f"{here.text}\n\nWhat you gave: {call.result}\n\nA person says: {verdict}")
        raise Broken(f"Step “{step.name}” was tried {ATTEMPTS} times without being accepted.")

    def start_of(self, step: Step, path: str, here: Here) -> AskedCall:
        must_ask = f"Step “{step.name}” starts only when a person says so." if step.confirm else ""
        if step.tool:
            return replace(tool_call(step.tool, path, here), must_ask=must_ask)
        arguments = {"member_id": step.teammate or step.team, "task": here.text or step.name}
        written = json.dumps(arguments, ensure_ascii=False)
        return AskedCall(path, DELEGATE.name, written, step=path, must_ask=must_ask)

    def failed(self, step: Step, call: ToolCall) -> Done:
        if step.on_error == "skip":
            return Done("", {})
        raise Broken(f"Step “{step.name}” failed: {call.result}")

    def result(self, step: Step, call: ToolCall) -> str:
        if call.state == CallState.SUCCEEDED:
            return call.result
        return self.failed(step, call).text

    def filled(self, step: Step, path: str, here: Here) -> Next | Here:
        """What a person adds to the step's input."""
        call = self.calls.get(f"{path}+")
        if call is None:
            asked = [{"id": name, "question": name, "header": name[:12], "options": []} for name in step.input]
            written = json.dumps({"questions": asked}, ensure_ascii=False)
            return Next([AskedCall(f"{path}+", STEP_INPUT.name, written, step=f"{path}+")])
        if call.state != CallState.SUCCEEDED:
            raise Broken(f"Step “{step.name}” did not get its input: {call.result}")
        said = answers_in(call.result)
        lines = [f"{name}: {value}" for name, value in said.items()]
        return Here("\n".join([here.text, *lines]), {**here.outputs, **said})

    def reviewed(self, step: Step, path: str, output: str) -> Next | Done | str:
        """What a person says about the output: it stands, they give their own, or what to do differently."""
        call = self.calls.get(path)
        if call is None:
            asked = [{"question": REVIEW, "header": "Review", "options": REVIEW_OPTIONS}]
            written = json.dumps({"questions": asked}, ensure_ascii=False)
            return Next([AskedCall(path, ASK.name, written, step=path)])
        said = answers_in(call.result)
        words, chosen = said.get("response", ""), said.get(REVIEW, "")
        if call.state != CallState.SUCCEEDED or chosen == SKIP:
            return Done("", {})
        if chosen == RETRY:
            return words or "Do it again, better."
        if words or chosen != ACCEPT:
            return Done(str(words or chosen or output), {})
        return Done(output, {})


def tool_call(tool: str, path: str, here: Here) -> AskedCall:
    """A tool of a workflow gets what it has parameters for: `input`, and `outputs` by step name."""
    found = registry.get(tool)
    wanted = found.schema.get("properties", {}) if found else {}
    given = {"input": here.text, "outputs": here.outputs}
    arguments = {name: value for name, value in given.items() if name in wanted}
    return AskedCall(path, tool, json.dumps(arguments, ensure_ascii=False), step=path)


def is_true(text: str) -> bool:
    return text.strip().casefold() in ("true", "yes", "1")


def answers_in(result: str) -> dict[str, Any]:
    """The result of a question: {"answers": {question: answer}} or {"response": words}, as one flat table."""
    try:
        said = json.loads(result)
    except ValueError:
        return {"response": result}
    if not isinstance(said, dict):
        return {"response": result}
    return {**said.get("answers", {}), **({"response": said["response"]} if said.get("response") else {})}


def at(steps: list[Step], path: str) -> Step:
    """The step of a branch's path; a branch's mark ("~0" is the branch itself) and a loop's round lead nowhere else."""
    return _down(steps, path.replace("~0", "").split("."))


def _down(steps: list[Step], parts: list[str]) -> Step:
    head, *rest = parts
    step = steps[int(head.partition("#")[0])]
    if not rest:
        return step
    if step.kind == "condition":
        return _down(step.then if rest[0] == "then" else step.otherwise, rest[1:])
    below = step.parallel or step.loop or step.choices
    return _down(below, rest)
