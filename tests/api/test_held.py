"""Answers that take their time: what the client is sent when one breaks, or is left."""

import asyncio

from asgiref.sync import async_to_sync
from django.http import HttpResponse

from api.streams import Later


async def silent():
    await asyncio.Event().wait()


def sent_by(held):
    """The status and the bodies that went to a client who stays."""
    messages = []

    async def send(message):
        messages.append(message)

    async_to_sync(held.serve)(silent, send)
    return messages[0]["status"], b"".join(message.get("body", b"") for message in messages), messages[-1]["more_body"]


def refuse(error):
    return HttpResponse(str(error), status=500)


def test_an_answer_is_sent_once_it_is_there():
    async def result():
        return HttpResponse(b"here", status=201)

    assert sent_by(Later(result, refuse)) == (201, b"here", False)


def test_an_answer_that_breaks_is_refused_as_the_door_does():
    async def result():
        raise ValueError("broken")

    assert sent_by(Later(result, refuse)) == (500, b"broken", False)
