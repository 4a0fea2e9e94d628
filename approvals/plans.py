"""A plan as its page shows it: in parts with an outline, its revisions, and the tools that it names."""

import re
from dataclasses import dataclass
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from approvals.models import Question
from teammates.tools.registry import RISKS, Tool, registry

# Blocks only: the time for what stands inside them grows with the square of the text.
HEADINGS = MarkdownIt("js-default").disable(["inline", "table"])
OUTLINE = 60  # characters of a title
MOST_STEPS, MOST_PARTS = 60, 200  # each is a part of the page


@dataclass(frozen=True)
class Section:
    title: str
    text: str
    depth: int = 1


def sections(plan: str) -> list[Section]:
    """The plan in the parts that its headings make; where these are fewer than two, its numbered steps too."""
    source = plan.splitlines(keepends=True)
    tokens = HEADINGS.parse(plan)
    starts = headings(tokens)
    if len(starts) < 2:
        starts = sorted(starts + numbered(tokens, depth=starts[0][2] + 1 if starts else 1))
    if not 0 < len(starts) <= MOST_PARTS:
        return [Section("", plan)]
    bounds = [line for line, _, _ in starts[1:]] + [len(source)]
    top = min(depth for _, _, depth in starts)
    intro = "".join(source[: starts[0][0]])
    found = [Section("", intro)] if intro.strip() else []
    return found + [
        Section(title, "".join(source[begin:end]), depth - top + 1)
        for (begin, title, depth), end in zip(starts, bounds, strict=True)
    ]


Start = tuple[int, str, int]  # line, title, depth


def headings(tokens: list[Token]) -> list[Start]:
    return [
        (token.map[0], plain(after.content), int(token.tag[1]))
        for token, after in pairwise(tokens)
        if token.type == "heading_open" and token.map and token.level == 0
    ]


def numbered(tokens: list[Token], depth: int) -> list[Start]:
    """The items of numbered lists that are in nothing else, by their first line."""
    inside, found = False, []
    for place, token in enumerate(tokens):
        if token.level == 0 and token.type.startswith("ordered_list"):
            inside = token.nesting == 1
        if inside and token.level == 1 and token.type == "list_item_open" and token.map:
            found.append((token.map[0], f"{token.info}. {title_in(tokens[place + 2].content)}", depth))
    return found if len(found) <= MOST_STEPS else []


def title_in(words: str) -> str:
    """The bold words with which a step begins, or as much of its first line as an outline can hold."""
    bold = re.match(r"\*\*(.+?)\*\*", words)
    title = plain(bold[1] if bold else words.split("\n")[0])
    return title if len(title) <= OUTLINE else title[: OUTLINE - 1].rstrip() + "…"


def plain(words: str) -> str:
    return re.sub(r"[*`]+", "", words).strip(" .:")


def named_tools(question: Question) -> list[Tool]:
    """The tools that the teammate has and that the plan names, the most harmful first. Ours to find, not its claim."""
    names = [one["name"] for one in question.run.performer_revision.definition["tools"]]
    found = [tool for tool in map(registry.get, names) if tool and not tool.gate]
    said = [tool for tool in found if re.search(rf"\b{re.escape(tool.name)}\b", question.plan)]
    return sorted(said, key=lambda tool: (-RISKS.index(tool.risk), tool.title))


def revisions(question: Question) -> list[Question]:
    """Every revision of the plan of this run, oldest first."""
    return list(Question.objects.filter(run=question.run_id, kind=Question.Kind.PLAN).order_by("revision", "pk"))
