"""The files of a run's message, as parts of what a model is asked: pictures, sound, and the text of documents."""

import base64
from typing import Any

from runs import documents
from runs.engine.holds import Hold
from runs.engine.reply import ModelFailed
from runs.media import HEAD, Sort, audio_format, image_format, sort_of
from runs.models import Run, RunFile

Part = dict[str, Any]

TEXTS = 200_000  # characters of documents that one message carries
UNSUPPORTED = "unsupported_media"
NO_VIDEO = "{} is a video, and models are not shown videos here. Send pictures of it, or what is said in it as text."
NOT_SO = "(It is no {} that a model can take, whatever its type says.)"
ENOUGH = "(Cut here: the documents of one message have room for {:,} characters.)"


def content(run: Run, given: list[RunFile], hold: Hold) -> str | list[Part]:
    """The run's message, with those of the conversation's files that came with it.

    `ModelFailed` where one can be shown to no model.
    """
    origin = first_of(run).pk if given else None
    files = [file for file in given if file.run_id == origin]
    if not files:
        return run.message
    for file in files:
        if sort_of(file.media_type) == Sort.VIDEO:
            raise ModelFailed(NO_VIDEO.format(file.name), UNSUPPORTED)
    parts, left = [text(run.message)], TEXTS
    for file in files:
        if sort_of(file.media_type) == Sort.DOCUMENT:
            said = text_of(file, hold)
            shown = said if len(said) <= left else f"{said[:left]}\n{ENOUGH.format(TEXTS)}"
            left = max(0, left - len(said))
            parts.append(text(f"--- {file.name} ---\n{shown}\n--- end of {file.name} ---"))
        else:
            parts += medium(file)
    return parts


def first_of(run: Run) -> Run:
    """A retry is about the files of the run that it repeats."""
    while run.retry_of is not None:
        run = run.retry_of
    return run


def text(words: str) -> Part:
    return {"type": "text", "text": words}


def text_of(file: RunFile, hold: Hold) -> str:
    """Read once: after a pause it is known."""
    known = documents.text_of(file)
    if known is None:
        known = hold.wait(documents.reading(file))
        documents.keep(file, known)
    return known


def medium(file: RunFile) -> list[Part]:
    """Its name and the bytes, or why they cannot be shown."""
    try:
        with file.content.open("rb") as stored:
            data = stored.read()
    except FileNotFoundError:
        return [text(f"{file.name}: {documents.GONE}")]
    sort = sort_of(file.media_type)
    form = (image_format if sort == Sort.IMAGE else audio_format)(data[:HEAD])
    if form is None:
        return [text(f"{file.name}: {NOT_SO.format(sort)}")]
    encoded = base64.b64encode(data).decode()
    if sort == Sort.IMAGE:
        shown = {"type": "image_url", "image_url": {"url": f"data:image/{form};base64,{encoded}"}}
    else:
        shown = {"type": "input_audio", "input_audio": {"data": encoded, "format": form}}
    return [text(f"{file.name}:"), shown]
