"""What the strict content policy and the pages without JavaScript need of every template."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.template import TemplateDoesNotExist
from django.template.base import Node, Origin, Template
from django.template.defaulttags import URLNode
from django.template.loader import get_template
from django.template.loader_tags import ExtendsNode, IncludeNode
from django.urls import get_resolver
from lucide.templatetags.lucide import lucide

from tests.source import files, modules, text

TEMPLATES = [path for path in files("templates") if path.suffix in (".html", ".txt")]
INLINE = {
    "a style": re.compile(r"<style\b|\sstyle\s*=", re.I),
    "a script without a file": re.compile(r"<script\b(?![^>]*\bsrc=)", re.I),
    "a handler": re.compile(r"\son[a-z]+\s*=|hx-on", re.I),
    "a file from elsewhere": re.compile(r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=[\"']?(?:https?:)?//", re.I),
}


def compiled(path: Path) -> Template:
    return get_template(str(path.relative_to("templates"))).template


def nodes(template: Template) -> Iterator[Node]:
    yield from template.nodelist.get_nodes_by_type(Node)


def markup(path: Path) -> str:
    """The template without its tags, so that `{% with style=… %}` is no attribute."""
    return re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|\{% comment.*?endcomment %\}", "", text(path), flags=re.S)


@pytest.mark.parametrize("what", INLINE)
def test_no_template_has(what):
    found = [(str(path), match) for path in TEMPLATES for match in INLINE[what].findall(markup(path))]
    assert found == []


def test_no_template_switches_escaping_off():
    off = re.compile(r"\|\s*safe(?:seq)?\b|autoescape\s+off")
    assert [(str(path), match) for path in TEMPLATES for match in off.findall(text(path))] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=str)
def test_it_compiles(path):
    assert isinstance(compiled(path).origin, Origin)


def names_of_addresses(resolver=None, space: str = "") -> Iterator[str]:
    for name in (resolver := resolver or get_resolver()).reverse_dict:
        if isinstance(name, str):
            yield space + name
    for inner, (_, below) in resolver.namespace_dict.items():
        yield from names_of_addresses(below, f"{space}{inner}:")


def test_every_address_that_is_named_exists():
    known = set(names_of_addresses())
    named = [
        (str(path), node.view_name.var)
        for path in TEMPLATES
        for node in nodes(compiled(path))
        if isinstance(node, URLNode) and isinstance(node.view_name.var, str)
    ]
    assert [(path, name) for path, name in named if name not in known] == []


def test_every_template_that_is_named_exists():
    named = [
        (str(path), word.var)
        for path in TEMPLATES
        for node in nodes(compiled(path))
        if isinstance(node, IncludeNode | ExtendsNode)
        and isinstance((word := node.template if isinstance(node, IncludeNode) else node.parent_name).var, str)
    ]
    assert [(path, name) for path, name in named if not is_there(name)] == []


def is_there(name):
    try:
        return bool(get_template(name))
    except TemplateDoesNotExist:
        return False


def names_that_are_made(source: str) -> Iterator[re.Pattern[str]]:
    """What `f"approvals/_{kind}.html"` may come to."""
    for name in re.findall(r'f"([^"\n]+\.html)"', source):
        yield re.compile(re.sub(r"\\\{.*?\\\}", r"\\w+", re.escape(name)))


def test_every_template_is_used():
    """A fragment that no page, view or tag names any more is dead."""
    source = "\n".join(text(path) for path in [*modules("runs", "approvals", "teammates", "api", "config"), *TEMPLATES])
    made = list(names_that_are_made(source))
    of_django = {"400.html", "403.html", "403_csrf.html", "404.html", "500.html"}
    names = {str(path.relative_to("templates")) for path in TEMPLATES} - of_django
    unused = [name for name in names if f'"{name}"' not in source]
    assert [name for name in unused if not any(pattern.fullmatch(name) for pattern in made)] == []


def test_every_icon_that_is_named_exists():
    named = [(str(path), name) for path in TEMPLATES for name in re.findall(r'{% icon "([\w-]+)"', text(path))]
    assert len(named) > 50
    for path, name in named:
        assert lucide(name), path


def test_no_code_marks_text_as_safe_but_the_renderer():
    """nh3 stands behind it there."""
    marks = [str(path) for path in modules("runs", "approvals", "teammates", "config") if "mark_safe" in text(path)]
    assert set(marks) <= {"runs/rendering.py"}
