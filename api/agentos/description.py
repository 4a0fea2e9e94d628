"""The door described by itself, as OpenAPI 3.1: the routes from the views, what they answer from the tables below."""

from functools import cache
from http import HTTPStatus
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from api.agentos.auth import Enter

SECURITY = {"type": "http", "scheme": "bearer", "description": "An API key, or the key of OS_SECURITY_KEY."}
ERROR = {
    "type": "object",
    "properties": {"detail": {"type": "string"}, "error_code": {"type": "string"}},
    "required": ["detail", "error_code"],
}
EVENTS = "Server-sent events; each block names its event and has one line of JSON, which names it again."
Content = dict[str, Any]

STATUS = {"POST /sessions": 201}  # of success, where it is not 200 with JSON
LISTS = {
    "GET /agents",
    "GET /agents/{agent_id}/runs",
    "GET /teams/{team_id}/runs",
    "GET /workflows/{workflow_id}/runs",
    "GET /sessions/{session_id}/runs",
    "GET /memory_topics",
    "GET /models",
    "GET /teams",
    "GET /workflows",
}
RUNS = [f"/{word}s/{{{word}_id}}/runs" for word in ("agent", "team", "workflow")]
STARTS = {f"POST {path}" for path in RUNS}
STREAMS = STARTS | {f"POST {path}/{{run_id}}/continue" for path in RUNS}  # or JSON, as is asked
STREAM = {f"POST {path}/{{run_id}}/resume" for path in RUNS}
REFUSED = "DELETE /approvals/{approval_id}"


class FromViews(OpenAPISchema):
    """What ninja knows from the views; each operation names the scope that its key needs."""

    def operation_security(self, operation: Operation) -> list[Content] | None:
        return [{"ApiKey": [auth.scope]} for auth in operation.auth_callbacks if isinstance(auth, Enter)]


@cache
def description(door: NinjaAPI) -> Content:
    """The whole description; the routes do not change while the process lives."""
    whole: Content = dict(FromViews(door, ""))
    for path, operations in whole["paths"].items():
        for method, operation in operations.items():
            operation["operationId"] = operation["operationId"].removeprefix("api_agentos_")
            operation["responses"] = responses(f"{method.upper()} {path}")
    components = whole["components"]
    components["schemas"] = dict(sorted((components["schemas"] | {"Error": ERROR}).items()))
    components["securitySchemes"] = {"ApiKey": SECURITY}
    components["responses"] = {"Error": {"description": "What went wrong.", "content": json_of(ref("Error"))}}
    return whole | {"servers": [{"url": "/"}]}


def responses(name: str) -> Content:
    wrong = {"$ref": "#/components/responses/Error"}
    if name == REFUSED:
        return {"409": wrong, "default": wrong}
    status = 204 if name.startswith("DELETE ") else STATUS.get(name, 200)
    told: Content = {"description": HTTPStatus(status).phrase}
    if status != 204:
        told["content"] = content_of(name)
    background = {"202": {"description": "Accepted", "content": json_of({"type": "object"})}}
    return {str(status): told, "default": wrong} | (background if name in STARTS else {})


def content_of(name: str) -> Content:
    events = {"text/event-stream": {"schema": {"type": "string", "description": EVENTS}}}
    if name in STREAM:
        return events
    kind = {"type": "array", "items": {}} if name in LISTS else {"type": "object"}
    return json_of(kind) | (events if name in STREAMS else {})


def json_of(schema: Content) -> Content:
    return {"application/json": {"schema": schema}}


def ref(name: str) -> Content:
    return {"$ref": f"#/components/schemas/{name}"}
