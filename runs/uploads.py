"""Files that a run is given with its message. Their bytes lie in the storage before the run begins."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db.models import QuerySet

from runs.errors import Refused
from runs.files import flat
from runs.media import type_of
from runs.models import Run, RunFile, random_path
from teammates.prepared import Select
from teammates.tools import ToolError


@dataclass(frozen=True)
class Given:
    """One file whose bytes are stored, for a run that is about to be started."""

    name: str
    size: int
    digest: str  # SHA-256
    content: str  # where the storage keeps it
    media_type: str


@contextmanager
def laid_down(files: "Iterable[File[bytes]]") -> Iterator[list[Given]]:
    """The files in the storage, to be handed to `services.start`. What no run has taken at the end is removed."""
    given: list[Given] = []
    try:
        for file in files:
            check_name(file.name or "")
            given.append(lay_down(file))
        check(given)
        yield given
    finally:
        lying = {file.content for file in given}
        taken = RunFile.objects.filter(content__in=lying).values_list("content", flat=True) if lying else []
        for content in lying.difference(taken):
            default_storage.delete(content)


def lay_down(file: "File[bytes]") -> Given:
    digest, size = hashlib.sha256(), 0
    for chunk in file.chunks():
        digest.update(chunk)
        size += len(chunk)
    name = file.name or ""
    stored = default_storage.save(random_path(RunFile(), name), file)
    return Given(name, size, digest.hexdigest(), stored, type_of(name))


def check_name(name: str) -> None:
    try:
        flat(name)
    except ToolError as error:
        raise Refused(str(error), field="files") from None


def check(given: list[Given]) -> None:
    """`Refused` when two files have one name: the model could not tell them apart."""
    names = [file.name for file in given]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise Refused(f"Name each file once: {', '.join(twice)} is there twice.", field="files")


def of_conversation(run: Run) -> list[RunFile]:
    """What all messages of the run's conversation came with, oldest first."""
    return _given(session=run.session_id)


@Select
def _given(session: Any) -> "QuerySet[RunFile]":
    return RunFile.objects.filter(run__session_id=session, kind=RunFile.Kind.INPUT).order_by("pk")


def take(run: Run, given: Sequence[Given]) -> None:
    """The run owns the files from here on; in the transaction that makes the run."""
    if not given:
        return
    rows = [
        RunFile(
            run=run,
            kind=RunFile.Kind.INPUT,
            name=file.name,
            size=file.size,
            media_type=file.media_type,
            content=file.content,
        )
        for file in given
    ]
    RunFile.objects.bulk_create(rows)
