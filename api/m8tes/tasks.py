"""Tasks: what a teammate is told again and again, and its runs (contract 2.10)."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from django.http import HttpResponse
from ninja import Field, Path, Query, Router, Schema
from pydantic import AliasChoices

from api.auth import READ, WRITE, Caller, Request
from api.idempotency import once
from api.m8tes.answers import answer, iso, nothing
from api.m8tes.bodies import Id, Mode
from api.m8tes.pages import Page, page_of
from api.m8tes.runs import told
from api.m8tes.scope import end_user, task_of, teammate_of
from api.m8tes.triggers import address
from runs import jobs, schedules
from runs.errors import Refused
from runs.locks import write
from runs.models import Run
from runs.task_models import Task, Trigger
from teammates.models import Effort

router = Router(tags=["tasks"])
TaskId = Annotated[int, Path(ge=1, lt=2**63)]
MESSAGE = AliasChoices("instructions", "message", "prompt")
# The client's word for a field of ours that is called otherwise.
FIELDS = {"enable_memory": "uses_memory", "enable_history": "uses_history"}
EMPTY: dict[str, Any] = {"uses_memory": None, "uses_history": None, "tools": []}  # what null means; else ""


class Told(Schema):
    """What a create and a change may both set; email, feedback, lessons and stages do not exist here."""

    name: str | None = None
    tools: list[str] | None = None
    expected_output: str | None = None
    goals: str | None = None
    permission_mode: Mode | None = None
    model: str | None = None
    effort: str | None = None
    enable_memory: bool | None = None
    enable_history: bool | None = None


class NewTask(Told):
    teammate_id: Annotated[Id, Field(validation_alias=AliasChoices("teammate_id", "agent_id"))]
    instructions: Annotated[str, Field(validation_alias=MESSAGE)]
    user_id: str | None = None
    webhook: bool = False
    schedule: str | None = None
    schedule_timezone: str = "UTC"


class TaskChange(Told):
    instructions: Annotated[str | None, Field(validation_alias=MESSAGE)] = None
    status: Literal["enabled", "disabled"] | None = None


class TaskRun(Schema):
    """As a run's create, without its message."""

    stream: bool = True
    user_id: str | None = None
    metadata: dict[str, Any] | None = None
    memory: bool | None = None
    history: bool | None = None
    human_in_the_loop: bool | None = None
    permission_mode: Mode | None = None
    tools: list[str] | None = None
    model: str | None = None
    effort: str | None = None
    output_schema: dict[str, Any] | None = None
    max_turns: int | None = None


AS_IT_IS = TaskRun()


class TaskFilter(Page):
    teammate_id: int | None = None
    agent_id: int | None = None
    user_id: str | None = None
    include_archived: bool = False


@router.post("", auth=WRITE, summary="Make a task, with a schedule or an address to start it")
def create(request: Request, body: NewTask) -> HttpResponse:
    teammate = teammate_of(request.auth, body.teammate_id)
    user_id = end_user(request.auth, body.user_id or teammate.user_id)
    task = Task(owner=request.auth.user, teammate=teammate, user_id=user_id, instructions=body.instructions)
    with write():
        jobs.save(changed(task, body))
        if body.schedule:
            trigger = Trigger(task=task, owner=task.owner, kind=Trigger.Kind.SCHEDULE, cron=body.schedule)
            trigger.timezone = body.schedule_timezone
            schedules.schedule(trigger)
        token = schedules.open_address(task)[1] if body.webhook else ""
    return answer({**task_shape(task), "webhook_url": address(request, token) if token else None}, 201)


def changed(task: Task, body: Told) -> Task:
    """With what the body sets; null takes a setting back to the teammate's own."""
    given = body.model_dump(include=set(Told.model_fields), exclude_unset=True)
    for word, value in given.items():
        field = FIELDS.get(word, word)
        setattr(task, field, EMPTY.get(field, "") if value is None else value)
    return task


