"""What the roster's pages show, worked out beforehand."""

from dataclasses import dataclass

from django.conf import settings

from teammates import effects, services
from teammates.models import Mode, Teammate
from teammates.permissions import verdict
from teammates.tools.registry import Tool, registry

OFF, BY_MODE = "off", "mode"
CHOICES = {OFF: "Off", BY_MODE: "Mode", "allow": "Allow", "ask": "Ask", "deny": "Deny"}
WORDS = {"allow": "runs at once", "ask": "asks", "deny": "is refused"}


@dataclass(frozen=True)
class Card:
    """One line of the roster."""

    teammate: Teammate
    model: str
    tools: int
    asking: int
    mine: bool


def card(teammate: Teammate, user_id: int | None) -> Card:
    tools = services.tools_of(teammate)
    decided = effects.rulings(teammate.permission_mode, tools)
    asking = sum(ruling == "ask" for ruling in decided.values())
    return Card(teammate, model_of(teammate), len(decided), asking, teammate.owner_id == user_id)


def model_of(teammate: Teammate) -> str:
    name = teammate.model or settings.DEFAULT_MODEL
    return "demo, scripted" if name == "demo" else name


@dataclass(frozen=True)
class ToolRow:
    """One line of the matrix: what is chosen, and what the mode says where nothing is."""

    name: str
    tool: Tool | None  # none: it does not exist here any more
    chosen: str  # off, mode, allow, ask, deny
    by_mode: str  # allow, ask, deny

    @property
    def field(self) -> str:
        return f"tool:{self.name}"

    @property
    def locked(self) -> bool:
        """Asks in every mode: only giving, taking away and denying make a difference."""
        return bool(self.tool and self.tool.needs_approval)

    @property
    def choices(self) -> list[str]:
        if self.tool is None:
            return [OFF, self.chosen]
        return [OFF, "ask", "deny"] if self.locked else [OFF, BY_MODE, "allow", "ask", "deny"]

    @property
    def title(self) -> str:
        return self.tool.title if self.tool else self.name

    @property
    def columns(self) -> list[tuple[str, str, bool]]:
        """Choice, its label, and whether it is offered in this row; a tool that is gone can be kept as it is."""
        return [(choice, label, choice in self.choices) for choice, label in CHOICES.items()]

    @property
    def says(self) -> str:
        return WORDS[self.by_mode]


def matrix(teammate: Teammate) -> list[ToolRow]:
    """Every tool that can be given, and those that the teammate has although they are gone."""
    has = dict(services.tools_of(teammate))
    known = [tool for tool in registry.all() if not tool.gate]
    gone = [name for name in has if registry.given(name) is None]
    return [
        *(tool_row(teammate.permission_mode, tool, has) for tool in known),
        *(ToolRow(name, None, has[name] or BY_MODE, "deny") for name in gone),
    ]


def tool_row(mode: str, tool: Tool, has: dict[str, str]) -> ToolRow:
    chosen = (has[tool.name] or BY_MODE) if tool.name in has else OFF
    if tool.needs_approval and chosen in (BY_MODE, "allow"):
        chosen = "ask"
    return ToolRow(tool.name, tool, chosen, str(verdict(mode, tool, plan_approved=True).effect))


MODES = [
    (
        Mode.AUTONOMOUS,
        "Everything it has runs at once, except tools that ask in every mode and those you set to ask.",
    ),
    (
        Mode.APPROVAL,
        "Reading runs at once. Anything that writes, sends or spends waits until a person allows the exact call.",
    ),
    (
        Mode.PLAN,
        "It proposes a plan first. Until a person approves it only reading runs; after that it works as in Approval.",
    ),
]
