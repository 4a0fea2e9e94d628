"""What a change of mode or tools does, in words: who is asked before, who after."""

from dataclasses import dataclass

from teammates.permissions import verdict
from teammates.services import Tools
from teammates.tools.registry import registry

Rulings = dict[str, str]  # tool name -> allow | ask | deny


@dataclass(frozen=True)
class Change:
    """`sentences` tell what is different; `looser` says that something will now run without asking."""

    sentences: list[str]
    looser: bool


def rulings(mode: str, tools: Tools) -> Rulings:
    """What happens when each tool is called; in plan mode, once the plan is approved."""
    found = {}
    for name, permission in tools:
        tool = registry.get(name)
        if tool and not tool.gate:
            found[name] = str(verdict(mode, tool, permission, plan_approved=True).effect)
    return found


def change(before: Rulings, after: Rulings) -> Change:
    """The difference between two sets of rulings."""
    moved = {name: ruling for name, ruling in after.items() if before.get(name) != ruling}
    named = {ruling: [name for name, now in moved.items() if now == ruling] for ruling in ("allow", "ask", "deny")}
    gone = [name for name in before if name not in after]
    told = [
        sentence(named["allow"], "will now run without asking"),
        sentence(named["ask"], "will now ask"),
        sentence(named["deny"], "will now be refused"),
        sentence(gone, "will no longer be there"),
    ]
    return Change(sentences=[text for text in told if text], looser=bool(named["allow"]))


def sentence(names: list[str], what: str) -> str:
    if not names:
        return ""
    noun = "1 tool" if len(names) == 1 else f"{len(names)} tools"
    return f"{noun} {what}: {', '.join(title_of(name) for name in names)}."


def title_of(name: str) -> str:
    tool = registry.get(name)
    return tool.title if tool else name
