"""Which route answers what."""

from dataclasses import dataclass
from typing import Any

from ninja import Schema
from ninja.openapi.schema import REF_TEMPLATE

from api.m8tes.told import account, roster, runs, tasks

STREAM = "Server-sent events, one JSON object in each `data:` line, to the first pause or the end of the run."
Content = dict[str, Any]


@dataclass(frozen=True)
class Tells:
    """A successful answer: `kind` alone, as one page of them, or as a bare array of them."""

    status: int = 200
    kind: type[Schema] | None = None
    many: str = ""  # page or array
    stream: bool = False
    media: str = "application/json"

    def responses(self) -> dict[int, Content]:
        """Content by status. What begins a run answers 201, but a stream, and a replay, with 200."""
        if self.media != "application/json":
            return {self.status: {self.media: {}}}
        body = {"application/json": {"schema": self.schema(ref(self.kind))}} if self.kind else {}
        text = {"text/event-stream": {"schema": {"type": "string", "description": STREAM}}}
        return {self.status: body} | ({200: body | text} if self.stream else {})

    def schema(self, one: Content) -> Content:
        items = {"type": "array", "items": one}
        if self.many != "page":
            return items if self.many else one
        cursor = {"type": ["integer", "string", "null"], "description": "For `starting_after` of the next page."}
        fields = {"data": items, "has_more": {"type": "boolean"}, "next_starting_after": cursor}
        return {"type": "object", "properties": fields, "required": ["data", "has_more"]}


def ref(kind: type[Schema]) -> Content:
    return {"$ref": REF_TEMPLATE.format(model=kind.__name__)}


def page(kind: type[Schema]) -> Tells:
    return Tells(kind=kind, many="page")


def array(kind: type[Schema]) -> Tells:
    return Tells(kind=kind, many="array")


NOTHING = Tells(204)
RUN, NEW_RUN = Tells(kind=runs.Run), Tells(201, runs.Run, stream=True)
TEAMMATE = Tells(kind=roster.Teammate)

