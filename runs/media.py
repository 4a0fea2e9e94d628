"""What a file is to a model: a picture, a sound, a film, or something to read. Bytes say more than names do."""

import mimetypes
from enum import StrEnum
from pathlib import PurePath

HEAD = 32  # bytes that tell the formats below apart

IMAGES = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"BM": "bmp"}
IMAGES |= {b"II*\x00": "tiff", b"MM\x00*": "tiff"}
IMAGE_BRANDS = {b"avif": "avif", b"avis": "avif", b"heic": "heic", b"heix": "heic", b"mif1": "heif", b"msf1": "heif"}
SOUNDS = {b"ID3": "mp3", b"OggS": "ogg", b"fLaC": "flac"}


UNKNOWN = "application/octet-stream"
# Python knows these by the machine's own list only, if it has one.
ENDINGS = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".md": "text/markdown",
    ".rtf": "text/rtf",
    ".webp": "image/webp",
    ".m4a": "audio/m4a",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".wmv": "video/wmv",
    ".flv": "video/x-flv",
}


class Sort(StrEnum):
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"


def type_of(name: str) -> str:
    """The media type that a name stands for, the same on every machine."""
    return ENDINGS.get(PurePath(name).suffix.lower()) or mimetypes.guess_type(name)[0] or UNKNOWN


def sort_of(media_type: str) -> Sort:
    """What it says it is; whatever is no medium is read, as far as it can be."""
    family = media_type.partition("/")[0]
    return Sort(family) if family in (Sort.IMAGE, Sort.AUDIO, Sort.VIDEO) else Sort.DOCUMENT


def image_format(head: bytes) -> str | None:
    """The format of the picture that begins so; None: it is none."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        return IMAGE_BRANDS.get(head[8:12])
    return next((name for mark, name in IMAGES.items() if head.startswith(mark)), None)


def audio_format(head: bytes) -> str | None:
    """The format of the sound that begins so, in the words of chat completions; None: it is none."""
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "wav"
    if head[4:8] == b"ftyp":
        return "m4a"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:  # a frame; without a layer it is AAC
        return "mp3" if head[1] & 0x06 else "aac"
    return next((name for mark, name in SOUNDS.items() if head.startswith(mark)), None)
