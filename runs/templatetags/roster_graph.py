"""The drawing of a workflow, for the roster, which itself knows nothing of runs."""

from django import template

from runs.flowchart import Part, chart
from runs.step_states import Line, Planned, lines
from teammates.steps import Step

register = template.Library()


@register.simple_tag
def graph_of(steps: list[Step], members: dict[str, str]) -> Part:
    return chart(steps, Planned(members))


@register.simple_tag
def list_of(steps: list[Step], members: dict[str, str]) -> list[Line]:
    return list(lines(steps, Planned(members)))
