"""What this server is and has (contract 6): for clients that look around before they begin."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now
from ninja import Router

from api.agentos.agents import agents_of
from api.agentos.answers import answer, iso
from api.agentos.auth import READ, Request
from api.agentos.shapes import DB_ID, provider_of
from teammates.catalog import known_models
from teammates.models import Teammate

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
        "agents": [summary_of(agent) for agent in agents_of(request).filter(enabled=True)],
        "teams": [],
        "workflows": [],
        "interfaces": [],
    }
    return answer(told)


def summary_of(agent: Teammate) -> dict[str, Any]:
    return {"id": agent.slug, "name": agent.name, "description": agent.description, "db_id": DB_ID}


@router.get("/models", auth=READ, summary="List the models of the agents")
def models(request: Request) -> HttpResponse:
    names = {agent.model or settings.DEFAULT_MODEL for agent in agents_of(request).filter(enabled=True)}
    return answer([{"id": name, "provider": provider_of(name)} for name in sorted(names)])


@router.get("/teams", auth=READ, summary="List teams")
def teams(request: Request) -> HttpResponse:
    """There are none yet."""
    return answer([])


@router.get("/workflows", auth=READ, summary="List workflows")
def workflows(request: Request) -> HttpResponse:
    """There are none yet."""
    return answer([])
