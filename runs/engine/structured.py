"""The answer as data, where the run asked for it."""

import json
import re
from typing import Any

from jsonschema import Draft202012Validator

FENCED = re.compile(r"```(?:json)?\s*\n(.*?)\n?```", re.DOTALL)


def data_in(text: str, schema: dict[str, Any] | None) -> Any:
    """The JSON object that the answer is, or holds as its one block of code, if it fits `schema`; else None."""
    if schema is None:
        return None
    for candidate in [text, *FENCED.findall(text)]:
        try:
            found = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        if Draft202012Validator(schema).is_valid(found):
            return found
    return None
