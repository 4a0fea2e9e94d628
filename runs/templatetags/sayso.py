"""What templates need to say: who, when, how long, and words that came from outside."""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from django import template
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.messages.storage.base import Message
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from lucide import IconDoesNotExist
from lucide.templatetags.lucide import lucide

from runs import rendering, ways
from runs.flowchart import Node
from teammates.tools.registry import LEVELS, RISK_WORDS

register = template.Library()

register.filter("markdown", rendering.markdown)
register.filter("visible", rendering.visible)
register.filter("legible", rendering.legible)
register.filter("way", ways.way)
register.filter("called", ways.name_of)

MINUTE, HOUR, DAY = 60, 3600, 86400
# Keyed by any text: a row may hold a risk that a tool once had.
LEVEL_OF: dict[str, str] = {str(risk): level for risk, level in LEVELS.items()}
WORDS_OF: dict[str, str] = {str(risk): words for risk, words in RISK_WORDS.items()}
RISK_ICONS = {"low": "circle", "medium": "diamond", "high": "triangle-alert", "critical": "octagon-alert"}
STATE_ICONS = {
    "queued": "clock",
    "paused": "circle-pause",
    "completed": "circle-check",
    "failed": "circle-x",
    "cancelled": "ban",
    "proposed": "clock",
    "ready": "clock",
    "waiting": "circle-pause",
    "succeeded": "circle-check",
    "denied": "circle-x",
    "outcome_unknown": "octagon-alert",
}
EFFECT_WORDS = {
    "pure": "none, it only works something out",
    "read": "it only reads",
    "idempotent": "doing it twice is as doing it once",
    "reconcilable": "whether it happened can be looked up",
    "effect": "acts outside; never repeated by itself",
}
STEP_ICONS = {
    "not_yet": "clock",
    "running": "activity",
    "waiting": "circle-pause",
    "done": "circle-check",
    "failed": "circle-x",
    "skipped": "circle-slash",
    "stopped": "ban",
}
KIND_ICONS = {
    "teammate": "user-round",
    "team": "users",
    "tool": "wrench",
    "condition": "git-branch",
    "router": "git-fork",
    "parallel": "columns-3",
    "loop": "repeat",
}
SPINNING = {"running", "started"}
PLAIN_ICON = "wrench"


@register.simple_tag
@lru_cache(maxsize=512)
def icon(name: str, size: int = 16, look: str = "") -> SafeString:
    """A drawing beside words that say the same; drawn once, because drawing is slow. `look`: its classes."""
    try:
        return SafeString(lucide(name, size=size, aria_hidden="true", **({"class": look} if look else {})))
    except IconDoesNotExist:
        return SafeString(lucide(PLAIN_ICON, size=size, aria_hidden="true"))  # a tool of this installation named it


@register.simple_tag
def step_icon(node: Node) -> SafeString:
    """The state of a step, or what kind of step it is where there is no state."""
    return icon(STEP_ICONS.get(node.seen.state) or KIND_ICONS[node.step.kind])


@register.filter
def initials(name: str) -> str:
    """Two letters for an avatar."""
    words = re.findall(r"\w+", name)
    letters = "".join(word[0] for word in words[:2]) if len(words) > 1 else "".join(words)[:2]
    return letters.upper() or "?"


@register.filter
def person(user: AbstractBaseUser | None) -> str:
    """What a person is called."""
    if user is None:
        return "somebody"
    full_name: str = getattr(user, "get_full_name", str)()
    return full_name or user.get_username()


@register.filter
def level(risk: str) -> str:
    """The chip of a risk: low, medium, high or critical."""
    return LEVEL_OF.get(risk, risk)


@register.filter
def risk_words(risk: str) -> str:
    return WORDS_OF.get(risk, "")


@register.filter
def effect_words(effect: str) -> str:
    """What a call does to the world, were it repeated."""
    return EFFECT_WORDS.get(effect, effect)


@register.filter
def risk_icon(name: str) -> str:
    return RISK_ICONS.get(name, "circle")


@register.filter
def state_icon(state: str) -> str:
    """The icon of a status; empty: the ring, because it runs."""
    return "" if state in SPINNING else STATE_ICONS.get(state, "circle")


@register.filter
def once(messages: Iterable[Message]) -> list[Message]:
    """Messages, without those that say the same again: each form that was sent has left its own."""
    return list({(message.level_tag, str(message)): message for message in messages}.values())


@register.filter
def lasting(seconds: float | None) -> str:
    """A length of time in words: 0.4 s, 12 s, 3 min, 2 h 5 min, 3 d."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{max(seconds, 0.1):.1f} s"
    whole = int(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min"
    if whole < DAY:
        rest = whole % HOUR // MINUTE
        return f"{whole // HOUR} h {rest} min" if rest else f"{whole // HOUR} h"
    return f"{whole // DAY} d"


@register.filter
def clock(moment: datetime | None) -> SafeString:
    """A time of day, with its date when that is not today; live.js turns it into the reader's own zone."""
    if moment is None:
        return SafeString()
    local = timezone.localtime(moment)
    shown = f"{local:%H:%M}" if local.date() == timezone.localdate() else f"{local:%-d %b %H:%M}"
    return timed("clock", local, shown)


@register.filter
def age(moment: datetime | None) -> SafeString:
    """How long ago, in words; the exact time is in the title."""
    if moment is None:
        return SafeString()
    seconds = max(0, int((timezone.now() - moment).total_seconds()))
    return timed("age", timezone.localtime(moment), lasting(float(seconds)) if seconds >= 10 else f"{seconds} s")


def timed(kind: str, moment: datetime, shown: str) -> SafeString:
    return format_html(
        '<time datetime="{}" data-time="{}" title="{}">{}</time>',
        moment.isoformat(timespec="seconds"),
        kind,
        f"{moment:%Y-%m-%d %H:%M:%S %Z}",
        shown,
    )


@register.filter
def lasted(row: Any) -> SafeString:
    """How long a run or a call took, or takes until now."""
    start, end = row.started_at or row.created_at, row.finished_at
    if end is None:
        return age(start)
    return format_html("{}", lasting((end - start).total_seconds()))


@register.filter
def thousands(number: int | None) -> str:
    return f"{number or 0:,}"
