"""The door itself: its routes, who is let in, and the description that it gives of itself."""

from django.conf import settings
from django.http import HttpResponse
from ninja import NinjaAPI, Router

from api.auth import ANY, READ, Request
from api.m8tes import (
    audit_logs,
    catalog,
    gates,
    glance,
    keys,
    memories,
    permissions,
    runs,
    shelf,
    tasks,
    teammates,
    transcript,
    triggers,
    uploads,
    usage,
    users,
    verify,
    webhooks,
)
from api.m8tes import settings as account
from api.m8tes.answers import answer
from api.m8tes.description import description
from api.m8tes.errors import TABLE, answer_to
from api.m8tes.reading import Reading

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

for before in (glance, uploads):  # their addresses are words where the others have an id
    door.add_router("/runs", before.router)
door.add_router("/runs", runs.router)
door.add_router("/runs", gates.router)
door.add_router("/runs", transcript.router)
door.add_router("/runs", shelf.router)
door.add_router("/keys", keys.router)
door.add_router("/audit-logs", audit_logs.router)
door.add_router("/settings", account.router)
door.add_router("/usage", usage.router)
door.add_router("/verify", verify.router)
door.add_router("/agents", teammates.router)
door.add_router("/memories", memories.router)
door.add_router("/permissions", permissions.router)
door.add_router("/users", users.router)
for part in (tasks, triggers):
    door.add_router("/tasks", part.router)
door.add_router("/triggers", triggers.everywhere)
door.add_router("/hooks", triggers.hooks)
door.add_router("/webhooks", webhooks.router)
door.add_router("", catalog.router)

about = Router(tags=["about"])


@about.get("/openapi.json", auth=ANY, summary="This description, for programs")
def openapi(request: Request) -> HttpResponse:
    return answer(description(door))


door.add_router("", about)
