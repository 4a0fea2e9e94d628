"""The door itself: its routes, who is let in, and the description that it gives of itself."""

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja import NinjaAPI
from ninja.parser import Parser

from api.auth import READ
from api.m8tes import gates, runs, uploads
from api.m8tes.errors import TABLE, answer_to


class Reading(Parser):
    """No body is an empty one: clients send the content type of JSON with everything."""

    def parse_body(self, request: HttpRequest) -> Any:
        return json.loads(request.body or b"{}")


door = NinjaAPI(
    title="Sayso, the m8tes door",
    version=settings.VERSION,
    urls_namespace="m8tes",
    docs_url=None,
    openapi_url=None,
    parser=Reading(),
    auth=READ,
)
kinds: list[type[Exception]] = [Exception, *TABLE]
for kind in kinds:
    door.add_exception_handler(kind, answer_to)

door.add_router("/runs", uploads.router)  # before the addresses with an id, as a word in its place
door.add_router("/runs", runs.router)
door.add_router("/runs", gates.router)
