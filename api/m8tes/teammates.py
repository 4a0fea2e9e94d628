"""Teammates: make, look, change, take out of use (contract 2.7)."""

from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Field, Path, Query, Router, Schema

from api.auth import READ, WRITE, Caller, Request
from api.m8tes.answers import answer, iso, nothing
from api.m8tes.bodies import Mode
from api.m8tes.errors import Problem
from api.m8tes.pages import Page, page_of
from api.m8tes.scope import end_user, teammate_of, teammates_of
from runs.engine.background import standing
from runs.locks import write
from teammates import lifecycle
from teammates.models import Teammate
from teammates.services import current_revision

router = Router(tags=["teammates"])
AgentId = Annotated[int, Path(ge=1, lt=2**63)]

# What a client calls it -> what it is called here.
NAMES = {
    "name": "name",
    "instructions": "instructions",
    "role": "role",
    "goals": "goals",
    "metadata": "metadata",
    "model": "model",
    "effort": "effort",
    "default_permission_mode": "permission_mode",
    "enable_memory": "uses_memory",
    "enable_history": "uses_history",
}
EXTRAS = ("allowed_senders", "enable_task_setup_tools", "enable_feedback", "display_order")
# Where null says something: back to what is usual. Anywhere else it is as good as absent.
EMPTY = {"model": "", "effort": "", "enable_memory": None, "enable_history": None}
CLEARED = {"enable_task_setup_tools", "enable_feedback", "display_order"}


class TeammateChanges(Schema):
    name: str | None = None
    instructions: Annotated[str, Field(max_length=100_000)] | None = None
    tools: list[str] | None = None
    role: Annotated[str, Field(max_length=200)] | None = None
    goals: Annotated[str, Field(max_length=10_000)] | None = None
    metadata: dict[str, Any] | None = None
    allowed_senders: list[str] | None = None
    default_permission_mode: Mode | None = None
    model: str | None = None
    effort: str | None = None
    enable_memory: bool | None = None
    enable_history: bool | None = None
    enable_task_setup_tools: bool | None = None
    enable_feedback: bool | None = None
    display_order: int | None = None
    disabled_builtin_tools: list[str] | None = None

    def fields(self, extras: dict[str, Any]) -> dict[str, Any]:
        """What was sent, by the names of the core; `extras` are those that the teammate has."""
        sent = self.model_dump(exclude_unset=True)
        told = {key: value for key, value in sent.items() if value is not None or key in CLEARED}
        fields = {NAMES[key]: value for key, value in told.items() if key in NAMES}
        fields |= {NAMES[key]: empty for key, empty in EMPTY.items() if key in sent and sent[key] is None}
        return {**fields, "extras": {**extras, **{key: told[key] for key in EXTRAS if key in told}}}


class NewTeammate(TeammateChanges):
    name: str
    user_id: Annotated[str, Field(max_length=200)] | None = None


class TeammateFilter(Page):
    user_id: str | None = None
    include_archived: bool = False


@router.post("", auth=WRITE, summary="Make a teammate")
def create(request: Request, body: NewTeammate) -> HttpResponse:
    fields = body.fields({}) | {"user_id": end_user(request.auth, body.user_id)}
    with write():
        made = lifecycle.make(request.auth.user, tools=body.tools, without=body.disabled_builtin_tools, **fields)
    return answer(teammate_shape(made, request.auth), 201)


@router.get("", auth=READ, summary="List teammates, newest first")
def teammate_list(request: Request, query: Query[TeammateFilter]) -> HttpResponse:
    rows = teammates_of(request.auth).prefetch_related("tools")
    if query.user_id is not None:
        rows = rows.filter(user_id=query.user_id)
    rows = rows if query.include_archived else rows.unarchived()
    return page_of(rows, query, lambda teammate: teammate_shape(teammate, request.auth))


@router.get("/{agent_id}", auth=READ, summary="Look at a teammate")
def detail(request: Request, agent_id: AgentId, user_id: str | None = None) -> HttpResponse:
    return answer(teammate_shape(teammate_of(request.auth, agent_id, user_id), request.auth))


