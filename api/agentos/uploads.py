"""Files that come with a run: parts of a form, or JSON in its fields, as AgentOSClient writes it (contract 2.7)."""

import json
import mimetypes
from base64 import b64decode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.http import HttpRequest

from api.agentos.errors import Problem
from api.agentos.media import TAKEN
from runs.errors import Refused
from runs.media import UNKNOWN, type_of
from runs.uploads import Given, check_name, laid_down

# Field: family. Version 3 of the client calls `files` `input_files`.
WRITTEN = {"images": "image", "audio": "audio", "audios": "audio", "videos": "video", "files": "", "input_files": ""}
NO_CONTENT = "{}: send the bytes, as content in base64 or as a data: address. Other addresses are not fetched."


@dataclass(frozen=True)
class Offered:
    file: "File[bytes]"
    media_type: str


@contextmanager
def received(request: HttpRequest) -> Iterator[list[Given]]:
    """The stored files of the request; 400 if one of them is not taken, and then none is kept."""
    offered = [*parts(request), *written(request)]
    most = settings.DATA_UPLOAD_MAX_NUMBER_FILES or 0
    if len(offered) > most:
        raise Problem(413, f"A run takes {most} files, not {len(offered)}.")
    for one, name in zip(offered, apart(check(one) for one in offered), strict=True):
        one.file.name = name
    with laid_down(one.file for one in offered) as given:
        yield [replace(file, media_type=one.media_type) for file, one in zip(given, offered, strict=True)]


def parts(request: HttpRequest) -> Iterator[Offered]:
    for field, files in request.FILES.lists():
        if field != "files":
            raise Problem(400, f"Send files as parts named files, not {field!r}.")
        for file in files:
            declared = (file.content_type or "").lower()
            # What programs say that do not know better, curl of a DOCX among them: then the name is asked.
            yield Offered(file, type_of(file.name or "") if declared == UNKNOWN else declared)


def check(offered: Offered) -> str:
    """The file's name, if it and its type are taken."""
    name = offered.file.name or ""
    if not offered.media_type:
        raise Problem(400, f"{name}: the part has no content type.")
    if offered.media_type not in TAKEN:
        raise Problem(400, f"Unsupported file type: {offered.media_type[:100]}")
    try:
        check_name(name)
    except Refused as error:
        raise Problem(400, str(error)) from None
    return name


def apart(names: Iterable[str]) -> Iterator[str]:
    """The names; one that is there already gets a number: pasted pictures are all called the same."""
    seen: set[str] = set()
    for name in names:
        path, number, free = PurePath(name), 1, name
        while free in seen:
            number += 1
            free = f"{path.stem} ({number}){path.suffix}"
        seen.add(free)
        yield free


def written(request: HttpRequest) -> Iterator[Offered]:
    for field, family in WRITTEN.items():
        for text in request.POST.getlist(field):
            for place, item in enumerate(items_of(field, str(text)), start=1):
                yield read(item, family, f"{field}-{place}")


def items_of(field: str, text: str) -> list[dict[str, Any]]:
    try:
        items = json.loads(text or "[]")
    except (ValueError, RecursionError):
        raise Problem(400, f"The field {field} holds neither a file nor JSON.") from None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Problem(400, f"The field {field} must be a JSON array of objects.")
    return items


def read(item: dict[str, Any], family: str, label: str) -> Offered:
    """One object: `content`, or `url` with a data: address; with `mime_type` or `format`, and maybe a name."""
    said = {key: value for key, value in item.items() if isinstance(value, str)}
    head, _, data = said.get("url", "").partition(",")
    inline = head.startswith("data:") and head.endswith(";base64")
    content = data if inline else said.get("content")
    if content is None:
        raise Problem(400, NO_CONTENT.format(label))
    media_type = head[5:-7] if inline else type_in(said, family)
    name = said.get("filename") or said.get("name") or f"{label}{mimetypes.guess_extension(media_type) or ''}"
    if media_type.startswith("text/") and not inline:
        return Offered(ContentFile(content.encode("utf-8", "replace"), name), media_type)
    try:
        return Offered(ContentFile(b64decode(content, validate=True), name), media_type)
    except ValueError:
        raise Problem(400, f"{label}: its content is not base64.") from None


def type_in(said: dict[str, str], family: str) -> str:
    if declared := said.get("mime_type"):
        return declared.lower()
    if family:
        return f"{family}/{said['format'].lower()}" if "format" in said else ""
    name = said.get("filename") or said.get("name") or f"file.{said.get('format', '')}"
    return type_of(name)
