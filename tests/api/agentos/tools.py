"""Tools of the server that the clients drive: each leaves a line in a ledger outside the product."""

import os
from pathlib import Path

from teammates.tools import ToolContext, ToolError, tool


def noted(line: str) -> str:
    with Path(os.environ["LEDGER"]).open("a") as ledger:
        ledger.write(f"{line}\n")
    return line


@tool(needs_approval=True, title="Post")
def post(text: str) -> str:
    """Post a text."""
    return noted(f"posted {text}")


@tool(user_input=["to", "copies"])
def send(text: str, to: str, copies: int) -> str:
    """Send a text to somebody."""
    return noted(f"sent {text} to {to} x{copies}")


@tool(external=True)
def measure(place: str) -> str:
    """Measure the temperature of a place."""
    raise AssertionError(place)


@tool(effect="read")
def look() -> str:
    """Look around."""
    return "seen"


@tool(effect="pure")
def count(context: ToolContext, until: int) -> str:
    """Count aloud."""
    for number in range(1, until + 1):
        context.note("call.progress", {"done": number, "tool": "of the tool itself"})
    return "counted"


@tool(effect="read")
def stumble() -> str:
    """Walk on."""
    raise ToolError("There was a stone.")


@tool(effect="pure")
def shout(input: str) -> str:
    """Say it louder."""
    return input.upper()
