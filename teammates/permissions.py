"""May this call run? A pure function of what is known; rules and policies will join here."""

from dataclasses import dataclass
from typing import Literal

from teammates.models import Mode, Permission
from teammates.tools.registry import Tool


@dataclass(frozen=True)
class Ruling:
    """`reason` is a sentence for the card, the timeline and, when denied, for the model."""

    effect: Literal["allow", "ask", "deny"]
    reason: str


PLAN_FIRST = "Plan first: only reading runs before a person has approved your plan. Propose it with submit_plan."


def verdict(
    mode: str, tool: Tool, set_here: str = "", *, plan_approved: bool = False, standing: bool = False
) -> Ruling:
    """Deny beats ask, ask beats allow, and where nothing is set the mode decides.

    `standing`: somebody allowed this tool once for all; that lifts every asking but the tool's own.
    """
    if set_here == Permission.DENY:
        return Ruling("deny", f"{tool.title} is denied for this teammate.")
    if mode == Mode.PLAN and not plan_approved and tool.risk != "read":
        return Ruling("deny", PLAN_FIRST)
    if tool.needs_approval:
        return Ruling("ask", f"{tool.title} asks in every mode.")
    if standing:
        return Ruling("allow", "by a standing permission")
    if set_here == Permission.ASK:
        return Ruling("ask", f"{tool.title} is set to ask for this teammate.")
    if set_here == Permission.ALLOW:
        return Ruling("allow", "set to allow")
    if mode == Mode.AUTONOMOUS or tool.risk == "read":
        return Ruling("allow", "by mode")
    return Ruling("ask", f"{Mode(mode).label} mode asks before anything that {tool.risk_words}.")
