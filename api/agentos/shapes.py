"""Our rows in the words of this door (contract 2.1, 2.2)."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from api.agentos.answers import epoch, present
from api.agentos.kinds import kind_of
from api.agentos.media import media_of
from api.agentos.messages import calls_of, messages_of, turns_of
from api.agentos.tools import requirements_of, tools_of
from approvals.models import Gate, Question, ToolApproval
from approvals.selectors import gates_in_tree
from runs.models import Message, Run, ToolCall
from runs.states import RunStatus
from runs.trees import usage_of, waits_for_people
from runs.uploads import of_conversation
from teammates.models import Teammate
from teammates.tools.registry import Tool, registry

DB_ID = "sayso"
STATUS = {
    RunStatus.QUEUED: "PENDING",
    RunStatus.RUNNING: "RUNNING",
    RunStatus.PAUSED: "PAUSED",
    RunStatus.COMPLETED: "COMPLETED",
    RunStatus.FAILED: "ERROR",
    RunStatus.CANCELLED: "CANCELLED",
}
SAYING = ("PENDING", "RUNNING", "CANCELLED")  # their content is what they have said
PROVIDER = "OpenAI"
NEEDS = {"approval": "confirmation", "input": "your input", "external": "a result from outside", "ask": "your answer"}


def agent_shape(teammate: Teammate) -> dict[str, Any]:
    model = teammate.model or settings.DEFAULT_MODEL
    tools = [tool_shape(tool) for row in teammate.tools.all() if (tool := registry.get(row.tool))]
    return present(
        {
            "id": teammate.slug,
            "name": teammate.name,
            "db_id": DB_ID,
            "description": teammate.description or None,
            "role": teammate.role or None,
            "model": model_shape(model),
            "tools": {"tools": tools} if tools else None,
            "sessions": {"session_table": "runs_session"},
            "system_message": {"instructions": teammate.instructions} if teammate.instructions else None,
            "metadata": teammate.metadata or None,
            "is_component": False,
        }
    )


def model_shape(name: str) -> dict[str, Any]:
    return {"name": name, "model": name, "provider": provider_of(name)}


def provider_of(model: str) -> str:
    return "Sayso" if model == "demo" else PROVIDER


def tool_shape(tool: Tool) -> dict[str, Any]:
    flags = {"requires_confirmation": tool.needs_approval or None, "external_execution": tool.external or None}
    return {"name": tool.name, "description": tool.description, "parameters": tool.offered_schema, **present(flags)}


def run_shape(run: Run) -> dict[str, Any]:
    """The RunOutput, of a team with those of its members; events are added by who has them."""
    return shape_of(run, gates_in_tree(run), calls_of(run))


def shape_of(run: Run, gates: list[Gate], calls: list[ToolCall]) -> dict[str, Any]:
    files, turns = of_conversation(run), turns_of(run)
    words = spoken(run) if status_of(run) in SAYING else Words()
    model = run.model_asked
    shape = {
        "run_id": str(run.uuid),
        **kind_of(run).names(run.performer),
        "parent_run_id": parent_id(run),
        "session_id": run.session.key,
        "user_id": run.user_id or None,
        "content": content_of(run, gates, words.text),
        "content_type": "str",
        "reasoning_content": "".join(said.thinking for said in turns) or None,
        "model": model,
        "model_provider": provider_of(model),
        "model_provider_data": {"id": f"run-{run.pk}"},
        "session_state": run.session.session_state,
        "created_at": epoch(run.created_at),
        "status": status_of(run),
        "metrics": metrics_of(run),
        "member_responses": member_responses(run) if run.team_id else None,
        "messages": messages_of(run, files, turns, calls, words.cut(turns)),
        "tools": tools_of(run, gates, calls) or None,
        "requirements": requirements_of(gates) or None,
        "metadata": run.metadata or None,
        "input": {"input_content": run.message, **media_of(run, files)},
    }
    return present(shape)


def content_of(run: Run, gates: list[Gate], said: str) -> Any:
    """The answer; of a failed run what went wrong, of a paused one what it needs, of others what was `said` so far."""
    if run.status == RunStatus.COMPLETED:
        return run.output if run.output_data is None else run.output_data
    if run.status == RunStatus.FAILED:
        return run.error
    if status_of(run) == "PAUSED":
        return paused_sentence(gates)
    return said


def status_of(run: Run) -> str:
    """A run that waits for runs below it alone is running; that of a tree is paused when all of it stands still."""
    if run.status == RunStatus.PAUSED and run.open_children and not waits_for_people(run):
        return "RUNNING"
    return STATUS[RunStatus(run.status)]


def parent_id(run: Run) -> str | None:
    above = run.parent
    while above is not None and above.parent is not None and above.workflow_id is not None:
        above = above.parent  # a branch of a workflow is no run outside
    return str(above.uuid) if above else None


def member_responses(run: Run) -> list[dict[str, Any]]:
    """Of the members that the leader has asked, in their order."""
    related = ("teammate", "team", "workflow", "session", "performer_revision", "parent", "root", "called_by")
    return [run_shape(child) for child in run.children.select_related(*related).order_by("pk")]


@dataclass
class Words:
    """What the model has said in its last turn."""

    turn: int = 0
    text: str = ""

    def cut(self, turns: list[Message]) -> str:
        """The same where the turn did not come to its end: it has no message."""
        return "" if any(said.turn == self.turn for said in turns) else self.text


def spoken(run: Run) -> Words:
    """From the journal."""
    began = run.events.filter(kind__in=("turn.started", "turn.restarted")).order_by("-seq").first()
    if began is None:
        return Words()
    said = run.events.filter(kind="text", seq__gt=began.seq).order_by("seq")
    return Words(began.data["turn"], "".join(event.data["delta"] for event in said))


def paused_sentence(gates: list[Gate]) -> str:
    """One short sentence that names the kinds of need."""
    kinds = [need_of(gate) for gate in gates if gate.is_pending]
    needs = list(dict.fromkeys(NEEDS.get(kind, "your decision") for kind in kinds))
    return f"I need {' and '.join(needs) or 'your decision'} before I can go on."


def need_of(gate: Gate) -> str:
    if isinstance(gate, ToolApproval):
        return "approval"
    return gate.kind if isinstance(gate, Question) else ""


def metrics_of(run: Run) -> dict[str, Any]:
    usage = run.usage if run.teammate_id else usage_of(run)
    into, out = int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0))
    lasted = (run.finished_at - run.started_at).total_seconds() if run.finished_at and run.started_at else None
    tokens = {"input_tokens": into, "output_tokens": out, "total_tokens": into + out}
    model = run.model_asked if run.teammate_id else ""
    whole = {
        **tokens,
        "time_to_first_token": run.usage.get("time_to_first_token"),
        "duration": lasted,
        "cost": usage.get("cost"),
        "details": {"model": [{"id": model, "provider": provider_of(model), **tokens}]} if model else None,
    }
    return present(whole)
