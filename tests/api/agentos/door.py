"""A client of the AgentOS door without a server: forms in, answers and events out. The machine works in between."""

import json
from urllib.parse import urlencode

from asgiref.sync import async_to_sync
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.client import ClientHandler

from api.streams import EventStream, Later
from runs.engine import driver
from runs.models import Run
from teammates import keys
from tests.machine import no_news

FORM = "application/x-www-form-urlencoded"
TO_THE_END = ["ModelRequestStarted", "RunContent", "ModelRequestCompleted", "RunContentCompleted", "RunCompleted"]
COLOURS = {
    "question": "Which colour?",
    "header": "Colour",
    "options": [{"label": "Red", "description": "Warm"}, {"label": "Blue", "description": "Cold"}],
    "multiSelect": False,
}
WHEN = {**COLOURS, "question": "When?", "header": "When", "multiSelect": True}


class Working(ClientHandler):
    """Takes every queued run as far as it goes before the answer is read, unless it is told to leave them."""

    working = True

    def get_response(self, request):
        response = super().get_response(request)
        if self.working:
            work()
        if isinstance(response, Later):
            return async_to_sync(response.make)() if self.working else response
        if isinstance(response, EventStream):
            return StreamingHttpResponse(response.frames, headers=dict(response.items()))
        return response


def work():
    while queued := Run.objects.filter(status="queued").first():
        driver.carry_forward(queued.pk)


class Door:
    """The door as the holder of one key uses it. Gives Django's response, whatever its status."""

    def __init__(self, user, scopes=keys.DEFAULT_SCOPES):
        self.user = user
        self.row, self.key = keys.create(user, "test", scopes)
        self.client = Client(headers={"Authorization": f"Bearer {self.key}"})
        self.client.handler = Working()

    def leave(self):
        """From now on queued runs stay queued: the test itself works, or a worker is not there."""
        self.client.handler.working = False
        return self

    def get(self, path, **query):
        return self.client.get(path, query)

    def post(self, path, body="", content_type=FORM, **more):
        raw = body if isinstance(body, (str, bytes)) else urlencode(body, doseq=True)
        return self.client.generic("POST", path, raw, content_type=content_type, **more)

    def create(self, agent="helper", message="Do it", **fields):
        """The answer to a new run; dicts are sent as JSON, as the client does."""
        return self.post(f"/agents/{agent}/runs", as_form({"message": message, "stream": False, **fields}))

    def run(self, agent="helper", message="Do it", **fields):
        """A new run, told once it has paused or ended."""
        response = self.create(agent, message, **fields)
        assert response.status_code == 200, response.content
        return response.json()

    def stream(self, agent="helper", message="Do it", **fields):
        return events_of(self.create(agent, message, stream=True, **fields))

    def look(self, told, agent="helper", **query):
        return self.get(f"/agents/{agent}/runs/{told['run_id']}", **{"session_id": told["session_id"], **query})

    def go_on(self, told, tools=(), agent="helper", **fields):
        """Continue; `tools` as objects, or as the text of the field."""
        text = tools if isinstance(tools, str) else json.dumps(list(tools))
        fields = {"tools": text, "session_id": told["session_id"], "stream": False, **fields}
        return self.post(f"/agents/{agent}/runs/{told['run_id']}/continue", as_form(fields))

    def cancel(self, told, agent="helper"):
        return self.client.generic("POST", f"/agents/{agent}/runs/{told['run_id']}/cancel")


def sent(door, method, path, body=None):
    """A request with a JSON body, or with a text that should be one."""
    raw = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    return door.client.generic(method, path, raw, content_type="application/json")


def as_form(fields):
    given = {name: value for name, value in fields.items() if value is not None}
    return {name: json.dumps(value) if isinstance(value, dict) else value for name, value in given.items()}


def row(told) -> Run:
    return Run.objects.get(uuid=told["run_id"])


def frames_of(response) -> bytes:
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "text/event-stream; charset=utf-8"

    async def read():
        return b"".join([part async for part in response.streaming_content])

    return async_to_sync(read)()


def events_of(response):
    """The events of a stream, read as the client reads them; each block names its event twice."""
    events = []
    for block in frames_of(response).decode().split("\n\n")[:-1]:
        if block.startswith(":"):
            continue
        named, data = block.split("\n")
        events.append(json.loads(data.removeprefix("data: ")))
        assert named == f"event: {events[-1]['event']}"
    return events


def blocks(response):
    """The events of a stream that came over the wire as a whole."""
    return [json.loads(line[6:]) for line in response.text.split("\n") if line.startswith("data: ")]


def names(events):
    """The events' names; words of the model that follow each other are one."""
    found = [event["event"] for event in events]
    return [
        name
        for place, name in enumerate(found)
        if not name.endswith("RunContent") or [name] != found[place - 1 : place]
    ]


def problem_of(response):
    """The status, the code and the sentence of a refusal."""
    body = response.json()
    assert sorted(body) == ["detail", "error_code"], body
    assert isinstance(body["detail"], str)
    assert body["detail"]
    return response.status_code, body["error_code"]


def waiting(told):
    """The tool calls that wait for a decision, as they are given to the client."""
    return [requirement["tool_execution"] for requirement in told["requirements"]]


def confirmed(tool, **more):
    return {**tool, "confirmed": True, **more}


def rejected(tool, note=None):
    return {**tool, "confirmed": False, "confirmation_note": note}


def refused(door, told, tools, status, code, **more):
    """The continue is refused and leaves every row and the log as they were; the sentence that says why."""
    with no_news(row(told)):
        response = door.go_on(told, tools, **more)
        assert problem_of(response) == (status, code)
    return response.json()["detail"]


def chosen(tool, *labels):
    """The question answered, with the labels chosen for each of its parts."""
    parts = zip(tool["user_feedback_schema"], labels, strict=True)
    return {**tool, "user_feedback_schema": [{**part, "selected_options": list(said)} for part, said in parts]}
