"""What may be done with a teammate as a whole: make it, change it, take it out of use and back.

Every way in (pages, doors) may call these, in a transaction of its own. `Refused` leaves everything as it was.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils import timezone

from teammates import services
from teammates.catalog import check_model, check_tools
from teammates.errors import Refused
from teammates.models import Mode, Teammate
from teammates.tools.builtin import BUILT_IN
from teammates.tools.registry import registry

ARCHIVED = "{} is archived. Bring it back from the archive first."


def make(
    owner: User, name: str, tools: Iterable[str] | None = None, without: Iterable[str] | None = None, **fields: Any
) -> Teammate:
    """A teammate of `owner` with these tools, and with every built-in one but those in `without`."""
    teammate = Teammate(owner=owner, permission_mode=Mode.AUTONOMOUS, human_in_the_loop=True)
    return change(teammate, tools or [], without or [], name=name, **fields)


def change(
    teammate: Teammate, tools: Iterable[str] | None = None, without: Iterable[str] | None = None, **fields: Any
) -> Teammate:
    """Write `fields`; `tools` replace those that are not built in, `without` names the built-in ones to do without.

    What is None stays. Tools that stay keep the permission that is set for them.
    """
    check_tools(tools)
    check_built_in(without)
    if fields.get("model"):
        check_model(fields["model"])
    for name, value in fields.items():
        setattr(teammate, name, value)
    teammate.name = teammate.name.strip()
    if "/" in teammate.name:
        raise Refused("A name has no slash.", field="name")
    teammate.slug = teammate.slug or services.free_slug(teammate.name)
    write(teammate, chosen(teammate, tools, without))
    return teammate


def check_built_in(names: Iterable[str] | None) -> None:
    for name in names or ():
        if name not in BUILT_IN:
            known = ", ".join(sorted(BUILT_IN))
            words = f"{name!r} cannot be taken away. Built-in tools that can: {known}."
            raise Refused(words, field="disabled_builtin_tools", code="unknown_tool")


def chosen(teammate: Teammate, tools: Iterable[str] | None, without: Iterable[str] | None) -> services.Tools:
    """The rows that `change` means: own tools, and beside them the built-in ones."""
    has = dict(services.tools_of(teammate)) if teammate.pk else {}
    built_in = [name for name in has if name in BUILT_IN] if without is None else sorted(BUILT_IN - set(without))
    own = list(has) if tools is None else [*tools, *(name for name in has if comes_with_mode(name))]
    own = [name for name in dict.fromkeys(own) if name not in BUILT_IN]
    return [(name, has.get(name, "")) for name in [*built_in, *own]]


def comes_with_mode(name: str) -> bool:
    """Asking and planning are offered as the run's mode says, listed or not."""
    tool = registry.get(name)
    return bool(tool and tool.gate)


def write(teammate: Teammate, tools: services.Tools) -> None:
    try:
        services.save(teammate, tools)
    except ValidationError as error:
        field, texts = next(iter(error.message_dict.items())) if hasattr(error, "error_dict") else ("", error.messages)
        raise Refused(texts[0], field="" if field == "__all__" else field) from None


def own_tools(teammate: Teammate) -> list[str]:
    """Its tools less those that are built in or come with a mode."""
    return [name for name, _ in services.tools_of(teammate) if name not in BUILT_IN and not comes_with_mode(name)]


def done_without(teammate: Teammate) -> list[str]:
    """The built-in tools that it does not have."""
    return sorted(BUILT_IN - {name for name, _ in services.tools_of(teammate)})


def archive(teammate: Teammate) -> None:
    """Out of every list, and out of use; what it did stays to be seen. Again changes nothing."""
    if not teammate.archived_at:
        put(teammate, archived_at=timezone.now(), enabled=False)


def unarchive(teammate: Teammate) -> None:
    """Back in the lists, and still out of use until it is enabled. Again changes nothing."""
    if teammate.archived_at:
        put(teammate, archived_at=None, enabled=False)


def enable(teammate: Teammate) -> None:
    unarchived(teammate)
    put(teammate, enabled=True)


def disable(teammate: Teammate) -> None:
    """No run of it starts, and its live runs fail at their next step."""
    unarchived(teammate)
    put(teammate, enabled=False)


def unarchived(teammate: Teammate) -> None:
    if teammate.archived_at:
        raise Refused(ARCHIVED.format(teammate.name), code="archived")


def put(teammate: Teammate, **fields: Any) -> None:
    """What is read live is part of no revision."""
    for name, value in fields.items():
        setattr(teammate, name, value)
    teammate.save(update_fields=[*fields, "updated_at"])
