"""What a card shows, read from the rows: the exact call, the words around it, and what became of a decision."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from approvals.arguments import Row, canonical, in_order, pretty, rows
from approvals.models import Gate, Question, ToolApproval, Verdict
from runs.digest import digest_of
from runs.models import Event, Message, ToolCall
from runs.states import CallState, GateStatus, RunStatus
from teammates.tools.questions import STEP_INPUT
from teammates.tools.registry import registry

# Questions that are about one call, whose arguments are shown.
ABOUT_A_CALL = (Question.Kind.UNKNOWN, Question.Kind.INPUT, Question.Kind.EXTERNAL)
KIND_ICONS = {
    "ask": "message-circle-question-mark",
    "plan": "list-checks",
    "unknown": "octagon-alert",
    "attention": "hand",
    "input": "text-cursor-input",
    "external": "arrow-right-left",
}


def kind_of(gate: Gate) -> str:
    return gate.kind if isinstance(gate, Question) else "approval"


# --- exactly what will run ---


@dataclass(frozen=True)
class Exact:
    tool: str
    rows: list[Row]
    pretty: str
    raw: str


def exact(gate: Gate) -> Exact | None:
    """The arguments as they will run, or ran; None for a gate without a call that could run."""
    if gate.call is None or (isinstance(gate, Question) and gate.kind not in ABOUT_A_CALL):
        return None
    arguments = arguments_of(gate)
    return Exact(gate.call.tool, rows(arguments, schema_of(gate.call)), pretty(arguments), canonical(arguments))


def worded(gate: Gate) -> str:
    """Who wrote what a card asks: of a step of a workflow, we did."""
    if gate.call is not None and gate.call.tool == STEP_INPUT.name:
        return "written by Sayso for a step of the workflow"
    return f"the wording is {gate.run.performer.name}’s, the form is Sayso’s"


def arguments_of(gate: Gate) -> dict[str, Any]:
    if isinstance(gate, ToolApproval):
        return dict(gate.arguments if gate.edited_arguments is None else gate.edited_arguments)
    return dict((gate.call and gate.call.arguments) or {})


def schema_of(call: ToolCall) -> dict[str, Any]:
    """Of a tool that is gone nobody knows which arguments were secrets: all are shown to whoever asks only."""
    tool = registry.get(call.tool)
    return tool.schema if tool else {"properties": {name: {"writeOnly": True} for name in call.arguments or {}}}


def title_of(gate: Gate) -> str:
    """Our words only: nothing that a model wrote becomes a title."""
    if not isinstance(gate, Question):
        return str(getattr(gate, "title", ""))
    name, count = gate.run.performer.name, len(gate.questions)
    titles = {
        Question.Kind.ASK: f"{name} needs {'an answer' if count == 1 else f'{count} answers'}",
        Question.Kind.PLAN: f"A plan to review, revision {gate.revision}",
        Question.Kind.UNKNOWN: f"Did “{tool_title(gate)}” happen?",
        Question.Kind.INPUT: f"Fill in “{tool_title(gate)}”",
        Question.Kind.EXTERNAL: f"Give the result of “{tool_title(gate)}”",
        Question.Kind.ATTENTION: f"{name} needs you to go on",
    }
    return titles[Question.Kind(gate.kind)]


def tool_title(gate: Gate) -> str:
    if gate.call is None:
        return ""
    tool = registry.get(gate.call.tool)
    return tool.title if tool else gate.call.tool


def target_of(gate: Gate) -> str:
    """What or whom it is about, for the line under the title and for the list."""
    tool = registry.get(gate.call.tool) if gate.call else None
    return tool.target_of(arguments_of(gate)) if tool else ""


def line_of(gate: Gate) -> str:
    """The second line of a list's row: what it is about, or how the teammate's own words begin."""
    if not isinstance(gate, Question):
        return target_of(gate)
    if gate.kind == Question.Kind.ASK:
        return str(gate.questions[0]["question"]) if gate.questions else ""
    if gate.kind == Question.Kind.PLAN:
        lines = (re.sub(r"[*`#]+", "", line).strip(" -") for line in gate.plan.splitlines())
        return next((line for line in lines if line), "")
    return target_of(gate) or gate.why


# --- the words around it ---


def words_of(gate: Gate) -> str:
    """What the teammate said in the turn of the call."""
    if gate.call is None:
        return ""
    said = Message.objects.filter(run=gate.run_id, turn=gate.call.turn, role=Message.Role.ASSISTANT).first()
    return said.text.strip() if said else ""


# --- after a decision: recorded, resumed, executed are three things ---


@dataclass(frozen=True)
class Step:
    name: str
    state: str  # done, open, failed, never
    at: datetime | None = None
    words: str = ""


def steps(gate: Gate) -> list[Step]:
    """What became of a decided gate, in the order in which it happens."""
    if gate.decided_at is None:
        return []
    found = [Step("Recorded", "done", gate.decided_at), resumed(gate)]
    if gate.call and (isinstance(gate, ToolApproval) or kind_of(gate) == "input"):
        found.append(executed(gate, gate.call))
    return found


def resumed(gate: Gate) -> Step:
    # A line with a run in it is about one below, which was let go on for itself.
    lines = Event.objects.filter(run=gate.run_id, kind="run.resumed", at__gte=gate.decided_at, data__run__isnull=True)
    if event := lines.first():
        return Step("Run resumed", "done", event.at)
    if gate.run.status == RunStatus.COMPLETED:  # it went on by itself, once those below it had ended
        return Step("Run resumed", "done")
    if gate.run.open_children:
        return Step("Run resumed", "open", words="when those that it waits for have ended")
    if gate.run.open_gates:
        count = gate.run.open_gates
        return Step("Run resumed", "open", words=f"after {count} more decision{'' if count == 1 else 's'}")
    if gate.run.is_live:
        return Step("Run resumed", "open", words="not yet")
    return Step("Run resumed", "never", words="the run was over")


def asked_again(gate: Gate) -> bool:
    """Did its call ask anew after it was allowed, because its tool had changed? What ran is what was allowed then."""
    if not isinstance(gate, ToolApproval) or gate.is_pending or gate.digest == digest_of(gate.run, gate.call):
        return False
    return ToolApproval.objects.filter(call=gate.call_id, pk__gt=gate.pk).exists()


def executed(gate: Gate, call: ToolCall) -> Step:
    if gate.status == GateStatus.EXPIRED:
        return Step("Executed", "never", words="never, nobody decided in time")
    if isinstance(gate, ToolApproval) and gate.verdict == Verdict.DENY:
        return Step("Executed", "never", words="never, it was denied")
    if asked_again(gate):
        return Step("Executed", "never", words="never, it was asked again because the tool had changed")
    if call.state == CallState.FAILED and call.started_at is None:
        return Step("Executed", "never", words="never, it could not begin")
    over = "failed" if gate.run.status == RunStatus.FAILED else "was stopped"
    ends = {
        CallState.SUCCEEDED: Step("Executed", "done", call.finished_at),
        CallState.FAILED: Step("Executed", "failed", call.finished_at, "failed"),
        CallState.OUTCOME_UNKNOWN: Step("Executed", "failed", words="outcome unknown"),
        CallState.STARTED: Step("Executed", "open", call.started_at, "running since"),
        CallState.CANCELLED: Step("Executed", "never", words=f"never, the run {over}"),
        CallState.DENIED: Step("Executed", "never", words="never"),
    }
    return ends.get(CallState(call.state), Step("Executed", "open", words="not yet"))


def is_settled(gate: Gate) -> bool:
    """Nothing about this gate will change by itself any more."""
    return not gate.is_pending and all(step.state != "open" for step in steps(gate))


def changed_rows(approval: ToolApproval) -> list[tuple[Row, Row]]:
    """Old and new of what the person changed before allowing it."""
    if approval.edited_arguments is None:
        return []
    schema = schema_of(approval.call)
    before, after = dict(approval.arguments), dict(approval.edited_arguments)
    nothing = Row("", "", "")
    old = {row.name: row for row in rows(before, schema)}
    new = {row.name: row for row in rows(after, schema)}
    names = in_order(before | after, schema)
    pairs = [(old.get(name, nothing), new.get(name, nothing)) for name in names]
    return [(was, now) for was, now in pairs if was.text != now.text]
