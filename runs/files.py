"""Files and memories of a run, as its tools see them."""

import mimetypes
import unicodedata
from functools import partial
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q, QuerySet

from runs import journal
from runs.documents import text_of
from runs.locks import write
from runs.models import Run, RunFile, ToolCall
from teammates.models import Memory
from teammates.tools import ToolError

TEXT_LIMIT = 200_000  # characters of a file that one call may read


def flat(name: str) -> str:
    """The name, if it is a flat one that a person can read; `ToolError` says what is wrong with it otherwise."""
    odd = any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") for letter in name)
    if odd or "/" in name or "\\" in name or name.strip(" .") == "" or len(name.encode()) > 200:
        raise ToolError(f"{name!r} is not a file name: use a flat name such as notes.md, without folders.")
    return name


class RunFiles:
    """A run writes its own files and reads those of its whole conversation, newest first."""

    def __init__(self, run: Run, call: ToolCall) -> None:
        self.run, self.call = run, call

    def write(self, name: str, content: str) -> int:
        store(self.run, flat(name), content.encode(), self.call)
        return len(content.encode())

    def read(self, name: str) -> str:
        found = self._all().filter(name=name).first()
        if not found:
            raise ToolError(f"There is no file {name!r}. There are: {', '.join(self.names()) or 'none'}.")
        try:
            with found.content.open("rb") as stored:
                text = text_of(found) or str(stored.read(), "utf-8")
        except FileNotFoundError as error:
            raise ToolError(f"{name!r} is being written anew. Read it again.") from error
        except UnicodeDecodeError as error:
            raise ToolError(f"{name!r} is not a text file.") from error
        return text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + "\n(cut here)"

    def names(self) -> list[str]:
        return list(dict.fromkeys(self._all().values_list("name", flat=True)))

    def _all(self) -> "QuerySet[RunFile]":
        return RunFile.objects.filter(run__session_id=self.run.session_id).order_by("-written_at", "-pk")


def store(run: Run, name: str, data: bytes, call: ToolCall | None = None) -> RunFile:
    """Write one output file, for this call; what the name held before goes with the commit."""
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    new = RunFile(run=run, name=name)
    new.content.save(name, ContentFile(data), save=False)
    with write():
        old = RunFile.objects.filter(run=run, kind=RunFile.Kind.OUTPUT, name=name).first()
        fields = {"size": len(data), "media_type": media_type, "content": new.content.name, "call": call}
        row, _ = RunFile.objects.update_or_create(run=run, kind=RunFile.Kind.OUTPUT, name=name, defaults=fields)
        journal.tell(run.pk, "file.written", {"file": row.pk, "name": name, "size": len(data)})
        if old:
            transaction.on_commit(partial(default_storage.delete, str(old.content.name)))
    return row


class RunMemories:
    """What this teammate remembers for the account and end user of the run."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._scope: dict[str, Any] = {"owner_id": run.owner_id, "user_id": run.user_id}

    def add(self, text: str) -> None:
        with write():
            Memory.objects.get_or_create(**self._scope, teammate=self.run.teammate, text=text)

    def find(self, words: str) -> list[str]:
        everywhere_or_here = Q(teammate=None) | Q(teammate=self.run.teammate)
        found = Memory.objects.filter(everywhere_or_here, **self._scope)
        for word in words.split():
            found = found.filter(text__icontains=word)
        return list(found.order_by("-pk").values_list("text", flat=True)[:50])
