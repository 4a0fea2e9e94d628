"""Bodies of requests, read as at every door; what cannot be read is a problem of this door's."""

from typing import Any

from django.http import HttpRequest

from api import reading
from api.m8tes.errors import Problem


class Reading(reading.Reading):
    def parse_body(self, request: HttpRequest) -> Any:
        try:
            return super().parse_body(request)
        except reading.Unreadable as error:
            raise Problem(error.status, error.message, error.code) from None