@router.get("", auth=READ, summary="List tasks, newest first")
def task_list(request: Request, query: Query[TaskFilter]) -> HttpResponse:
    tasks = Task.objects.filter(owner=request.auth.user)
    teammate = query.agent_id if query.teammate_id is None else query.teammate_id
    if teammate is not None:
        tasks = tasks.filter(teammate__id=teammate)  # not the teammate: numbers that no database takes match nothing
    if query.user_id is not None:
        tasks = tasks.filter(user_id=query.user_id)
    if not query.include_archived:
        tasks = tasks.filter(archived_at=None)
    return page_of(tasks.prefetch_related("triggers"), query, task_shape)


@router.get("/{task_id}", auth=READ, summary="Look at a task")
def detail(request: Request, task_id: TaskId, user_id: str | None = None) -> HttpResponse:
    return answer(task_shape(task_of(request.auth, task_id, user_id)))


@router.patch("/{task_id}", auth=WRITE, summary="Change a task, or let it rest")
def change(request: Request, task_id: TaskId, body: TaskChange, user_id: str | None = None) -> HttpResponse:
    with write():
        task = task_of(request.auth, task_id, user_id, locked=True)
        if body.instructions is not None:
            task.instructions = body.instructions
        jobs.save(changed(task, body))
        if body.status:
            jobs.enable(task, enabled=body.status == "enabled")
    return answer(task_shape(task))


@router.delete("/{task_id}", auth=WRITE, summary="Archive a task; it can still be looked at")
def archive(request: Request, task_id: TaskId, user_id: str | None = None) -> HttpResponse:
    jobs.archive(task_of(request.auth, task_id, user_id))
    return nothing()


@router.post("/{task_id}/runs", auth=WRITE, summary="Start a run of the task")
def run(request: Request, task_id: TaskId, body: TaskRun = AS_IT_IS) -> HttpResponse:
    task = task_of(request.auth, task_id)
    asked = {**body.model_dump(exclude={"stream"}), "task": task_id}
    begun = once(request, request.auth.user, "task-runs", asked, lambda: started(request.auth, task, body))
    return told(begun, stream=body.stream)


def started(caller: Caller, task: Task, body: TaskRun) -> Run:
    end_user(caller, body.user_id or task.user_id)
    own = jobs.options_of(task)
    given = body.model_dump(
        include={"user_id", "metadata", "tools", "model", "effort", "memory", "history", "max_turns", "output_schema"},
        exclude_none=True,
    )
    if given.get("effort") not in Effort.values:  # never rejected (contract 1.1)
        given.pop("effort", None)
    if task.user_id and given.get("user_id", task.user_id) != task.user_id:
        raise Refused("This task is for another user_id.", field="user_id", code="wrong_user")
    return jobs.start(
        task,
        permission_mode=body.permission_mode,
        human_in_the_loop=body.human_in_the_loop,
        options=replace(own, **given),
    )


def task_shape(task: Task) -> dict[str, Any]:
    hook = next((trigger for trigger in task.triggers.all() if trigger.kind == Trigger.Kind.WEBHOOK), None)
    return {
        "id": task.pk,
        "teammate_id": task.teammate_id,
        "agent_id": task.teammate_id,
        "name": task.name,
        "instructions": task.instructions,
        "tools": task.tools,
        "expected_output": task.expected_output or None,
        "goals": task.goals or None,
        "user_id": task.user_id or None,
        "status": "archived" if task.archived_at else "enabled" if task.enabled else "disabled",
        "permission_mode": task.permission_mode or None,
        "model": task.model or None,
        "effort": task.effort or None,
        "enable_memory": task.uses_memory,
        "enable_history": task.uses_history,
        "email_notifications": False,
        "webhook_enabled": hook is not None and hook.enabled,
        "webhook_url": None,
        "created_at": iso(task.created_at),
        "updated_at": iso(task.updated_at),
    }
