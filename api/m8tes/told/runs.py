"""Runs and their gates; and what went wrong."""

from typing import Annotated, Any, Literal

from ninja import Field, Schema

from api.m8tes.bodies import Mode

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Usd = Annotated[str, Field(description="An amount in USD, as a decimal number.")]


class Details(Schema):
    error_code: str | None = None


class Problem(Schema):
    type: str
    message: str
    code: Annotated[int, Field(description="The HTTP status.")]
    request_id: str
    error_code: str | None = None
    details: Details | None = None


class Envelope(Schema):
    error: Problem


# --- runs ---


class Tokens(Schema):
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_creation_tokens: int
    total_tokens: int
    cost_usd: Usd


class File(Schema):
    name: str
    size: Annotated[int, Field(description="Bytes.")]


Status = Literal["running", "awaiting_approval", "completed", "failed", "cancelled"]


class Run(Schema):
    id: int
    teammate_id: int
    agent_id: int
    status: Status
    output: str | None
    error: str | None
    error_code: str | None
    retryable: bool
    user_id: str | None
    metadata: dict[str, Any]
    message: str
    permission_mode: Mode
    human_in_the_loop: bool
    output_data: Any
    usage: Tokens | None
    files: Annotated[list[File] | None, Field(description="Null where the run is one of a list.")]
    task_id: int | None
    retry_of_run_id: int | None
    archived: bool
    share_token: str | None
    email_address: Annotated[None, Field(description="Runs have no mailbox here.")]
    needs_reply: bool
    created_at: Moment
    updated_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    last_activity_at: Moment
    last_viewed_at: Moment | None


class Message(Schema):
    id: int
    run_id: int
    sequence: int
    role: Literal["user", "assistant", "tool"]
    content: str
    content_blocks: list[dict[str, Any]] | None
    event_metadata: dict[str, Any]
    created_at: Moment
    input_tokens: int | None
    output_tokens: int | None
    cache_creation_tokens: int | None = None
    cache_read_tokens: int | None = None
    claude_cost_usd: Usd | None


class Outcome(Schema):
    run_id: int
    status: Status
    summary: str | None
    headline: str | None
    needs_reply: bool
    needs_reply_count: int
    delivery_channel: str
    output_data: Any
    message_count: int
    input_tokens: int
    output_tokens: int
    total_tokens: int
    cost_usd: Usd | None


class Check(Schema):
    total_count: int
    latest_run_id: int | None
    awaiting_count: int
    latest_change_at: Moment | None
    roster_count: int
    roster_change_at: Moment | None
    teams_count: int
    teams_change_at: Moment | None


class Waiting(Schema):
    run_id: int
    title: str
    mate_name: str


class NeedsYou(Schema):
    count: int
    items: list[Waiting]


class ActiveRun(Schema):
    id: int
    status: Status
    created_at: Moment
    task_id: int | None
    last_activity_at: Moment
    error_code: str | None
    needs_reply: bool
    cancelled_at: Moment | None


class Active(Schema):
    agent_id: int
    runs: list[ActiveRun]


class Activity(Schema):
    data: list[Active]


class Shared(Schema):
    share_token: str
    share_url: str


# --- gates ---


class PermissionRequest(Schema):
    request_id: str
    tool_use_id: str | None
    tool_name: str
    tool_input: dict[str, Any] | None
    display_name: str
    status: Literal["pending", "allowed", "denied", "cancelled"]
    reason: str | None
    ask_reason: str | None
    consequence: str | None = None
    risk: str | None = None
    can_remember: bool
    remember_default: bool = False
    remembered: bool
    auto_resolved: bool
    timeout_seconds: int | None
    created_at: Moment
    resolved_at: Moment | None


class Decided(PermissionRequest):
    resumed: bool


class Answered(Schema):
    status: Literal["ok"]
    resumed: bool


class ModeSet(Schema):
    permission_mode: Mode
