"""The text of documents, whatever they are: in bounded time and memory, or with a sentence that says why not."""

import os
import subprocess
import sys
import time

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from runs import documents, parser
from tests import papers


@pytest.fixture
def read():
    kept = []

    def read(data, media_type):
        kept.append(default_storage.save("documents/one", ContentFile(data)))
        return documents.read(kept[-1], media_type)

    yield read
    for name in kept:
        default_storage.delete(name)


@pytest.mark.parametrize(
    ("data", "media_type", "text"),
    [
        (papers.pdf("Hello there", "and again"), "application/pdf", "Hello there\nand again\n"),
        (papers.pdf("Hello there", password=""), "application/pdf", "Hello there\n"),
        (papers.pdf("Hello there"), "text/plain", "Hello there\n"),
        (papers.docx("Grüße", "aus Köln"), papers.DOCX, "Grüße\naus Köln\n"),
        (papers.docx("Prices", table=[("tea", "2"), ("milk", "3")]), papers.DOCX, "Prices\ntea | 2\nmilk | 3\n"),
        (papers.RTF, "text/rtf", "Café for two: € 5, {sic}\nBye\n"),
        ("Grüße".encode(), "text/plain", "Grüße"),
        (b"\xef\xbb\xbfa,b\n1,2\n", "text/csv", "a,b\n1,2\n"),
        (b"Gr\xfc\xdfe", "text/csv", "Grüße"),
        ("Grüße".encode("utf-16"), "text/plain", "Grüße"),
        (b'{"a": [1, 2]}', "application/json", '{"a": [1, 2]}'),
        (b"<a>&b;</a>", "text/xml", "<a>&b;</a>"),
    ],
    ids=["pdf", "open", "a pdf all the same", "docx", "table", "rtf", "utf8", "bom", "cp1252", "utf16", "json", "xml"],
)
def test_the_text_is_taken_out(read, data, media_type, text):
    assert read(data, media_type) == text


def test_a_page_is_read_as_a_person_sees_it(read):
    page = b"<title>T</title><style>p {}</style><h1>Two  words</h1><p>a <b>bold</b> one &amp; more<script>x()</script>"
    assert read(page, "text/html").split("\n") == ["", "T", "Two words", "a bold one & more", ""]


@pytest.mark.parametrize(
    ("data", "media_type", "words"),
    [
        (papers.pdf("Secret", password="hidden"), "application/pdf", "encrypted"),
        (papers.pdf("", ""), "application/pdf", "no text"),
        (b"It is plain", "application/pdf", "damaged, or not what its type says"),
        (papers.pdf("Hello")[:300], "application/pdf", "damaged"),
        (b"", "application/pdf", "damaged"),
        (b"It is plain", papers.DOCX, "no Word document"),
        (papers.docx("Hello")[:-200], papers.DOCX, "no Word document"),
        (b"It is plain", "text/rtf", "no RTF"),
        (papers.PNG, "text/plain", "no text"),
        (papers.PNG, "text/html", "no text"),
        (b"", "text/plain", "empty"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(read, data, media_type, words):
    said = read(data, media_type)
    assert words in said
    assert (said[0], said[-1], said.count("\n")) == ("(", ")", 0)


@pytest.mark.parametrize(
    ("data", "media_type", "words"),
    [
        (papers.docx_of(b" " * 150_000_000), papers.DOCX, "unpack to 143 MB"),
        (papers.docx_of(b"<a>" * 20_000_000), papers.DOCX, "("),
        (papers.docx_of(papers.laughs()), papers.DOCX, "("),
        (papers.docx_of(b"<w:t>" * 300 + b"</w:t>" * 300), papers.DOCX, "("),
    ],
    ids=["zip bomb", "deep", "billion laughs", "no namespace"],
)
def test_bombs_do_not_go_off(read, data, media_type, words):
    before = time.monotonic()
    said = read(data, media_type)
    assert words in said
    assert len(said) < 200
    assert time.monotonic() - before < documents.SECONDS + 5


def test_a_long_document_is_cut(read):
    long = "word " * 10_000
    assert read(papers.pdf(*[long] * 6), "application/pdf").endswith(parser.CUT)
    text = read(("é" * 1_000_000).encode(), "text/plain")
    assert text == "é" * parser.LENGTH + parser.CUT


def test_what_was_read_in_time_is_kept(read, monkeypatch):
    monkeypatch.setattr(documents, "SECONDS", 3)
    slow = b"<p>Hello" + b"<p>" * 30_000 + b"<!--" * 1_000_000
    said = read(slow, "text/html")
    assert said.startswith("Hello\n")
    assert said.endswith("(Reading it takes more time or memory than it may have beyond this place.)")


def test_a_file_that_is_gone_is_told():
    assert documents.read("documents/none", "application/pdf") == documents.GONE


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        ("bytearray(600 * 1024**2)", "MemoryError"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "PermissionError"),
        ("import subprocess; subprocess.run(['true'])", "PermissionError"),
        ("import os; os.system('true')", "PermissionError"),
        ("open(FILE, 'wb').write(bytes(20_000_000))", "OSError"),
    ],
)
def test_a_parser_has_little_memory_and_no_way_out(attempt, error, tmp_path):
    program = (
        f"import runpy; runpy.run_path({parser.__file__!r})['confine'](); FILE = {str(tmp_path / 'f')!r}; {attempt}"
    )
    ended = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr.splitlines()[-1].partition(":")[0]) == (1, error)


def test_the_processor_is_taken_from_a_parser_that_never_ends(monkeypatch):
    endless = f"import runpy; it = runpy.run_path({parser.__file__!r}); confine = it['confine']; "
    endless += "confine.__globals__['SECONDS'] = 1; confine()\nwhile True: pass"
    assert subprocess.run([sys.executable, "-I", "-c", endless], timeout=30).returncode < 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a thread choose its cores")
def test_documents_are_read_on_any_core_also_where_the_process_keeps_to_one(kept_to_one):
    with documents.readers() as readers:
        assert readers.submit(os.sched_getaffinity, 0).result() == kept_to_one
