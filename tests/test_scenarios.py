"""Every fault that Sayso promises to survive is a test with its number in the docstring."""

import ast
import re

from tests.source import functions, modules

WAITING = {
    "F27": "there are no tools of other servers yet",
}


def told():
    """The numbers, and the tests that name them."""
    found = {}
    for path in modules("tests"):
        for function in functions(path):
            for number in re.findall(r"\bF\d+\b", ast.get_docstring(function) or ""):
                if function.name.startswith("test_"):
                    found.setdefault(number, []).append(f"{path}::{function.name}")
    return found


def test_every_scenario_is_tested_or_says_what_it_waits_for():
    assert {f"F{number}" for number in range(1, 47)} - set(told()) == set(WAITING)
