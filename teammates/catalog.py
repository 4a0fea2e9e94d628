"""What may be asked for by name: models and tools."""

from collections.abc import Iterable

from django.conf import settings

from teammates.errors import Refused
from teammates.models import Teammate
from teammates.tools.registry import registry


def known_models() -> list[str]:
    """The default, the script, those of `SAYSO_MODELS` and those that a teammate has."""
    named = Teammate.objects.exclude(model="").values_list("model", flat=True).distinct()
    return sorted({"demo", settings.DEFAULT_MODEL, *settings.KNOWN_MODELS, *named})


def check_model(name: str) -> None:
    if name not in known_models():
        raise Refused(f"There is no model {name!r}.", field="model", code="unknown_model")


def check_tools(names: Iterable[str] | None) -> None:
    for name in names or ():
        if registry.given(name) is None:
            raise Refused(f"There is no tool {name!r}.", field="tools", code="unknown_tool")
