"""What the steps of a workflow gave, and their events (contract 4)."""

from typing import Any

from api.agentos.answers import present
from api.agentos.shapes import metrics_of
from api.agentos.walk import Mark, Walk, id_of, index_of, is_top, parent_of, step_of
from runs.engine.places import at, is_true
from runs.models import Run, ToolCall
from runs.states import CallState
from teammates.performers import steps_of
from teammates.steps import Step
from teammates.tools.registry import registry

Event = dict[str, Any]
BLOCKS = {"parallel": "Parallel", "condition": "Condition", "loop": "Loop", "router": "Router"}
EXECUTORS = {"teammate": "agent", "team": "team", "tool": "function"}


class Book:
    """The outputs of a workflow's steps by their place, as the walks of its run and of its branches find them."""

    def __init__(self, root: Run) -> None:
        self.root = root
        self.steps = steps_of(root.performer_revision)
        self.walks: dict[int, Walk] = {}
        self.outputs: dict[str, dict[str, Any]] = {}
        self.inside: dict[str, list[str]] = {}  # the done steps of each block, and of each round of a loop
        self.decisions: dict[str, str] = {}

    def further(self, run: Run, *calls: ToolCall) -> list[Event]:
        """The events of what one more closed call has brought about in this run of the tree."""
        if run.pk not in self.walks:
            self.walks[run.pk] = Walk(run)
        walk = self.walks[run.pk]
        return [event for mark in walk.further(*calls) for event in self.told(mark)]

    def told(self, mark: Mark) -> list[Event]:
        if mark.what == "begun":
            return self.begun(mark)
        if mark.what == "decided":
            self.decisions[mark.path] = mark.text
            return [self.event(mark, f"{BLOCKS[mark.step.kind]}ExecutionStarted", **self.choice(mark))]
        if mark.what == "broken":
            return [self.event(mark, "StepError", error=mark.text)] if mark.step.kind in EXECUTORS else []
        if mark.what in ("round", "rounded"):
            return self.round(mark)
        return self.done(mark)

    def event(self, mark: Mark, name: str, **more: Any) -> Event:
        head = {"event": name, **self.place(mark.step.name, mark.path)}
        return head | present({"parent_step_id": self.parent_id(mark.path), **more})

    def place(self, name: str, path: str) -> dict[str, Any]:
        return {"step_id": id_of(self.root, path), "step_name": name, "step_index": index_of(path)}

    def place_of(self, call: ToolCall) -> dict[str, Any]:
        """Of the step that a call stands for."""
        path = step_of(call.step)
        return self.place(at(self.steps, path).name, path)

    def parent_id(self, path: str) -> str | None:
        above = parent_of(path)
        return id_of(self.root, above) if above else None

    def begun(self, mark: Mark) -> list[Event]:
        """Conditions and routers begin with what they decide."""
        step = mark.step
        if step.kind == "parallel":
            return [self.event(mark, "ParallelExecutionStarted", parallel_step_count=len(step.parallel or []))]
        if step.kind == "loop":
            return [self.event(mark, "LoopExecutionStarted", max_iterations=step.max)]
        return [self.event(mark, "StepStarted")] if step.kind in EXECUTORS else []

    def choice(self, mark: Mark) -> dict[str, Any]:
        said = self.decisions.get(mark.path, "")
        if mark.step.kind == "condition":
            return {"condition_result": is_true(said)}
        return {"selected_steps": [said.strip().strip('"')]}

    def round(self, mark: Mark) -> list[Event]:
        told = {"iteration": mark.number + 1, "max_iterations": mark.step.max}
        if mark.what == "round":
            return [self.event(mark, "LoopIterationStarted", **told)]
        ends = is_true(mark.text) or mark.number + 1 == mark.step.max
        results = self.below(f"{mark.path}#{mark.number}")
        return [self.event(mark, "LoopIterationCompleted", **told, iteration_results=results, should_continue=not ends)]

    def done(self, mark: Mark) -> list[Event]:
        output = self.output(mark)
        self.outputs[mark.path] = output
        for block in blocks_of(mark.path):
            self.inside.setdefault(block, []).append(mark.path)
        step, results = mark.step, output.get("steps", [])
        match step.kind:
            case "parallel":
                count = len(step.parallel or [])
                more = {"parallel_step_count": count, "step_results": results}
                return [self.event(mark, "ParallelExecutionCompleted", **more)]
            case "loop":
                more = {
                    "total_iterations": self.rounds(mark.path),
                    "max_iterations": step.max,
                    "all_results": [results],
                }
                return [self.event(mark, "LoopExecutionCompleted", **more)]
            case "condition" | "router":
                more = {**self.choice(mark), "executed_steps": len(results), "step_results": results}
                if step.kind == "condition":
                    more["branch"] = "if" if more["condition_result"] else "else" if step.otherwise else None
                return [self.event(mark, f"{BLOCKS[step.kind]}ExecutionCompleted", **more)]
        more = {"content": mark.text, "content_type": "str", "step_response": output}
        function = [self.event(mark, "StepOutput", step_output=output)] if step.tool else []
        return [*function, self.event(mark, "StepCompleted", **more)]

    def output(self, mark: Mark) -> dict[str, Any]:
        step = mark.step
        call = mark.call
        failed = call is not None and call.state != CallState.SUCCEEDED
        shape = {
            "content": mark.text,
            "step_name": step.name,
            "step_id": id_of(self.root, mark.path),
            "step_type": BLOCKS.get(step.kind, "Step"),
            "success": not failed,
            "error": call.result if call and failed else None,
            "stop": False,
            "steps": self.below(mark.path) if step.kind in BLOCKS else None,
        }
        return present(shape | executor(step, call))

    def below(self, path: str) -> list[dict[str, Any]]:
        """Of the steps that stand right below, in their order."""
        return [self.outputs[each] for each in sorted(self.inside.get(path, []), key=order)]

    def rounds(self, loop: str) -> int:
        return len({each[len(loop) + 1 :].partition(".")[0] for each in self.inside.get(loop, [])})

    def results(self) -> list[dict[str, Any]]:
        """Of the workflow's own steps that are done."""
        return [self.outputs[path] for path in sorted(filter(is_top, self.outputs), key=int)]


def blocks_of(path: str) -> list[str]:
    """The block that the step stands in right away; within a loop its round, and the loop."""
    head = path.rpartition(".")[0].removesuffix(".then").removesuffix(".otherwise")
    loop = head.rpartition("#")[0] if head.rpartition("#")[2].isdecimal() else ""
    return [block for block in (head, loop) if block]


def order(path: str) -> list[int]:
    return [int(part) for part in path.replace("#", ".").split(".") if part.isdecimal()]


def executor(step: Step, call: ToolCall | None) -> dict[str, Any]:
    if step.kind in BLOCKS:
        return {"executor_type": step.kind, "executor_name": step.name}
    child = getattr(call, "child", None) if call and not step.tool else None
    tool = registry.get(step.tool) if step.tool else None
    return {
        "executor_type": EXECUTORS[step.kind],
        "executor_name": child.performer.name if child else tool.title if tool else step.teammate or step.team,
        "step_run_id": str(child.uuid) if child else None,
        "metrics": metrics_of(child) if child else None,
    }
