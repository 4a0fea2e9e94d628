"""Teams and workflows in the words of this door (contract 3, 4)."""

from typing import Any

from django.conf import settings

from api.agentos.answers import present
from api.agentos.shapes import DB_ID, agent_shape, model_shape, tool_shape
from teammates.models import Team, Teammate, Workflow
from teammates.performers import Reference, find
from teammates.steps import Step, Steps
from teammates.tools.registry import registry

TYPES = {"parallel": "Parallel", "condition": "Condition", "loop": "Loop", "router": "Router"}


def team_shape(team: Team) -> dict[str, Any]:
    members = [member.performer for member in team.members.select_related("teammate", "member_team")]
    return present(
        {
            "id": team.slug,
            "name": team.name,
            "db_id": DB_ID,
            "description": team.description or None,
            "mode": team.mode,
            "model": model_shape(team.model or settings.DEFAULT_MODEL),
            "sessions": {"session_table": "runs_session"},
            "system_message": {"instructions": team.instructions} if team.instructions else None,
            "members": [performer_shape(member) for member in members],
            "is_component": False,
        }
    )


def performer_shape(performer: Teammate | Team) -> dict[str, Any]:
    return team_shape(performer) if isinstance(performer, Team) else agent_shape(performer)


def workflow_shape(workflow: Workflow) -> dict[str, Any]:
    return present(
        {
            "id": workflow.slug,
            "name": workflow.name,
            "db_id": DB_ID,
            "description": workflow.description or None,
            "is_component": False,
        }
    )


def workflow_detail(workflow: Workflow) -> dict[str, Any]:
    steps = [step_shape(step) for step in Steps.saved(workflow.definition)]
    return workflow_shape(workflow) | present({"input_schema": workflow.input_schema, "steps": steps})


def step_shape(step: Step) -> dict[str, Any]:
    kind = "team" if step.team else "teammate"
    performer = find(Reference(kind, step.team or step.teammate or "")) if step.team or step.teammate else None
    tool = registry.get(step.tool) if step.tool else None
    named = {"team" if step.team else "agent": performer_shape(performer)} if performer else {}
    return present(
        {
            "name": step.name,
            "type": TYPES.get(step.kind, "Step"),
            **named,
            "executor": tool_shape(tool) if tool else None,
            "steps": [step_shape(below) for below in step.below] or None,
        }
    )
