"""What the cards need to say about a gate."""

from typing import Any

import nh3
from django import template
from django.template import Context
from django.urls import reverse

from approvals import cards, plans
from approvals.asking import name_of
from approvals.changes import Piece, pieces
from approvals.forms import QuestionForm, form_for
from approvals.models import Gate, Question, ToolApproval, Verdict
from runs.states import GateStatus
from teammates.legible import MISLEADING

register = template.Library()

register.filter("kind", cards.kind_of)
register.filter("gate_key", name_of)
register.filter("gate_title", cards.title_of)
register.filter("gate_target", cards.target_of)
register.filter("gate_line", cards.line_of)
register.filter("worded", cards.worded)
register.filter("steps", cards.steps)
register.filter("is_settled", cards.is_settled)
register.filter("changed_rows", cards.changed_rows)
register.filter("sections", plans.sections)
register.filter("named_tools", plans.named_tools)
register.simple_tag(cards.exact, name="exact")

PREVIEW_TAGS = {
    "p",
    "br",
    "hr",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "strong",
    "em",
    "b",
    "i",
    "u",
    "s",
    "blockquote",
} | {*("ul", "ol", "li", "code", "pre", "table", "thead", "tbody", "tr", "th", "td")}


@register.filter
def card_template(gate: Gate) -> str:
    """The fragment that shows this kind of gate."""
    kind = cards.kind_of(gate)
    return f"approvals/_{'blanks' if kind in ('input', 'external') else kind}.html"


@register.filter
def kind_words(gate: Gate) -> str:
    return Question.Kind(gate.kind).label if isinstance(gate, Question) else "Approval"


@register.filter
def kind_icon(gate: Gate) -> str:
    return cards.KIND_ICONS.get(cards.kind_of(gate), "badge-check")


@register.filter
def verdict_words(gate: Gate) -> str:
    """What was done: Allowed, Denied, Answered; for a plan what the answer was."""
    if gate.status == GateStatus.EXPIRED:
        return "Expired"
    if isinstance(gate, Question) and gate.kind == Question.Kind.PLAN:
        if gate.verdict == Verdict.DENY:
            return "Rejected"
        return "Approved" if gate.answers else "Sent back"
    if isinstance(gate, ToolApproval) and gate.edited_arguments is not None:
        return "Changed and allowed"
    return str(gate.get_verdict_display())


@register.filter
def deed(gate: Gate) -> str:
    """What somebody had done, in a sentence: "allowed it", "sent it back"."""
    words = verdict_words(gate).lower()
    return "sent it back" if words == "sent back" else f"{words} it"


@register.filter
def short_digest(digest: str) -> str:
    """Enough of the digest to compare by eye: 7f3a 91c2 e04b."""
    return " ".join(digest[i : i + 4] for i in range(0, 12, 4))


@register.filter
def gate_url(gate: Gate) -> str:
    """The page of the gate."""
    return reverse("inbox:approval" if isinstance(gate, ToolApproval) else "inbox:question", args=[gate.pk])


@register.filter
def run_anchor(gate: Gate) -> str:
    """Where the gate stands in its run."""
    return f"{reverse('runs:detail', args=[gate.run_id])}#{name_of(gate)}"


@register.simple_tag(takes_context=True)
def words_with(context: Context, gate: Gate) -> str:
    """What the teammate said with the call; on the run's page it was read already."""
    return context["turn"].text.strip() if "turn" in context else cards.words_of(gate)


@register.simple_tag
def form_of(gate: Question, sent: QuestionForm | str = "") -> QuestionForm:
    """The form as it was sent, or an empty one."""
    return form_for(gate) if isinstance(sent, str) or sent is None else sent


@register.filter
def answer_to(gate: Question, question: str) -> list[str]:
    """What was answered, as a list."""
    given = gate.answers.get(question, [])
    return given if isinstance(given, list) else [given]


@register.filter
def preview_html(text: str) -> str:
    """A model's HTML cut down to text marks: nothing that loads, links or runs. Shown in a sandboxed frame only."""
    return MISLEADING.sub(lambda found: f"U+{ord(found[0]):04X}", nh3.clean(text, tags=PREVIEW_TAGS, attributes={}))


@register.simple_tag
def difference(old: Any, new: Any) -> list[Piece]:
    return pieces(str(old), str(new))
