"""Runs and replies with files: the JSON as a form field beside them (contract 2.1)."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from django.http import HttpResponse, QueryDict
from ninja import Router, Schema
from pydantic import ValidationError

from api.auth import WRITE, Request
from api.idempotency import once
from api.m8tes.bodies import NewRun, Reply
from api.m8tes.errors import Problem
from api.m8tes.runs import RunId, follow_up, told
from api.m8tes.scope import run_of
from api.m8tes.starting import begin
from api.reading import Unreadable, Whole, read
from runs.uploads import Given, check_name, laid_down

router = Router(tags=["runs"])

Body = TypeVar("Body", bound=Schema)
FORM = {
    "type": "object",
    "required": ["payload"],
    "properties": {
        "payload": {"type": "string", "description": "The JSON body of the same request without files."},
        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
    },
}
MULTIPART = {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FORM}}}}


@router.post("/with-files", auth=WRITE, summary="Start a run with files", openapi_extra=MULTIPART)
def create(request: Request) -> HttpResponse:
    with received(request, NewRun) as (body, files):
        asked = fingerprint(body, files)
        begun = once(request, request.auth.user, "runs/files", asked, lambda: begin(request.auth, body, files))
        return told(begun, stream=body.stream)


@router.post(
    "/{run_id}/reply/with-files", auth=WRITE, summary="Go on with files, as a new run", openapi_extra=MULTIPART
)
def reply(request: Request, run_id: RunId, user_id: str | None = None) -> HttpResponse:
    original = run_of(request.auth, run_id, user_id)
    with received(request, Reply) as (body, files):
        asked = {**fingerprint(body, files), "run": run_id}
        begun = once(
            request, request.auth.user, "reply/files", asked, lambda: follow_up(original, body, request, files)
        )
        return told(begun, stream=body.stream)


def fingerprint(body: Schema, files: list[Given]) -> dict[str, Any]:
    return {**body.model_dump(exclude={"stream"}), "files": [[file.name, file.digest] for file in files]}


class Flat(Whole):
    """Refuses a file name that holds folders; Django's own would cut it without a word."""

    def sanitize_file_name(self, file_name: str) -> str:
        check_name(file_name)
        return file_name


@contextmanager
def received(request: Request, kind: type[Body]) -> Iterator[tuple[Body, list[Given]]]:
    """The body and the stored files of a multipart request; what no run has taken is removed at the end."""
    if not request.headers.get("Content-Length"):
        raise Problem(411, "Send the length of the body, as Content-Length.", "length_required")
    fields, parts = Flat(request.META, request, request.upload_handlers, "utf-8").parse()
    with ExitStack() as sent:
        for _, of_name in parts.lists():
            for file in of_name:
                sent.enter_context(file)
        if others := sorted(set(parts) - {"files"}):
            raise Problem(422, f"Send files as parts named files, not {others[0]!r}.", "invalid")
        body = payload(fields, kind)
        with laid_down(parts.getlist("files")) as given:
            yield body, given


def payload(fields: QueryDict, kind: type[Body]) -> Body:
    """What the form field holds, held to the rules of the same request without files."""
    text = fields.get("payload")
    if text is None:
        raise Problem(422, "payload: the JSON of the request belongs in a form field of this name.", "invalid")
    try:
        return kind.model_validate(read(str(text).encode()))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Problem(422, f"{where}: {first['msg']}" if where else first["msg"], "invalid") from None
    except Unreadable as error:
        raise Problem(error.status, f"payload: {error.message}", error.code) from None