TABLE = {
    "POST /runs": NEW_RUN,
    "GET /runs": page(runs.Run),
    "POST /runs/with-files": NEW_RUN,
    "GET /runs/check": Tells(kind=runs.Check),
    "GET /runs/needs-you": Tells(kind=runs.NeedsYou),
    "GET /runs/activity": Tells(kind=runs.Activity),
    "GET /runs/{run_id}": RUN,
    "POST /runs/{run_id}/reply": NEW_RUN,
    "POST /runs/{run_id}/reply/with-files": NEW_RUN,
    "POST /runs/{run_id}/cancel": RUN,
    "POST /runs/{run_id}/retry": Tells(201, runs.Run),
    "POST /runs/{run_id}/archive": RUN,
    "POST /runs/{run_id}/unarchive": RUN,
    "POST /runs/{run_id}/view": RUN,
    "POST /runs/{run_id}/share": Tells(kind=runs.Shared),
    "DELETE /runs/{run_id}/share": NOTHING,
    "GET /runs/{run_id}/stream": Tells(stream=True),
    "GET /runs/{run_id}/messages": array(runs.Message),
    "GET /runs/{run_id}/outcome": Tells(kind=runs.Outcome),
    "GET /runs/{run_id}/files": array(runs.File),
    "GET /runs/{run_id}/files/{name}/download": Tells(media="application/octet-stream"),
    "GET /runs/{run_id}/permissions": array(runs.PermissionRequest),
    "POST /runs/{run_id}/approve": Tells(kind=runs.Decided),
    "POST /runs/{run_id}/answer": Tells(kind=runs.Answered),
    "PATCH /runs/{run_id}/permission-mode": Tells(kind=runs.ModeSet),
    "POST /agents": Tells(201, roster.Teammate),
    "GET /agents": page(roster.Teammate),
    "GET /agents/{agent_id}": TEAMMATE,
    "PATCH /agents/{agent_id}": TEAMMATE,
    "DELETE /agents/{agent_id}": NOTHING,
    "POST /agents/{agent_id}/enable": TEAMMATE,
    "POST /agents/{agent_id}/disable": TEAMMATE,
    "POST /agents/{agent_id}/unarchive": TEAMMATE,
    "GET /agents/{agent_id}/system-prompt": Tells(kind=roster.SystemPrompt),
    "POST /memories": Tells(201, roster.Memory),
    "GET /memories": page(roster.Memory),
    "PATCH /memories/{memory_id}": Tells(kind=roster.Memory),
    "DELETE /memories/{memory_id}": NOTHING,
    "POST /permissions": Tells(201, roster.Permission),
    "GET /permissions": page(roster.Permission),
    "DELETE /permissions/{rule_id}": NOTHING,
    "POST /users": Tells(201, roster.EndUser),
    "GET /users": page(roster.EndUser),
    "GET /users/{user_id}": Tells(kind=roster.EndUser),
    "PATCH /users/{user_id}": Tells(kind=roster.EndUser),
    "DELETE /users/{user_id}": NOTHING,
    "GET /models": page(roster.Model),
    "GET /apps": page(roster.App),
    "GET /apps/{app}/tools": page(roster.AppTool),
    "GET /built-in-tools": page(roster.BuiltInTool),
    "POST /tasks": Tells(201, tasks.Task),
    "GET /tasks": page(tasks.Task),
    "GET /tasks/{task_id}": Tells(kind=tasks.Task),
    "PATCH /tasks/{task_id}": Tells(kind=tasks.Task),
    "DELETE /tasks/{task_id}": NOTHING,
    "POST /tasks/{task_id}/runs": NEW_RUN,
    "GET /tasks/{task_id}/triggers": array(tasks.Trigger),
    "POST /tasks/{task_id}/triggers": Tells(201, tasks.Trigger),
    "PATCH /tasks/{task_id}/triggers/{trigger_id}": Tells(kind=tasks.Trigger),
    "DELETE /tasks/{task_id}/triggers/{trigger_id}": NOTHING,
    "POST /tasks/{task_id}/webhook": Tells(201, tasks.Address),
    "PATCH /tasks/{task_id}/webhook": Tells(kind=tasks.Address),
    "DELETE /tasks/{task_id}/webhook": NOTHING,
    "GET /triggers": page(tasks.TaskTrigger),
    "POST /hooks/{token}": Tells(202, tasks.Called),
    "POST /webhooks": Tells(201, tasks.Webhook),
    "GET /webhooks": page(tasks.Webhook),
    "GET /webhooks/{webhook_id}": Tells(kind=tasks.Webhook),
    "PATCH /webhooks/{webhook_id}": Tells(kind=tasks.Webhook),
    "DELETE /webhooks/{webhook_id}": NOTHING,
    "GET /webhooks/{webhook_id}/deliveries": page(tasks.Delivery),
    "GET /keys": Tells(kind=account.KeyInfo),
    "POST /keys": Tells(201, account.MadeKey),
    "DELETE /keys": Tells(kind=account.KeyInfo),
    "GET /keys/all": array(account.Key),
    "POST /keys/rotate": Tells(kind=account.MadeKey),
    "POST /keys/{key_id}/rotate": Tells(kind=account.MadeKey),
    "DELETE /keys/{key_id}": Tells(kind=account.Key),
    "GET /audit-logs": page(account.AuditLog),
    "GET /settings": Tells(kind=account.Settings),
    "PATCH /settings": Tells(kind=account.Settings),
    "GET /usage": Tells(kind=account.Usage),
    "GET /usage/end-users": page(account.EndUserUsage),
    "GET /verify/status": Tells(kind=account.Verified),
    "POST /verify/resend": Tells(kind=account.Saying),
    "GET /openapi.json": Tells(kind=account.Description),
}
