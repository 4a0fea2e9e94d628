"""Teammates, what is kept for their work, and what there is to choose from."""

from typing import Any, Literal

from ninja import Schema

from api.m8tes.bodies import Mode
from api.m8tes.told.runs import Moment

# --- who works, and for whom ---


class Teammate(Schema):
    id: int
    name: str
    instructions: str
    tools: list[str]
    disabled_builtin_tools: list[str]
    role: str | None
    goals: str | None
    user_id: str | None
    metadata: dict[str, Any]
    default_permission_mode: Mode
    status: Literal["enabled", "disabled", "archived"]
    model: str | None
    effort: str | None
    enable_memory: bool | None
    enable_history: bool | None
    allowed_senders: list[str] | None
    enable_task_setup_tools: bool | None
    enable_feedback: bool | None
    display_order: int | None
    visibility: Literal["personal", "organization"]
    can_manage: bool
    can_execute: bool
    created_at: Moment
    updated_at: Moment


class SystemPrompt(Schema):
    prompt_profile: str
    profile_description: str
    system_prompt: str
    characters: int


class Memory(Schema):
    id: int
    user_id: str | None
    content: str
    source: Literal["agent", "api"]
    agent_instance_id: int | None
    audience: str | None
    scope: str
    created_at: Moment


class Permission(Schema):
    id: int
    tool_name: str
    user_id: str | None
    source: str
    created_at: Moment


class EndUser(Schema):
    id: int
    user_id: str
    name: str | None
    email: str | None
    company: str | None
    metadata: dict[str, Any]
    run_limit: int | None
    cost_limit_cents: int | None
    rate_per_minute: int | None
    created_at: Moment
    updated_at: Moment


# --- what there is to choose from ---


class Pricing(Schema):
    input_per_mtok: float
    output_per_mtok: float
    cache_read_per_mtok: float
    cache_write_per_mtok: float
    currency: str


class Model(Schema):
    id: str
    name: str
    description: str
    provider: str
    default: bool
    max_effort: str
    runnable: bool
    pricing: Pricing | None


class App(Schema):
    name: str
    key: str
    display_name: str
    category: str
    connected: bool
    auth_type: str


class AppTool(Schema):
    slug: str
    name: str
    description: str
    read_only: bool
    approval_mode: Literal["never", "depends_on_input", "always"]


class BuiltInTool(Schema):
    name: str
    server_name: str
    display_name: str
    description: str
    enabled: bool
    multi_tenant_safe: bool
    configurable: bool
