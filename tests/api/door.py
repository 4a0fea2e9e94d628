"""A client of the m8tes door without a server: `api.post("/runs", {…})`, and how to read what it says."""

import json

from asgiref.sync import async_to_sync
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.client import ClientHandler

from api.streams import EventStream
from runs.models import Run
from teammates import keys

ROOT = "/api/v2"


class StreamsToo(ClientHandler):
    """Django's own knows no `EventStream`, which writes itself to ASGI."""

    def get_response(self, request):
        response = super().get_response(request)
        if not isinstance(response, EventStream):
            return response
        return StreamingHttpResponse(response.frames, headers=dict(response.items()))


class Api:
    """The door as the holder of one key of `user` uses it. Gives Django's response, whatever its status."""

    def __init__(self, user, scopes=keys.DEFAULT_SCOPES):
        self.user = user
        self.row, self.key = keys.create(user, "test", scopes)
        self.client = Client(headers={"Authorization": f"Bearer {self.key}"})
        self.client.handler = StreamsToo()

    def get(self, path, **query):
        return self.client.get(ROOT + path, query)

    def post(self, path, body=None, **headers):
        """`headers` with underscores: `api.post("/runs", {...}, idempotency_key="k")`."""
        return self._send("POST", path, body, headers)

    def patch(self, path, body=None, **headers):
        return self._send("PATCH", path, body, headers)

    def put(self, path, body=None, **headers):
        return self._send("PUT", path, body, headers)

    def delete(self, path, body=None, **headers):
        return self._send("DELETE", path, body, headers)

    def _send(self, method, path, body, headers):
        raw = body if isinstance(body, (str, bytes)) else "" if body is None else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(method, ROOT + path, raw, content_type="application/json", headers=named)

    def run(self, teammate=None, **body):
        """Begin a run through the door; its row."""
        whose = {"teammate_id": teammate.pk} if teammate else {}
        response = self.post("/runs", {"message": "Do it", "stream": False, **whose, **body})
        assert response.status_code == 201, response.content
        return Run.objects.get(pk=response.json()["id"])

    def gates(self, run):
        return self.get(f"/runs/{run.pk}/permissions").json()


def problem_of(response):
    """The status and the code of an error, whose envelope has to be whole."""
    error = response.json()["error"]
    assert error["type"], error
    assert error["message"], error
    assert error["request_id"] == response["X-Request-Id"]
    assert error["code"] == response.status_code
    assert error.get("details", {}).get("error_code") == error.get("error_code")
    return response.status_code, error.get("error_code")


def raw_frames(response):
    """The bytes of a stream, to its end."""
    assert response["Content-Type"] == "text/event-stream; charset=utf-8"

    async def read():
        return b"".join([part async for part in response.streaming_content])

    return async_to_sync(read)()


def frames_of(response):
    """The frames of a stream, to its end."""
    return framed([raw_frames(response)])


def framed(parts):
    """The frames in these bytes, read as the SDKs read them: as text that `splitlines` cuts."""
    lines = b"".join(parts).decode("utf-8").splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


def said(frames):
    """All text of the frames."""
    return "".join(frame["delta"] for frame in frames if frame["type"] == "text-delta")
