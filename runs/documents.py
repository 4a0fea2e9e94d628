"""The text of the documents that runs were given. Parsers run in a process of their own, under limits."""

import os
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from tempfile import TemporaryFile

from django.core.files.storage import default_storage

from runs import cores, parser
from runs.document_models import DocumentText
from runs.locks import write
from runs.models import RunFile
from teammates.exact import clean

SECONDS = 20  # for one document by the clock
PARSED = {
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "text/html": "html",
    "text/rtf": "rtf",
    "application/rtf": "rtf",
}
MARKS = {b"%PDF-": "pdf", b"{\\rtf": "rtf"}  # whatever the type says
GONE = "(It is gone from the storage.)"
NO_TEXT = "(It is no text: it cannot be shown here.)"
EMPTY = "(It is empty.)"
SILENT = "(There is no text in it; perhaps it holds pictures of text.)"
BROKEN = "(It is damaged, or not what its type says: it cannot be read{}.)"
TOO_MUCH = "(Reading it takes more time or memory than it may have{}.)"


def readers() -> ThreadPoolExecutor:
    """Each holds a process with its memory, so two at a time, however many runs wait."""
    return ThreadPoolExecutor(2, thread_name_prefix="documents", initializer=cores.use_all)


_pool = readers()


def text_of(file: RunFile) -> str | None:
    """What is known of a document that had to be parsed; None: it has not been, or is read as it is."""
    return DocumentText.objects.filter(pk=file.pk).values_list("text", flat=True).first()


def keep(file: RunFile, text: str) -> None:
    with write():
        DocumentText.objects.get_or_create(file=file, defaults={"text": text})


def reading(file: RunFile) -> "Future[str]":
    """Its text, or a sentence in brackets that says why there is none. Whoever waits for it may give up at any time."""
    answer: Future[str] = Future()
    work = _pool.submit(read, str(file.content.name), file.media_type)
    answer.add_done_callback(lambda _: work.cancel())
    work.add_done_callback(lambda _: pass_on(work, answer))
    return answer


def pass_on(work: "Future[str]", answer: "Future[str]") -> None:
    """By hand: a future whose work has begun could not be given up."""
    if work.cancelled() or not answer.set_running_or_notify_cancel():
        return
    if error := work.exception():
        answer.set_exception(error)
    else:
        answer.set_result(work.result())


def read(stored: str, media_type: str) -> str:
    try:
        with default_storage.open(stored) as content:
            head = content.read(8)
            kind = next((kind for mark, kind in MARKS.items() if head.startswith(mark)), PARSED.get(media_type))
            if kind is None:
                return as_it_is(head + content.read(4 * parser.LENGTH))
            with TemporaryFile() as copy:
                copy.write(head)
                for chunk in iter(lambda: content.read(2**16), b""):
                    copy.write(chunk)
                copy.seek(0)
                return parsed(copy.fileno(), kind)
    except FileNotFoundError:
        return GONE


def as_it_is(data: bytes) -> str:
    text = parser.decoded(data, cut=len(data) > 4 * parser.LENGTH)
    if text is None:
        return NO_TEXT
    if not text:
        return EMPTY
    return clean(text if len(text) <= parser.LENGTH else text[: parser.LENGTH] + parser.CUT)


def parsed(document: int, kind: str) -> str:
    """What the parser wrote, to a file rather than a pipe: the kernel bounds it, and what came in time is kept."""
    command = [sys.executable, "-I", parser.__file__, kind]
    with TemporaryFile() as written:
        try:
            ended = subprocess.run(  # noqa: S603 - our own program, and one of four words
                command, stdin=document, stdout=written, stderr=subprocess.DEVNULL, env={}, cwd=os.sep, timeout=SECONDS
            ).returncode
        except subprocess.TimeoutExpired:
            ended = parser.HUNGRY
        written.seek(0)
        return told(clean(written.read(8 * parser.LENGTH).decode("utf-8", "replace")), ended)


def told(text: str, ended: int) -> str:
    if ended == parser.TOLD:
        return f"({text})"
    if ended == 0:
        return text if text.strip() else SILENT
    why = TOO_MUCH if ended < 0 or ended == parser.HUNGRY else BROKEN
    said = text.strip()
    return f"{said}\n{why.format(' beyond this place')}" if said else why.format("")
