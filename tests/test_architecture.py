"""The shape of the house: which room may know which, and how large a thing may grow."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

from tests.source import ROOMS, called, files, functions, imports, lines, modules, text, tree

CODE = modules(*ROOMS)
LOOKUPS = ["filter", "exclude", "get", "annotate", "aggregate", "order_by", "values", "values_list", "only"]
MANAGER = [*LOOKUPS, "all", "count", "exists", "create", "add", "set", "first", "last", "update", "delete", "aget"]
STATES = {"status", "state"}


def rooms_above(room: str) -> set[str]:
    return set(ROOMS[ROOMS.index(room) + 1 :])


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_imports_one_above_it(room):
    above = rooms_above(room)
    used = [(str(path), name) for path in modules(room) for name in sorted(imports(path))]
    assert [(path, name) for path, name in used if name.split(".")[0] in above] == []


def accessors_upward(room: str) -> set[str]:
    """The names by which rows of `room` and of Django reach rows that are declared in a room above."""
    above = rooms_above(room)
    models = [model for model in apps.get_models() if model._meta.app_label not in above]
    relations = [relation for model in models for relation in model._meta.related_objects]
    upward = [relation for relation in relations if relation.related_model._meta.app_label in above]
    return {relation.get_accessor_name() for relation in upward if relation.get_accessor_name()}


def accessors_used(path: Path) -> Iterator[str]:
    """`run.approvals.filter(…)` and `filter(approvals__status=…)`; a dataclass may well have a field of that name."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and node.attr in MANAGER and isinstance(node.value, ast.Attribute):
            yield node.value.attr
        if isinstance(node, ast.Call) and called(node) in LOOKUPS:
            yield from (str(keyword.arg).split("__")[0] for keyword in node.keywords)


@pytest.mark.parametrize("room", ROOMS)
def test_no_row_reaches_rows_of_a_room_above_it(room):
    upward = accessors_upward(room)
    used = [(str(path), name) for path in modules(room) for name in accessors_used(path)]
    assert [(path, name) for path, name in used if name in upward] == []


def test_the_rows_above_are_known_by_name():
    # The test before this one would pass for ever on an empty set.
    assert {"approvals", "questions", "decisions"} <= accessors_upward("runs")
    assert {"runs"} <= accessors_upward("teammates")


def test_a_module_is_read_in_one_sitting():
    assert {str(path): len(text(path).splitlines()) for path in modules() if len(text(path).splitlines()) > 300} == {}


def test_a_function_fits_a_screen():
    assert [f"{path}:{node.name}" for path in modules() for node in functions(path) if lines(node) > 50] == []


def test_nothing_waits_for_a_row_lock():
    # SQLite ignores it, so it would hold in one shape only.
    assert [str(path) for path in CODE if "select_for_update" in text(path)] == []


def assigned(part: ast.AST) -> Iterator[int]:
    """The lines of `run.status = …`."""
    for node in ast.walk(part):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (
                node.lineno for target in targets if isinstance(target, ast.Attribute) and target.attr in STATES
            )


def updated(function: ast.AST) -> Iterator[int]:
    """The lines where a status is set and nothing asks for the status before.

    It is set with `update(status=…)`, with `change(…, status=…)`, or in what an `@Update` returns; and asked for
    with `filter(status=…)`, or in what `change` is given.
    """
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    asked = {str(word.arg).split("__")[0] for call in calls if called(call) == "filter" for word in call.keywords}
    keys = {key.value: key.lineno for key in keys_of(function)}
    for call in calls:
        if called(call) == "update":
            yield from (word.value.lineno for word in call.keywords if word.arg in STATES - asked)
        if called(call) == "change":
            yield from (word.value.lineno for word in call.keywords if word.arg in STATES - asked - keys.keys())
    if any(isinstance(one, ast.Name) and one.id == "Update" for one in getattr(function, "decorator_list", ())):
        yield from (keys[name] for name in STATES & keys.keys() - asked)


def keys_of(function: ast.AST) -> list[ast.Constant]:
    dicts = [node for node in ast.walk(function) if isinstance(node, ast.Dict)]
    return [key for one in dicts for key in one.keys if isinstance(key, ast.Constant)]


@pytest.mark.parametrize(
    "code",
    [
        "def f(): Run.objects.filter(pk=1).update(status='paused')",
        "def f(): change(Run, {'pk': 1}, status='paused')",
        "@Update\ndef f(pk): return Run.objects.filter(pk=pk), {'status': 'paused'}",
    ],
)
def test_a_status_that_is_set_without_being_asked_for_is_found(code):
    assert [line for function in ast.parse(code).body for line in updated(function)] != []
    asking = code.replace("pk=1", "pk=1, status='running'").replace("pk=pk", "pk=pk, status='running'")
    asking = asking.replace("{'pk': 1}", "{'pk': 1, 'status': 'running'}")
    assert [line for function in ast.parse(asking).body for line in updated(function)] == []


def test_a_status_changes_by_compare_and_set_only():
    for path in CODE:
        moves = {line for function in functions(path) if function.name == "move" for line in assigned(function)}
        assert set(assigned(tree(path))) - moves == set(), path
        assert [line for function in functions(path) for line in updated(function)] == [], path


def test_a_silenced_check_says_why():
    """In the same line, after the code that it silences: a bare one hides the next mistake too."""
    silenced = re.compile(r"#\s*(?:noqa|type:\s*ignore)\b.*")
    reasoned = re.compile(r"#\s*(?:noqa:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|type:\s*ignore\[[\w,\s-]+\])[\s#(-]+[a-zA-Z]")
    marks = [(str(path), mark) for path in modules() for mark in silenced.findall(text(path))]
    assert [(path, mark) for path, mark in marks if not reasoned.match(mark)] == []
    assert [(path, mark) for path, mark in marks if "C901" in mark] == []


def test_no_file_knows_the_machine_it_was_written_on():
    machine = re.compile(r"(?<![\w.>}])/(?:" + "|".join(["work", "tmp/w", "root", "Users", "home/[a-z]+"]) + ")/")
    read = {".py", ".md", ".toml", ".html", ".css", ".js", ""}
    assert [str(path) for path in files() if path.suffix in read and machine.search(text(path))] == []
