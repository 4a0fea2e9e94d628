"""What teammates can do. A tool of your own is a function with `@tool` in a module named in `SAYSO_TOOLS`."""

from teammates.tools.context import ToolContext, ToolError
from teammates.tools.registry import tool

__all__ = ["ToolContext", "ToolError", "tool"]
