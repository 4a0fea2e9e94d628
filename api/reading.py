"""Bodies of requests: JSON, and of it only what every database and every later reader takes."""

import json
from typing import Any

from django.http import HttpRequest
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from ninja.parser import Parser

from teammates.exact import finite, flaw_in, no_number

END = 2048  # bytes at the end of a form, among which its last boundary is


class Unreadable(Exception):
    """400: it is no JSON (`code` invalid_json); 422: it holds what cannot be kept."""

    def __init__(self, status: int, message: str, code: str) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


class Reading(Parser):
    """No body is an empty one: clients send the content type of JSON with everything."""

    def parse_body(self, request: HttpRequest) -> Any:
        return read(request.body or b"{}")


def read(body: bytes) -> Any:
    """What the JSON says; `Unreadable` where it is none, or holds what cannot be kept."""
    try:
        data = json.loads(body.decode(), parse_constant=no_number, parse_float=finite)
    except (ValueError, RecursionError) as error:
        raise Unreadable(400, f"The body is not JSON: {error}", "invalid_json") from None
    if not isinstance(data, dict):
        raise Unreadable(422, "The body must be one JSON object.", "invalid")
    check(data)
    return data


def check(data: Any) -> None:
    """`Unreadable` for text that no database takes, and for more levels than Python can walk."""
    if flaw := flaw_in(data):
        raise Unreadable(422, f"The body cannot be kept. {flaw}", "invalid")


class Whole(MultiPartParser):
    """Refuses a form that breaks off, or a file without a usable name. Django's own takes what has come of it for all
    of it, and leaves out such files.
    """

    _input_data: Any
    _boundary: bytes
    _content_length: int

    def parse(self) -> Any:
        self._input_data = stream = Remembered(self._input_data)
        fields, files = super().parse()
        if self._content_length and b"--%b--" % self._boundary not in stream.end:
            for _, of_name in files.lists():
                for file in of_name:
                    file.close()
            raise MultiPartParserError("it breaks off before its last boundary.")
        return fields, files

    def sanitize_file_name(self, file_name: str) -> str:
        kept: str | None = super().sanitize_file_name(file_name)
        if kept is None:
            raise MultiPartParserError(f"{file_name[:200]!r} is not a file name: use one such as notes.md.")
        return kept


class Remembered:
    """A stream, and the last that was read of it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.end = b""

    def read(self, size: int) -> bytes:
        piece: bytes = self._stream.read(size)
        self.end = (self.end + piece)[-END:]
        return piece


def whole_form(request: HttpRequest, meta: Any, stream: Any) -> Any:
    """For `request.parse_file_upload`, in the place of Django's parser."""
    return Whole(meta, stream, request.upload_handlers, request.encoding).parse()
