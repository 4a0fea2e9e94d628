"""The documents say what the code says."""

import re
from pathlib import Path

import pytest
from django.urls import get_resolver

from api.agentos.door import door as agentos
from api.agentos.shapes import STATUS
from config.env import Environment
from runs.states import CALL_MOVES, GATE_MOVES, RUN_MOVES
from teammates.keys import SCOPES
from tests.api.world import OPERATIONS
from tests.source import ROOT, files, text

DOCS = Path("docs")
PAGES = [path for path in files() if path.suffix == ".md"]


@pytest.mark.parametrize("field", Environment.model_fields)
def test_every_setting_is_explained(field):
    assert f"| `{field.upper()}` |" in text(DOCS / "settings.md")


def test_no_setting_is_explained_that_does_not_exist():
    explained = set(re.findall(r"^\| `([A-Z_]+)` \|", text(DOCS / "settings.md"), re.M))
    assert explained - {"SAYSO_TESTS_REQUIRE"} == {field.upper() for field in Environment.model_fields}


def section(page: Path, heading: str) -> str:
    """The text below one heading, to the next of its kind."""
    return re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text(page), re.M | re.S)[1]


@pytest.mark.parametrize(("heading", "moves"), [("Run", RUN_MOVES), ("Tool call", CALL_MOVES), ("Gate", GATE_MOVES)])
def test_every_move_is_drawn_and_no_other(heading, moves):
    drawn = set(re.findall(r"^ +(\w+) --> (\w+)", section(DOCS / "states.md", heading), re.M))
    assert drawn == {(source.value, target.value) for source, targets in moves.items() for target in targets}


@pytest.mark.parametrize(("heading", "moves"), [("Run", RUN_MOVES), ("Tool call", CALL_MOVES), ("Gate", GATE_MOVES)])
def test_every_state_is_listed_with_the_words_that_people_see(heading, moves):
    listed = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section(DOCS / "states.md", heading), re.M)
    assert listed == [(state.value, state.label) for state in type(next(iter(moves)))]


def routes_listed() -> set[tuple[str, str]]:
    return set(re.findall(r"^\| ([A-Z]+) \| `([^`]+)` \|", section(DOCS / "m8tes.md", "Every route"), re.M))


def addresses_served() -> set[str]:
    [door] = [entry for entry in get_resolver().url_patterns if str(entry.pattern) == "api/v2/"]
    patterns = [str(entry.pattern) for entry in door.url_patterns if str(entry.pattern)]  # its root is ninja's own
    return {"/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", pattern) for pattern in patterns}


def test_every_route_of_the_m8tes_door_is_listed_and_no_other():
    assert {path for _, path in routes_listed()} == addresses_served()
    assert routes_listed() == set(OPERATIONS)


def test_every_route_of_the_agentos_door_is_listed_and_no_other():
    listed = re.findall(r"^\| ([A-Z]+) \| `([^`]+)` \| (.+) \|", section(DOCS / "agentos.md", "Every route"), re.M)
    paths = agentos.get_openapi_schema(path_prefix="")["paths"]
    served = [(way.upper(), path, told["summary"]) for path, ways in paths.items() for way, told in ways.items()]
    assert sorted(listed) == sorted(served)


def test_state_table_of_pause_and_continue_is_published():
    table = re.findall(r"^\| `([A-Z]+)`", section(DOCS / "agentos.md", "Pause and continue"), re.M)
    assert table == list(STATUS.values())


def test_every_scope_of_a_key_is_explained():
    assert set(re.findall(r"^\| `([\w*:]+)` \|", section(DOCS / "m8tes.md", "Keys and scopes"), re.M)) == set(SCOPES)


def test_make_prints_every_word_that_it_knows():
    makefile = text(Path("Makefile"))
    words = re.search(r"^\.PHONY: (.*)$", makefile, re.M)[1].split()
    printed = re.findall(r'^\t@echo "make ([\w-]+) ', makefile, re.M)
    assert [word for word in words if word not in ("help", "dev")] == printed


def test_the_newest_version_is_at_the_top_of_the_changelog():
    versions = re.findall(r"^## (.+)$", text(Path("CHANGELOG.md")), re.M)
    numbers = [tuple(int(part) for part in version.split(".")) for version in versions]
    assert numbers
    assert numbers == sorted(numbers, reverse=True)
    assert f'version = "{versions[0]}"' in text(Path("pyproject.toml"))


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text(page), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_somewhere(page):
    prose = re.sub(r"```.*?```", "", text(page), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (page.parent / name) if name else page
        assert (ROOT / there).exists(), target
        assert not anchor or anchor in anchors(there), target


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_files_that_are_named_exist(page):
    """`runs/states.py` in code quotes is a promise that the reader finds it."""
    named = re.findall(r"`((?:[\w.-]+/)+[\w-]+\.(?:py|md|html|toml|js|css))`", text(page))
    assert [name for name in named if not ((ROOT / name).exists() or (ROOT / page.parent / name).exists())] == []
