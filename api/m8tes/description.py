"""The door described by itself, as OpenAPI 3.1: the routes from the views, their answers from `told/`."""

from functools import cache
from http import HTTPStatus

from ninja import NinjaAPI
from ninja.openapi.schema import REF_TEMPLATE, OpenAPISchema
from ninja.operation import Operation
from pydantic.json_schema import models_json_schema

from api.auth import Bearer
from api.m8tes.told.runs import Envelope
from api.m8tes.told.table import NEW_RUN, TABLE, Content, Tells, ref

SERVER = "/api/v2"
ERROR = {"application/json": {"schema": ref(Envelope)}}
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "maxLength": 255, "description": "The same again within a day is the same run."},
}
SECURITY = {"type": "http", "scheme": "bearer", "description": "An API key: `sayso_…`."}


class FromViews(OpenAPISchema):
    """What ninja knows from the views; each operation names the scope that its key needs."""

    def operation_security(self, operation: Operation) -> list[Content] | None:
        scopes = [auth.scope for auth in operation.auth_callbacks if isinstance(auth, Bearer)]
        return [{"ApiKey": [scope] if scope else []} for scope in scopes]


@cache
def description(door: NinjaAPI) -> Content:
    """The whole description; the routes do not change while the process lives."""
    whole: Content = dict(FromViews(door, ""))
    for path, operations in whole["paths"].items():
        for method, operation in operations.items():
            operation["operationId"] = operation["operationId"].removeprefix("api_m8tes_")
            tells = TABLE[f"{method.upper()} {path}"]
            operation["responses"] = responses(tells)
            if tells is NEW_RUN:
                operation["parameters"].append(IDEMPOTENCY_KEY)
    components = whole["components"]
    components["schemas"] = dict(sorted((components["schemas"] | definitions()).items()))
    components["securitySchemes"] = {"ApiKey": SECURITY}
    components["responses"] = {"Error": {"description": "What went wrong, and what to do.", "content": ERROR}}
    return whole | {"servers": [{"url": SERVER}]}


def responses(tells: Tells) -> Content:
    found: Content = {"default": {"$ref": "#/components/responses/Error"}}
    for status, content in sorted(tells.responses().items()):
        found[str(status)] = {"description": HTTPStatus(status).phrase} | ({"content": content} if content else {})
    return dict(sorted(found.items()))


def definitions() -> Content:
    kinds = {tells.kind for tells in TABLE.values() if tells.kind} | {Envelope}
    ordered = sorted(kinds, key=lambda kind: kind.__name__)
    _, schema = models_json_schema([(kind, "serialization") for kind in ordered], ref_template=REF_TEMPLATE)
    defined: Content = schema["$defs"]
    return defined
