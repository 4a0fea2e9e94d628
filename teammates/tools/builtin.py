"""The tools that every installation has."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field

from teammates.tools import delegation, questions  # noqa: F401 - importing them registers their tools
from teammates.tools.context import ToolContext, ToolError
from teammates.tools.registry import make, registry, tool

# What every installation gives its teammates; `announce` below is only a sample.
TODO_LIST = "todo_write"
BUILT_IN = {"write_file", "read_file", "list_files", "current_time", TODO_LIST, "remember", "recall"}
FileName = Annotated[str, Field(min_length=1, max_length=200, description="A flat name such as notes.md, no folders.")]


class Todo(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: Annotated[str, Field(min_length=1, max_length=300)]
    done: bool = False


def ours(title: str, icon: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A tool that only touches files, notes and lists of our own: reversible, and safe to repeat."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        registry.add(make(function, title=title, icon=icon, effect="idempotent", risk="write_internal"))
        return function

    return register


@ours(title="Write a file", icon="file-pen-line")
def write_file(context: ToolContext, name: FileName, content: Annotated[str, Field(max_length=1_000_000)]) -> str:
    """Write a text file that the person can download. Writing a name again replaces its content."""
    return f"Wrote {name}, {context.files.write(name, content)} bytes."


@tool(effect="read", title="Read a file", icon="file-text")
def read_file(context: ToolContext, name: FileName) -> str:
    """Read a text file of this conversation."""
    return context.files.read(name)


@tool(effect="read", title="List files", icon="folder-open")
def list_files(context: ToolContext) -> str:
    """List the files of this conversation, newest first."""
    return "\n".join(context.files.names()) or "There are no files yet."


@tool(effect="pure", title="Look at the clock", icon="clock")
def current_time(timezone: str = "UTC") -> str:
    """The current date and time in a timezone such as Europe/Berlin."""
    try:
        return datetime.now(ZoneInfo(timezone)).strftime("%A, %Y-%m-%d %H:%M:%S %Z")
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ToolError(f"There is no timezone {timezone!r}; use a name such as Europe/Berlin.") from error


@ours(title="Update the to-do list", icon="list-todo")
def todo_write(context: ToolContext, items: Annotated[list[Todo], Field(max_length=50)]) -> str:
    """Show the person your list of steps and which are done. Send the whole list each time."""
    context.note("todos", {"items": [item.model_dump() for item in items]})
    return f"{sum(item.done for item in items)} of {len(items)} done."


@ours(title="Remember", icon="bookmark-plus")
def remember(context: ToolContext, text: Annotated[str, Field(min_length=1, max_length=2000)]) -> str:
    """Remember a fact for later conversations with this person."""
    context.memories.add(text)
    return "Remembered."


@tool(effect="read", title="Recall", icon="bookmark")
def recall(context: ToolContext, words: str = "") -> str:
    """Find what you remembered; all of it without words."""
    return "\n".join(f"- {text}" for text in context.memories.find(words)) or "Nothing remembered."


@tool(
    effect="effect",
    needs_approval=True,
    title="Publish an announcement",
    consequence="Everyone who follows the channel sees it. It cannot be recalled.",
    icon="megaphone",
)
def announce(
    context: ToolContext,
    channel: Annotated[str, Field(min_length=1, max_length=80)],
    text: Annotated[str, Field(min_length=1, max_length=5000)],
) -> str:
    """Publish an announcement in a channel. (A sample: it appends a line to announcements.jsonl beside the data.)"""
    line = {"key": context.key, "channel": channel, "text": text, "at": datetime.now(UTC).isoformat()}
    with open(settings.DATA_DIR / "announcements.jsonl", "a") as board:
        board.write(json.dumps(line) + "\n")
    return f"Published in {channel}."
