"""What this server is and has (contract 6): for clients that look around before they begin."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now
from ninja import Router

from api.agentos.answers import answer, iso
from api.agentos.auth import READ, Request
from api.agentos.kinds import AGENT, TEAM, WORKFLOW, Kind
from api.agentos.shapes import DB_ID, provider_of
from teammates.catalog import known_models

OS_ID, NAME = "sayso", "Sayso"
SPOKEN = "2.5.6"  # the version of agno whose client this door is made for
STARTED = now()

router = Router(tags=["server"])


@router.get("/", auth=None, summary="Which server this is")
def server(request: HttpRequest) -> HttpResponse:
    return answer({"name": NAME, "id": OS_ID, "version": settings.VERSION})


@router.get("/health", auth=None, summary="It answers")
def health(request: HttpRequest) -> HttpResponse:
    return answer({"status": "ok", "instantiated_at": iso(STARTED)})


@router.get("/info", auth=None, summary="What it speaks")
def info(request: HttpRequest) -> HttpResponse:
    """Nothing about its agents, because nobody needs a key to ask."""
    told = {"os_id": OS_ID, "name": NAME, "os_version": settings.VERSION, "agno_version": SPOKEN}
    return answer({**told, "auth_mode": "security_key", "user_isolation": False})


@router.get("/config", auth=READ, summary="What it has")
def config(request: Request) -> HttpResponse:
    told = {
        "os_id": OS_ID,
        "name": NAME,
        "description": "Teammates that ask before they act.",
        "available_models": known_models(),
        "os_database": DB_ID,
        "databases": [DB_ID],
        "session": {"dbs": [{"db_id": DB_ID, "tables": ["runs_session"]}]},
        "memory": {"dbs": [{"db_id": DB_ID, "tables": ["teammates_memory"]}]},
        "knowledge": {"dbs": []},
        "evals": {"dbs": []},
        "metrics": {"dbs": []},
        "traces": {"dbs": []},
        "agents": summaries(request, AGENT),
        "teams": summaries(request, TEAM),
        "workflows": summaries(request, WORKFLOW),
        "interfaces": [],
    }
    return answer(told)


def summaries(request: Request, kind: Kind) -> list[dict[str, Any]]:
    rows = kind.rows(request.auth.user).filter(enabled=True)
    return [{"id": one.slug, "name": one.name, "description": one.description, "db_id": DB_ID} for one in rows]


@router.get("/models", auth=READ, summary="List the models of the agents")
def models(request: Request) -> HttpResponse:
    agents = AGENT.rows(request.auth.user).filter(enabled=True)
    names = {agent.model or settings.DEFAULT_MODEL for agent in agents}
    return answer([{"id": name, "provider": provider_of(name)} for name in sorted(names)])
