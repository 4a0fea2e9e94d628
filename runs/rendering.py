"""What strangers wrote, made safe to show: a model's Markdown, and the exact values of a tool call."""

import json
import re
import unicodedata
from functools import cache, lru_cache
from typing import Any

import nh3
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from teammates.legible import MISLEADING

MARKDOWN_LIMIT = 32 * 1024
# Beyond these the parser's time grows with the square of the text; the same text then loses its links or tables.
MAX_BRACKETS = 1000
MAX_CELLS = 10_000

TAGS = {"p", "br", "hr", "h3", "h4", "h5", "h6", "strong", "em", "s", "blockquote", "ul", "ol", "li", "code", "pre"}
TAGS |= {"a", "table", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES: dict[str, set[str]] = {"*": set(), "a": {"href"}, "code": {"class"}, "ol": {"start"}}
LANGUAGE = re.compile(r"language-[a-z0-9-]+")
ABSOLUTE = re.compile(r"(https?://|mailto:)", re.I)


@cache
def parser(without: tuple[str, ...]) -> MarkdownIt:
    """One for each set of rules left out: an instance is only safe in many threads while its rules stay."""
    return MarkdownIt("js-default").disable(["image", *without])


def markdown(text: str) -> SafeString:
    """The Markdown of a model as HTML of a closed list of tags; what is beyond the limit follows as it is."""
    head, rest = split_at_limit(text)
    tail = format_html('<pre class="beyond">{}</pre>', legible(rest)) if rest else SafeString()
    return rendered(head) + tail


def split_at_limit(text: str) -> tuple[str, str]:
    if len(text) <= MARKDOWN_LIMIT:
        return text, ""
    cut = text.rfind("\n", 0, MARKDOWN_LIMIT)
    cut = cut + 1 if cut > 0 else MARKDOWN_LIMIT
    return text[:cut], text[cut:]


@lru_cache(maxsize=256)
def rendered(text: str) -> SafeString:
    # A lone surrogate cannot be sent; JSON lets one through.
    text = text.encode("utf-8", "replace").decode()
    reader = parser(too_costly(text))
    tokens = reader.parse(text)
    for part in tokens:
        if part.type.startswith("heading"):
            part.tag = f"h{min(6, int(part.tag[1]) + 2)}"  # h1 and h2 are the page's
    html = reader.renderer.render(tokens, reader.options, {})
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=allowed,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener noreferrer ugc",
    )
    # Attributes hold none of these: addresses are written with %, and all else is Latin.
    return mark_safe(MISLEADING.sub(lambda found: unseen(found[0]), clean))  # noqa: S308 - cleaned in the lines above


def too_costly(text: str) -> tuple[str, ...]:
    """The rules whose time would grow too far with this text."""
    lines = text.splitlines() or [""]
    cells = max(line.count("|") for line in lines) * len(lines)
    rules = {"link": text.count("[") > MAX_BRACKETS, "table": cells > MAX_CELLS}
    return tuple(rule for rule, costly in rules.items() if costly)


def allowed(tag: str, name: str, value: str) -> str | None:
    if name == "class":
        return value if LANGUAGE.fullmatch(value) else None
    if name == "href":
        return value if ABSOLUTE.match(value) else None
    return value


# Characters that a reader would not see, or that would show others in a false order.
UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u2800\u2d7f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    r"\U00013430-\U0001343f\U00016fe4\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    r"|(?<![©®\u203c-\u3299\U0001f000-\U0001faff])\ufe0f(?!\u20e3)"  # elsewhere it makes an emoji
    r"|[ \t\n]{8,}"
)
LONG_BLANK = 80
MANY_LINES = 8


def visible(value: Any) -> SafeString:
    """A value exactly as it is, escaped, with a token for every character that would not be seen."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    parts, end = [], 0
    for match in UNSEEN.finditer(text):
        parts += [escape(text[end : match.start()]), token(match[0])]
        end = match.end()
    return SafeString("".join([*parts, escape(text[end:])]))


def legible(words: str) -> SafeString:
    """Words of a person or a model, escaped, with a token for each character that would mislead a reader."""
    return SafeString(MISLEADING.sub(lambda found: unseen(found[0]), escape(words)))


def token(found: str) -> str:
    if found[0] in " \t\n":
        return blank(found)
    return unseen(found)


def blank(found: str) -> str:
    """Short blanks as they are; a long one could push the words behind it out of sight."""
    lines = found.count("\n")
    if len(found) < LONG_BLANK and lines < MANY_LINES:
        return found
    name = f"{len(found)} blank characters, {lines} line ends"
    return format_html('<span class="ctl" title="not shown: {}">{}</span>', name, name)


@cache
def unseen(found: str) -> str:
    code = f"U+{ord(found):04X}"
    name = unicodedata.name(found, "control character").lower()
    return format_html('<span class="ctl" title="{} {}">{}</span>', code, name, code)
