"""The account: keys, its log, settings and usage; and this description."""

from typing import Annotated, Any, Literal

from ninja import Field, Schema

from api.m8tes.told.runs import Moment, Usd


class KeyInfo(Schema):
    has_key: bool
    prefix: str | None


class MadeKey(Schema):
    id: int
    name: str
    api_key: Annotated[str, Field(description="Here and nowhere else.")]
    prefix: str
    expires_at: Moment | None


class Key(Schema):
    id: int
    name: str
    prefix: str
    scopes: list[str]
    active: bool
    created_at: Moment
    last_used_at: Moment | None
    expires_at: Moment | None


class AuditLog(Schema):
    id: int
    method: str
    path: str
    status_code: int
    duration_ms: int
    action: str | None
    resource_type: str | None
    resource_id: str | None
    auth: Literal["api_key", "other"]
    api_key_prefix: str | None
    created_at: Moment


class Settings(Schema):
    per_end_user_run_limit: int | None
    per_end_user_cost_limit_cents: int | None
    per_end_user_rate_per_minute: int | None
    retention_mode: Literal["standard"]
    require_end_user_id: bool
    company_research: bool
    approval_email_enabled: bool
    approval_slack_enabled: bool
    result_email_enabled: bool
    result_slack_enabled: bool


class Usage(Schema):
    plan: str
    runs_used: int
    runs_limit: int
    cost_used: Usd
    cost_limit: Usd
    period_end: Moment
    subscription_status: str | None
    unlimited_runs: bool
    concurrent_runs: int
    concurrent_runs_limit: int | None


class EndUserUsage(Schema):
    id: int
    user_id: str
    runs_used: int
    cost_used: Usd
    input_tokens: int
    output_tokens: int
    total_tokens: int
    last_active_at: Moment | None
    runs_limit: int | None
    cost_limit_cents: int | None
    rate_per_minute: int | None
    period_end: Moment


class Verified(Schema):
    is_verified: bool


class Saying(Schema):
    message: str


class Description(Schema):
    """As OpenAPI 3.1 says."""

    openapi: str
    info: dict[str, Any]
    servers: list[dict[str, Any]]
    paths: dict[str, Any]
    components: dict[str, Any]
