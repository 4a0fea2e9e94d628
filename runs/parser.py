"""A program of its own that turns one document into text: `python -I parser.py KIND < document > text`.

Documents come from strangers and their parsers break, so it has little time and memory, writes nothing but its
answer, and speaks to nobody. It ends with 0; with TOLD, when what it wrote last says in words why there is no more;
otherwise as it was stopped. It imports nothing of Sayso: it would take longer to begin than to read.
"""

import codecs
import re
import resource
import sys
import zipfile
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import IO

LENGTH = 200_000  # characters of a document that are kept
SECONDS, MEMORY = 10, 512 * 1024**2  # of the processor, and of addresses
UNPACKED = 100 * 1024**2  # bytes that a DOCX may unpack to
CHUNK = 2**16  # characters of a page at a time
CUT = "\n(cut here)"
TOLD = 3
HUNGRY = 4  # the exit code when the memory is used up


class Unreadable(Exception):
    """Says in words why there is no text."""


def decoded(data: bytes, *, cut: bool = False) -> str | None:
    """The text in whatever encoding it most likely has; None: these bytes are no text. `cut`: they may end anywhere."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if b"\x00" in data:
        return None
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(data, final=not cut)
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def of_pdf(file: IO[bytes]) -> Iterator[str]:
    from pypdf import PasswordType, PdfReader

    reader = PdfReader(file)
    if reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED:
        raise Unreadable("It is encrypted: without its password nobody can read it.")
    for page in reader.pages:
        yield page.extract_text() + "\n"


def of_docx(file: IO[bytes]) -> Iterator[str]:
    from docx import Document
    from docx.table import Table

    if not zipfile.is_zipfile(file):
        raise Unreadable("It is no Word document, whatever its type says.")
    if (size := sum(part.file_size for part in zipfile.ZipFile(file).infolist())) > UNPACKED:
        raise Unreadable(f"It would unpack to {size // 1024**2:,} MB; {UNPACKED // 1024**2} MB may be.")
    file.seek(0)
    for part in Document(file).iter_inner_content():
        if isinstance(part, Table):
            for row in part.rows:
                yield " | ".join(cell.text for cell in row.cells) + "\n"
        else:
            yield part.text + "\n"


class Page(HTMLParser):
    """Gathers the words of a page, one line for each block."""

    UNSEEN = {"script", "style", "template"}
    INLINE = {"a", "abbr", "b", "code", "em", "font", "i", "kbd", "mark", "s", "small", "span", "strong", "sub", "sup"}

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.hidden += tag in self.UNSEEN
        if tag not in self.INLINE:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.hidden = max(0, self.hidden - (tag in self.UNSEEN))
        if tag not in self.INLINE:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.words.append(re.sub(r"\s+", " ", data))

    def taken(self) -> str:
        """The words since the last time."""
        words, self.words = "".join(self.words), []
        return re.sub(r" ?\n[ \n]*", "\n", words)


def of_html(file: IO[bytes]) -> Iterator[str]:
    page, text = Page(), text_in(file)
    for start in range(0, len(text), CHUNK):
        page.feed(text[start : start + CHUNK])
        yield page.taken()
    page.close()
    yield page.taken()


# A control word with its number, an escaped byte, an escaped sign, a bracket, or plain text.
RTF = re.compile(r"\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-f]{2})|\\([^a-z])|([{}])|([^\\{}\r\n]+)", re.I)
RTF_UNSEEN = {"fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "themedata", "header", "footer"}
RTF_SIGNS = {"par": "\n", "line": "\n", "row": "\n", "tab": "\t", "cell": "\t", "emdash": "—", "endash": "–"}
RTF_SIGNS |= {"lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•"}


def of_rtf(file: IO[bytes]) -> Iterator[str]:
    text = text_in(file)
    if not text.startswith("{\\rtf"):
        raise Unreadable("It is no RTF, whatever its type says.")
    outer, unseen, skip = [], False, 0
    for word, number, byte, sign, bracket, plain in RTF.findall(text):
        if bracket == "{":
            outer.append(unseen)
        elif bracket:
            unseen = outer.pop() if outer else False
        elif word in RTF_UNSEEN or sign == "*":
            unseen = True
        elif not unseen and word == "u" and number:
            yield chr(int(number) % 0x10000)
            skip = 1  # the sign for readers without Unicode
        elif not unseen:
            written = bytes.fromhex(byte).decode("cp1252", "replace") if byte else plain or RTF_SIGNS.get(word, "")
            yield (written or (sign if sign in "\\{}" else ""))[skip:]
            skip = 0 if byte or plain else skip


def text_in(file: IO[bytes]) -> str:
    text = decoded(file.read())
    if text is None:
        raise Unreadable("It is no text, whatever its type says.")
    return text


PARSERS: dict[str, Callable[[IO[bytes]], Iterator[str]]] = {
    "pdf": of_pdf,
    "docx": of_docx,
    "html": of_html,
    "rtf": of_rtf,
}


def confine() -> None:
    """From here on: bounded time, memory and output; no process, no network."""
    for name, limit in {
        resource.RLIMIT_CPU: SECONDS,
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_FSIZE: 8 * LENGTH,
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_CORE: 0,
    }.items():
        resource.setrlimit(name, (limit, limit))

    def refuse(event: str, details: object) -> None:
        if event.startswith(("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system")):
            raise PermissionError(event)

    sys.addaudithook(refuse)


def say(text: str) -> None:
    """At once: whoever waits has what was read, should the rest take too long."""
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


def main(kind: str) -> int:
    confine()
    left = LENGTH
    try:
        for part in PARSERS[kind](sys.stdin.buffer):
            say(part[:left])
            left -= len(part)
            if left < 0:
                say(CUT)
                break
    except Unreadable as why:
        say(str(why))
        return TOLD
    except MemoryError:
        return HUNGRY
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
