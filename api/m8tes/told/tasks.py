"""Tasks, what starts them, and webhooks."""

from typing import Annotated, Literal

from ninja import Field, Schema

from api.m8tes.bodies import Mode
from api.m8tes.told.runs import Moment


class Task(Schema):
    id: int
    teammate_id: int
    agent_id: int
    name: str
    instructions: str
    tools: list[str] | None
    expected_output: str | None
    goals: str | None
    user_id: str | None
    status: Literal["enabled", "disabled", "archived"]
    permission_mode: Mode | None
    model: str | None
    effort: str | None
    enable_memory: bool | None
    enable_history: bool | None
    email_notifications: bool
    webhook_enabled: bool
    webhook_url: Annotated[str | None, Field(description="Once, in the answer that makes it.")]
    created_at: Moment
    updated_at: Moment


class Trigger(Schema):
    id: str
    type: Literal["schedule", "webhook"]
    enabled: bool
    cron: str | None
    interval_seconds: int | None
    run_at: Moment | None
    timezone: str
    next_run: Moment | None
    last_run: Moment | None
    last_error: str | None
    url: Annotated[str | None, Field(description="Once, in the answer that makes it.")]
    address: str | None


class TaskTrigger(Trigger):
    task_id: int
    task_name: str


class Address(Schema):
    enabled: bool
    url: Annotated[str | None, Field(description="Once, in the answer that makes it.")]


class Called(Schema):
    run_id: int
    task_id: int
    status: Literal["running"]


class Webhook(Schema):
    id: int
    url: str
    events: list[str]
    secret: Annotated[str, Field(description="Whole only in the answer that makes it.")]
    active: bool
    user_id: str | None
    created_at: Moment
    updated_at: Moment


class Delivery(Schema):
    id: int
    webhook_endpoint_id: int
    event_type: str
    event_id: str
    run_id: int | None
    status: str
    response_status_code: int | None
    response_body: str | None
    attempts: int
    next_retry_at: Moment | None
    created_at: Moment
