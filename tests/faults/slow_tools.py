"""Tools of the kill tests: they leave a line in a ledger outside the product, then wait."""

import os
import time
from pathlib import Path

from teammates.tools import ToolContext, tool


def entered(context: ToolContext, name: str) -> None:
    with Path(os.environ["LEDGER"]).open("a") as ledger:
        ledger.write(f"{name} {context.key}\n")
    while Path(os.environ["LEDGER"]).with_name("hold").exists():
        time.sleep(0.02)


@tool(effect="effect", needs_approval=True, title="Send a letter", consequence="It is in the post.")
def send_letter(context: ToolContext, to: str) -> str:
    """Send a letter."""
    entered(context, "send_letter")
    return f"sent to {to}"


@tool(effect="read", title="Look slowly")
def look_slowly(context: ToolContext) -> str:
    """Look for a while."""
    entered(context, "look_slowly")
    return "seen"
