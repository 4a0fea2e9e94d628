"""What of a call's arguments is shown where nobody asked for all of them."""

from typing import Any

LENGTH = 80


def is_secret(spec: dict[str, Any]) -> bool:
    """Is a parameter of this schema shown only to whoever asks for it?"""
    kinds = [spec, *spec.get("anyOf", [])]
    return any(kind.get("format") == "password" or kind.get("writeOnly") for kind in kinds)


def secrets_of(schema: dict[str, Any]) -> set[str]:
    """Names of the tool's parameters."""
    return {name for name, spec in schema.get("properties", {}).items() if is_secret(spec)}


def target_of(schema: dict[str, Any], arguments: dict[str, Any]) -> str:
    """The first short value that is no secret, for one line of a list.

    In the order of the tool's parameters: the order in which a model writes them would let it choose.
    """
    declared, secrets = schema.get("properties", {}), secrets_of(schema)
    names = [*(name for name in declared if name in arguments), *(name for name in arguments if name not in declared)]
    for value in (arguments[name] for name in names if name not in secrets):
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and str(value).strip():
            first = str(value).strip().splitlines()[0]
            return first if len(first) <= LENGTH else first[: LENGTH - 1] + "…"
    return ""
