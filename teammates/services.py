"""The one way in which a teammate is written: its rows, and a revision when its definition changed."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from teammates.models import Permission, Revision, Team, Teammate, TeammateTool, Workflow

DEFINED = (
    "slug",
    "name",
    "description",
    "instructions",
    "model",
    "permission_mode",
    "human_in_the_loop",
    "history_runs",
    "role",
    "goals",
    "effort",
)
RESERVED = {"new", "teams", "workflows"}  # words of our own addresses below /roster/
RESERVED_WORD = "“{}” is a word of Sayso's own addresses; choose another id."

Tools = list[tuple[str, str]]


@transaction.atomic
def save(teammate: Teammate, tools: Tools) -> Revision | None:
    """Write the teammate and its tools, (name, permission) each; give the new revision if there is one.

    `ValidationError` and nothing written when a field does not fit.
    """
    check(teammate, tools)
    # On PostgreSQL this UPDATE also keeps the next number for us: a second save waits here.
    teammate.save()
    rows = TeammateTool.objects.filter(teammate=teammate)
    rows.exclude(tool__in=[name for name, _ in tools]).delete()
    for name, permission in tools:
        rows.update_or_create(teammate=teammate, tool=name, defaults={"permission": permission})
    return revise(teammate)


def wrong_id(slug: str, *, new: bool = True) -> str:
    """Why no teammate can be called so; those that share an id with a team from before stay as they are."""
    if slug in RESERVED:
        return RESERVED_WORD.format(slug)
    twin = new and Team.objects.filter(slug=slug).exists()
    return "A team has this id; teammates and teams share theirs." if twin else ""


def check(teammate: Teammate, tools: Tools) -> None:
    if wrong := wrong_id(teammate.slug, new=teammate.pk is None):
        raise ValidationError({"slug": wrong})
    teammate.full_clean()
    names = [name for name, _ in tools]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValidationError(f"Name each tool once: {', '.join(twice)} is there twice.")
    for name, permission in tools:
        if permission and permission not in Permission.values:
            raise ValidationError(f"“{permission}” is no permission for {name}: use allow, ask, deny or nothing.")


def revise(teammate: Teammate) -> Revision | None:
    """Keep the definition as it now is, unless the latest revision says the same."""
    definition = definition_of(teammate)
    latest = revisions(teammate).last()
    if latest and latest.definition == definition:
        return None
    number = latest.number + 1 if latest else 1
    return Revision.objects.create(performer=teammate.pk, number=number, definition=definition)


def definition_of(teammate: Teammate) -> dict[str, Any]:
    """What a run needs to know, and nothing that may change under it; `enabled` is read live."""
    rows = TeammateTool.objects.filter(teammate=teammate).order_by("tool")
    tools = [{"name": row.tool, "permission": row.permission} for row in rows]
    return {**{field: getattr(teammate, field) for field in DEFINED}, "tools": tools}


def revisions(teammate: Teammate) -> Any:
    return Revision.objects.filter(kind="teammate", performer=teammate.pk).order_by("number")


def current_revision(teammate: Teammate) -> Revision:
    """The one that a new run starts with."""
    revision: Revision = revisions(teammate).latest("number")
    return revision


def tools_of(teammate: Teammate) -> Tools:
    """Its tools as `save` takes them."""
    return [(row.tool, row.permission) for row in teammate.tools.all()]


def free_slug(name: str) -> str:
    """An id for a new teammate, team or workflow of this name; it stays when the name changes."""
    base = slugify(name)[:70] or "teammate"
    rows = (Teammate.objects, Team.objects, Workflow.objects)  # teammates and teams share their ids
    taken = RESERVED.union(*(found.filter(slug__startswith=base).values_list("slug", flat=True) for found in rows))
    candidates = [base, *(f"{base}-{number}" for number in range(2, len(taken) + 3))]
    return next(slug for slug in candidates if slug not in taken)
