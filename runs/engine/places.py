"""The places of a workflow: how their paths are read, and what a call's result says about the way on."""

import json
import re
from typing import Any

from teammates.steps import Step

PART = re.compile(r"[^.#]*")


def next_part(path: str, lead: str) -> str:
    """What follows `lead` in the path, up to the next break; empty where the path leads elsewhere."""
    if not path.startswith(lead):
        return ""
    found = PART.match(path, len(lead))
    return found.group() if found else ""


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


def is_true(text: str) -> bool:
    return text.strip().casefold() in ("true", "yes", "1")


def answers_in(result: str) -> dict[str, Any]:
    """The result of a question: {"answers": {question: answer}} or {"response": words}, as one flat table."""
    said = _said(result)
    return {**said.get("answers", {}), **({"response": said["response"]} if said.get("response") else {})}


def note_in(result: str, question: str) -> str:
    """What was said beside the answer to this question."""
    return str(_said(result).get("notes", {}).get(question, ""))


def _said(result: str) -> dict[str, Any]:
    try:
        said = json.loads(result)
    except ValueError:
        return {"response": result}
    return said if isinstance(said, dict) else {"response": result}
