"""Small files that are really what they are called, and some that are not."""

import io
import wave
import zipfile
from itertools import pairwise

from docx import Document
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c636060606000000005000156a0ab3c0000000049454e44ae426082"
)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9"
MP3 = b"ID3\x03\x00\x00\x00\x00\x00\x00\xff\xfb\x90\x00"
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"
RTF = rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}\f0\pard Caf\'e9 for \b two\b0: \u8364? 5, \{sic\}\par Bye\par}"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def wav() -> bytes:
    written = io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
        sound.writeframes(bytes(160))
    return written.getvalue()


def pdf(*pages: str, password: str | None = None) -> bytes:
    font = DictionaryObject(
        {NameObject(key): NameObject(f"/{name}") for key, name in {"/Type": "Font", "/Subtype": "Type1"}.items()}
    )
    font[NameObject("/BaseFont")] = NameObject("/Helvetica")
    writer, written = PdfWriter(), io.BytesIO()
    for text in pages:
        page = writer.add_blank_page(300, 300)
        fonts = DictionaryObject({NameObject("/F1"): font})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        drawn = DecodedStreamObject()
        drawn.set_data(f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(drawn.flate_encode())
    if password is not None:
        writer.encrypt(password, algorithm="AES-256")
    writer.write(written)
    return written.getvalue()


def docx(*paragraphs: str, table=()) -> bytes:
    document, written = Document(), io.BytesIO()
    for text in paragraphs:
        document.add_paragraph(text)
    for row in table:
        cells = (document.tables[0] if document.tables else document.add_table(0, len(row))).add_row().cells
        for cell, text in zip(cells, row, strict=True):
            cell.text = text
    document.save(written)
    return written.getvalue()


def docx_of(body: bytes) -> bytes:
    """A DOCX with these bytes as its text."""
    whole, written = zipfile.ZipFile(io.BytesIO(docx())), io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as made:
        for name in whole.namelist():
            made.writestr(name, body if name == "word/document.xml" else whole.read(name))
    return written.getvalue()


def laughs() -> bytes:
    """A Word document that says "lol" a billion times."""
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    entities = "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in pairwise("abcdefghij"))
    body = f'<w:document xmlns:w="{space}"><w:body><w:p><w:r><w:t>&j;</w:t></w:r></w:p></w:body></w:document>'
    return f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "lol">{entities}]>{body}'.encode()
