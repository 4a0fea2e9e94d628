"""The door itself: its routes, who is let in, and the description that it gives of itself."""

from django.conf import settings
from django.http import HttpResponse
from ninja import NinjaAPI

from api.agentos import agents, approvals, memories, resuming, sessions, system, teams, workflows
from api.agentos.answers import answer
from api.agentos.auth import READ, Request
from api.agentos.description import description
from api.agentos.errors import TABLE, answer_to
from api.reading import Reading

door = NinjaAPI(
    title="Sayso, the AgentOS door",
    version=settings.VERSION,
    urls_namespace="agentos",
    docs_url=None,
    openapi_url=None,
    parser=Reading(),
    auth=READ,
)
kinds: list[type[Exception]] = [Exception, *TABLE]
for kind in kinds:
    door.add_exception_handler(kind, answer_to)

door.add_router("", system.router)
door.add_router("", memories.router)
door.add_router("/agents", agents.router)
door.add_router("/teams", teams.router)
door.add_router("/workflows", workflows.router)
door.add_router("", resuming.router)
door.add_router("/sessions", sessions.router)
door.add_router("/approvals", approvals.router)


@door.get("/openapi.json", auth=READ, tags=["server"], summary="This description, for programs")
def openapi(request: Request) -> HttpResponse:
    return answer(description(door))