@router.patch("/{agent_id}", auth=WRITE, summary="Change what is sent, and nothing else")
def change(request: Request, agent_id: AgentId, body: TeammateChanges, user_id: str | None = None) -> HttpResponse:
    with write():
        teammate = changeable(request.auth, agent_id, user_id)
        lifecycle.change(teammate, body.tools, body.disabled_builtin_tools, **body.fields(teammate.extras))
        changed = teammate_of(request.auth, agent_id)  # with its tools as they are now
    return answer(teammate_shape(changed, request.auth))


@router.delete("/{agent_id}", auth=WRITE, summary="Archive a teammate")
def archive(request: Request, agent_id: AgentId, user_id: str | None = None) -> HttpResponse:
    with write():
        lifecycle.archive(changeable(request.auth, agent_id, user_id))
    return nothing()


@router.post("/{agent_id}/unarchive", auth=WRITE, summary="Back from the archive, still disabled")
def unarchive(request: Request, agent_id: AgentId, user_id: str | None = None) -> HttpResponse:
    with write():
        teammate = changeable(request.auth, agent_id, user_id)
        lifecycle.unarchive(teammate)
    return answer(teammate_shape(teammate, request.auth))


@router.post("/{agent_id}/enable", auth=WRITE, summary="Let it be run")
def enable(request: Request, agent_id: AgentId, user_id: str | None = None) -> HttpResponse:
    with write():
        teammate = changeable(request.auth, agent_id, user_id)
        lifecycle.enable(teammate)
    return answer(teammate_shape(teammate, request.auth))


@router.post("/{agent_id}/disable", auth=WRITE, summary="Let it not be run")
def disable(request: Request, agent_id: AgentId, user_id: str | None = None) -> HttpResponse:
    with write():
        teammate = changeable(request.auth, agent_id, user_id)
        lifecycle.disable(teammate)
    return answer(teammate_shape(teammate, request.auth))


@router.get("/{agent_id}/system-prompt", auth=READ, summary="What its runs are told first")
def system_prompt(request: Request, agent_id: AgentId, user_id: str | None = None) -> HttpResponse:
    """Without what depends on the run: memories, earlier work, files, a schema."""
    definition = current_revision(teammate_of(request.auth, agent_id, user_id)).definition
    text = "\n\n".join(standing(definition, {}))
    about = {"prompt_profile": "platform", "profile_description": "Its instructions, role and goals."}
    return answer({**about, "system_prompt": text, "characters": len(text)})


def changeable(caller: Caller, pk: int, user_id: str | None) -> Teammate:
    teammate = teammate_of(caller, pk, user_id)
    if not may_change(caller, teammate):
        raise Problem(403, f"{teammate.name} is of the house: only staff with an admin key change it.", "forbidden")
    return teammate


def may_change(caller: Caller, teammate: Teammate) -> bool:
    """A key that reaches it may change its account's own; the house's only where staff says so with `admin:*`."""
    return teammate.owner_id is not None or (caller.user.is_staff and caller.may("admin:*"))


def teammate_shape(teammate: Teammate, caller: Caller) -> dict[str, Any]:
    return {
        "id": teammate.pk,
        "name": teammate.name,
        "instructions": teammate.instructions,
        "tools": lifecycle.own_tools(teammate),
        "disabled_builtin_tools": lifecycle.done_without(teammate),
        "role": teammate.role or None,
        "goals": teammate.goals or None,
        "user_id": teammate.user_id or None,
        "metadata": teammate.metadata,
        "default_permission_mode": teammate.permission_mode,
        "status": status_of(teammate),
        "model": teammate.model or None,
        "effort": teammate.effort or None,
        "enable_memory": teammate.uses_memory,
        "enable_history": teammate.uses_history,
        **{key: teammate.extras.get(key) for key in EXTRAS},
        "visibility": "personal" if teammate.owner_id else "organization",
        "can_manage": may_change(caller, teammate),
        "can_execute": teammate.enabled and teammate.archived_at is None,
        "created_at": iso(teammate.created_at),
        "updated_at": iso(teammate.updated_at),
    }


def status_of(teammate: Teammate) -> str:
    if teammate.archived_at:
        return "archived"
    return "enabled" if teammate.enabled else "disabled"
