"""The door itself: its routes, who is let in, and the description that it gives of itself."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from api.agentos import agents
from api.agentos.answers import answer
from api.agentos.auth import READ
from api.agentos.errors import TABLE, answer_to

door = NinjaAPI(
    title="Sayso, the AgentOS door",
    version=settings.VERSION,
    urls_namespace="agentos",
    docs_url=None,
    openapi_url=None,
    auth=READ,
)
kinds: list[type[Exception]] = [Exception, *TABLE]
for kind in kinds:
    door.add_exception_handler(kind, answer_to)



@door.get("/", auth=None, summary="Which server this is")
def server(request: HttpRequest) -> HttpResponse:
    return answer({"name": "Sayso", "id": "sayso", "version": settings.VERSION})


door.add_router("/agents", agents.router)
