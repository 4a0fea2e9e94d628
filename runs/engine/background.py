"""What a model is told before the run's own message: who it is, what it remembers, what was done before."""

import json
from typing import Any

from django.db.models import Q, QuerySet

from runs.engine.leader import briefing
from runs.models import Run, RunFile
from runs.states import RunStatus
from teammates.models import Memory, Mode
from teammates.prepared import Select

PLAN_FIRST = "Work out a plan first and propose it with submit_plan. Until it is approved you can only read."
GIVEN = "Files that came with the messages of this conversation; read_file reads them:"
REMEMBERED = "What you remember about the person you work for:"
EARLIER = "Earlier work for the same person, the newest last. It is background, not part of this task:"
FITTING = "Your final answer must be one JSON object, and nothing else, that fits this JSON Schema:"
LENGTH = 8_000  # characters of memories, and of earlier work
MEMORIES, CONVERSATIONS = 50, 5


def instructions(run: Run, definition: dict[str, Any], files: list[RunFile]) -> list[str]:
    """The parts of the system message. `files`: those of the whole conversation."""
    parts = standing(definition, run.dependencies)
    parts.append(briefing(definition))
    if run.permission_mode == Mode.PLAN and not run.plan_approved:
        parts.append(PLAN_FIRST)
    parts.append(given(files))
    if run.memory:
        parts.append(remembered(run))
    if run.history and run.parent_id is None:
        parts.append(done_before(run))
    if run.output_schema is not None:
        parts.append(f"{FITTING}\n{json.dumps(run.output_schema, ensure_ascii=False)}")
    return [part for part in parts if part]


def standing(definition: dict[str, Any], dependencies: dict[str, Any]) -> list[str]:
    """What every run of a performer is told."""
    parts = [filled(str(definition["instructions"]), dependencies)]
    if definition.get("role"):
        parts.append(f"Your role: {definition['role']}")
    if definition.get("goals"):
        parts.append(f"Your goals: {definition['goals']}")
    return [part for part in parts if part]


def given(files: list[RunFile]) -> str:
    """A reply and a retry may still need what an earlier run was given; of too many, the newest."""
    lines = [f"- {file.name} ({file.size:,} bytes)" for file in reversed(files)]
    return f"{GIVEN}\n" + "\n".join(reversed(fitting(list(dict.fromkeys(lines))))) if lines else ""


def filled(text: str, dependencies: dict[str, Any]) -> str:
    """With the values of the dependencies in place of their {names}; other braces stay."""
    for name, value in dependencies.items():
        text = text.replace(f"{{{name}}}", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return text


def remembered(run: Run) -> str:
    """Memories of the run's account and end user, and of no other; the newest, as many as fit."""
    who = Q(teammate=None) | Q(teammate=run.teammate)
    texts = Memory.objects.filter(who, owner_id=run.owner_id, user_id=run.user_id).order_by("-pk")
    lines = [f"- {text}" for text in texts.values_list("text", flat=True)[:MEMORIES]]
    return f"{REMEMBERED}\n" + "\n".join(reversed(fitting(lines))) if lines else ""


def done_before(run: Run) -> str:
    """Message and answer of the last runs of other conversations with this teammate and end user."""
    others = Run.objects.filter(
        owner_id=run.owner_id,
        teammate=run.teammate,
        user_id=run.user_id,
        status=RunStatus.COMPLETED,
        session__hidden=False,
        parent=None,
        pk__lt=run.pk,
    ).exclude(session_id=run.session_id)
    pairs = others.order_by("-pk").values_list("message", "output")[:CONVERSATIONS]
    told = fitting([f"Task: {message}\nAnswer: {output}" for message, output in pairs])
    return f"{EARLIER}\n" + "\n\n".join(reversed(told)) if told else ""


def fitting(texts: list[str]) -> list[str]:
    """The first of them that fit together; of the first one as much as fits."""
    kept: list[str] = []
    left = LENGTH
    for text in texts:
        if kept and len(text) > left:
            break
        kept.append(text[:left])
        left -= len(text)
    return kept


def conversation(run: Run, bound: int) -> list[dict[str, Any]]:
    """Earlier runs of the run's own conversation that came to an answer, oldest first."""
    if run.parent_id is not None:
        return []  # a member sees its task
    pairs = _answered(bound, session=run.session_id, before=run.pk)
    return [
        {"role": role, "content": text}
        for message, output in reversed(pairs)
        for role, text in (("user", message), ("assistant", output))
    ]


@Select
def _answered(bound: int, session: Any, before: Any) -> "QuerySet[Run, tuple[str, str]]":
    earlier = Run.objects.roots().filter(session_id=session, pk__lt=before, status=RunStatus.COMPLETED)
    return earlier.order_by("-pk").values_list("message", "output")[:bound]
