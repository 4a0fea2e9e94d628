"""The answer as data, where the run asked for it."""

import json
import re
from typing import Any

from teammates.exact import finite, flaw_in, no_number
from teammates.json_schemas import fits

FENCED = re.compile(r"```(?:json)?\s*\n(.*?)\n?```", re.DOTALL)


def data_in(text: str, schema: dict[str, Any] | None) -> Any:
    """The JSON object that the answer is, or holds as its one block of code, if it fits `schema`; else None."""
    if schema is None:
        return None
    for candidate in [text, *FENCED.findall(text)]:
        try:
            found = json.loads(candidate, parse_constant=no_number, parse_float=finite)
        except (ValueError, RecursionError):
            continue
        if not flaw_in(found) and fits(schema, found):
            return found
    return None
