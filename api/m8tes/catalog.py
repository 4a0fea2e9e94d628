"""What can be chosen: models, tools and the built-in ones (contract 2.9)."""

from typing import Annotated, Any

from django.conf import settings
from django.http import Http404, HttpResponse
from ninja import Path, Router

from api.auth import READ, Request
from api.m8tes.pages import whole
from api.m8tes.scope import teammate_of
from teammates.catalog import known_models
from teammates.models import Mode, Teammate
from teammates.services import tools_of
from teammates.tools.builtin import BUILT_IN
from teammates.tools.questions import ASK, PLAN
from teammates.tools.registry import Tool, registry

router = Router(tags=["catalog"])
Id = Annotated[int, Path(ge=1, lt=2**63)]
CACHED = ("input_per_mtok", "cache_read_per_mtok", "cache_write_per_mtok")  # no discount is known here


@router.get("/models", auth=READ, summary="Models that may be asked for by name")
def models(request: Request) -> HttpResponse:
    return whole([model_shape(name) for name in known_models()])


@router.get("/apps", auth=READ, summary="What `tools` may name")
def apps(request: Request) -> HttpResponse:
    """Each tool that is not built in is an app of its own, ready for use: `tools` take the names of apps."""
    return whole([app_shape(tool) for tool in registry.all() if is_app(tool)])


@router.get("/apps/{app}/tools", auth=READ, summary="The tools of an app")
def app_tools(request: Request, app: str) -> HttpResponse:
    tool = registry.get(app)
    if tool is None or not is_app(tool):
        raise Http404(f"There is no app {app!r}.")
    return whole([tool_shape(tool)])


@router.get("/built-in-tools", auth=READ, summary="Tools that teammates have without being given them")
def built_in_tools(
    request: Request, teammate_id: int | None = None, agent_id: int | None = None, user_id: str | None = None
) -> HttpResponse:
    named = teammate_id or agent_id
    teammate = teammate_of(request.auth, named, user_id) if named else None
    return whole([built_in_shape(tool, teammate) for tool in registry.all() if tool.name in BUILT_IN or tool.gate])


def is_app(tool: Tool) -> bool:
    return tool.name not in BUILT_IN and not tool.gate


def model_shape(name: str) -> dict[str, Any]:
    script = name == "demo"
    return {
        "id": name,
        "name": name,
        "description": "A script that needs no key." if script else "A model of the configured endpoint.",
        "provider": "sayso" if script else "openai",
        "default": name == settings.DEFAULT_MODEL,
        "max_effort": "high",
        "runnable": script or bool(settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL),
        "pricing": pricing_of(name),
    }


def pricing_of(name: str) -> dict[str, Any] | None:
    """In USD for a million tokens, where `SAYSO_PRICES` says so."""
    prices = settings.PRICES.get(name, (0.0, 0.0) if name == "demo" else None)
    if prices is None:
        return None
    told, said = prices
    return {**dict.fromkeys(CACHED, told), "output_per_mtok": said, "currency": "usd"}


def app_shape(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "key": tool.name,
        "display_name": tool.title,
        "category": tool.function.__module__.partition(".")[0],
        "connected": True,
        "auth_type": "platform_provisioned",
    }


def tool_shape(tool: Tool) -> dict[str, Any]:
    asks = tool.needs_approval or tool.external or tool.user_input or tool.risk != "read"
    return {
        "slug": tool.name,
        "name": tool.title,
        "description": tool.description,
        "read_only": tool.risk == "read",
        "approval_mode": "always" if asks else "never",
    }


def built_in_shape(tool: Tool, teammate: Teammate | None) -> dict[str, Any]:
    """`configurable`: can be named in `disabled_builtin_tools`."""
    return {
        "name": tool.name,
        "server_name": "sayso",
        "display_name": tool.title,
        "description": tool.description,
        "enabled": teammate is None or is_enabled(tool, teammate),
        "multi_tenant_safe": True,
        "configurable": not tool.gate,
    }


def is_enabled(tool: Tool, teammate: Teammate) -> bool:
    """Asking comes with human in the loop, planning with its mode; the others are its own."""
    if tool is ASK:
        return teammate.human_in_the_loop
    if tool is PLAN:
        return teammate.permission_mode == Mode.PLAN
    return tool.name in dict(tools_of(teammate))
