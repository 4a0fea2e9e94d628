"""What starts a task: schedules, and addresses that start it for whoever knows them (contract 2.10, 3)."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.conf import settings
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from limits import parse
from ninja import Field, Path, Query, Router, Schema

from api.auth import READ, WRITE, Request
from api.counting import Counter
from api.idempotency import once
from api.m8tes.answers import answer, iso, nothing
from api.m8tes.errors import Problem
from api.m8tes.scope import task_of
from api.routes import HOOKS
from runs import jobs, schedules
from runs.locks import write
from runs.task_models import Task, Trigger
from teammates.exact import clean

router, hooks, everywhere = (Router(tags=["triggers"]) for _ in range(3))
TaskId = Annotated[int, Path(ge=1, lt=2**63)]
WEBHOOK, SCHEDULE = Trigger.Kind.WEBHOOK, Trigger.Kind.SCHEDULE
NOT_HERE = "There are no triggers of type {} here: use schedule, or webhook."
NO_HOOK = "There is no such address."
OFTEN = parse("60 per minute")  # of one address
SENT_LENGTH = 20_000  # characters that a request to an address may carry
limiter = Counter()


class TooOften(Problem):
    retry_after = 60


class When(Schema):
    cron: str | None = None
    interval_seconds: Annotated[int, Field(ge=1)] | None = None
    run_at: datetime | None = None


class NewTrigger(When):
    type: Literal["schedule", "webhook", "email", "app"]
    timezone: str = "UTC"


class TriggerChange(When):
    enabled: bool | None = None
    timezone: str | None = None


class Switch(Schema):
    enabled: bool


class TriggerFilter(Schema):
    """The cursor names the task too, because a client has nothing else of the last item (contract 3)."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    starting_after: Annotated[str, Field(pattern=r"^\d{1,18}:\w+$")] | None = None
    user_id: str | None = None
    type: Literal["schedule", "webhook", "email", "app"] | None = None
    task_id: int | None = None


@router.get("/{task_id}/triggers", auth=READ, summary="What starts the task")
def of_task(request: Request, task_id: TaskId, user_id: str | None = None) -> HttpResponse:
    task = task_of(request.auth, task_id, user_id)
    return answer([trigger_shape(trigger) for trigger in task.triggers.order_by("pk")])


@router.post("/{task_id}/triggers", auth=WRITE, summary="Let a schedule or a request start the task")
def create(request: Request, task_id: TaskId, body: NewTrigger, user_id: str | None = None) -> HttpResponse:
    """The address of a task exists once: asked for again it is a new one, and the old one is dead."""
    task = task_of(request.auth, task_id, user_id)
    if body.type not in Trigger.Kind.values:
        raise Problem(422, NOT_HERE.format(body.type), "not_available")
    if body.type == WEBHOOK:
        trigger, token = schedules.open_address(task)
        return answer({**trigger_shape(trigger), "url": address(request, token)}, 201)
    when = body.model_dump(exclude={"type"}, exclude_none=True)
    trigger = schedules.schedule(Trigger(owner=task.owner, task=task, kind=SCHEDULE, **when))
    return answer(trigger_shape(trigger), 201)


@router.patch("/{task_id}/triggers/{trigger_id}", auth=WRITE, summary="Let a trigger rest, or move a schedule")
def change(
    request: Request, task_id: TaskId, trigger_id: str, body: TriggerChange, user_id: str | None = None
) -> HttpResponse:
    """One of `cron`, `interval_seconds` and `run_at` takes the place of the others."""
    with write():
        trigger = trigger_of(task_of(request.auth, task_id, user_id, locked=True), trigger_id)
        change_of(trigger, body.model_dump(exclude_none=True))
    return answer(trigger_shape(trigger))


def change_of(trigger: Trigger, given: dict[str, Any]) -> None:
    when = {name: given[name] for name in When.model_fields if name in given}
    if trigger.kind == WEBHOOK:
        if when or "timezone" in given:
            raise Problem(422, "An address has no schedule.", "invalid")
        if "enabled" in given:
            schedules.switch(trigger, enabled=given["enabled"])
        return
    if when:
        trigger.cron, trigger.interval_seconds, trigger.run_at = "", None, None
    for name, value in given.items():
        setattr(trigger, name, value)
    schedules.schedule(trigger)


@router.delete("/{task_id}/triggers/{trigger_id}", auth=WRITE, summary="Remove a trigger")
def remove(request: Request, task_id: TaskId, trigger_id: str, user_id: str | None = None) -> HttpResponse:
    schedules.remove(trigger_of(task_of(request.auth, task_id, user_id), trigger_id))
    return nothing()


# --- the address of a task, as a thing of its own ---


@router.post("/{task_id}/webhook", auth=WRITE, summary="Give the task a new address; the old one is dead")
def open_address(request: Request, task_id: TaskId, user_id: str | None = None) -> HttpResponse:
    _, token = schedules.open_address(task_of(request.auth, task_id, user_id))
    return answer({"enabled": True, "url": address(request, token)}, 201)


@router.patch("/{task_id}/webhook", auth=WRITE, summary="Let the address rest, or work again")
def switch(request: Request, task_id: TaskId, body: Switch, user_id: str | None = None) -> HttpResponse:
    trigger = trigger_of(task_of(request.auth, task_id, user_id), WEBHOOK)
    schedules.switch(trigger, enabled=body.enabled)
    return answer({"enabled": body.enabled, "url": None})


@router.delete("/{task_id}/webhook", auth=WRITE, summary="Take the task's address away")
def close_address(request: Request, task_id: TaskId, user_id: str | None = None) -> HttpResponse:
    for trigger in task_of(request.auth, task_id, user_id).triggers.filter(kind=WEBHOOK):
        schedules.remove(trigger)
    return nothing()


@hooks.post("/{token}", auth=None, summary="Start the task that this address belongs to")
def call(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever knows the address needs no key. What the request carries is shown to the teammate as data."""
    trigger = schedules.at_address(token)
    if trigger is None:
        raise Http404(NO_HOOK)
    if not limiter.hit(OFTEN, "hook", str(trigger.pk)):
        raise TooOften(429, "This address has been asked too often; wait a minute.", "rate_limited")
    sent = clean(request.body.decode("utf-8", "replace")).strip()
    if len(sent) > SENT_LENGTH:
        raise Problem(413, f"A request to this address may carry {SENT_LENGTH:,} characters.", "too_large")
    task = trigger.task
    begun = once(request, task.owner, f"hooks/{trigger.pk}", {"sent": sent}, lambda: jobs.start(task, sent=sent))
    headers = {"Idempotent-Replay": "true"} if begun.replayed else None
    return answer({"run_id": begun.run.pk, "task_id": task.pk, "status": "running"}, 202, headers)


def address(request: HttpRequest, token: str) -> str:
    """With the token, for the one time that it is shown."""
    path = HOOKS + token
    return settings.PUBLIC_URL + path if settings.PUBLIC_URL else request.build_absolute_uri(path)


# --- over all tasks ---


@everywhere.get("", auth=READ, summary="All triggers of the account, newest task first")
def trigger_list(request: Request, query: Query[TriggerFilter]) -> HttpResponse:
    triggers = Trigger.objects.filter(owner=request.auth.user, task__archived_at=None).select_related("task")
    if query.user_id is not None:
        triggers = triggers.filter(task__user_id=query.user_id)
    if query.type:
        triggers = triggers.filter(kind=query.type)
    if query.task_id is not None:
        triggers = triggers.filter(task__id=query.task_id)
    if query.starting_after:
        task, _, name = query.starting_after.partition(":")
        triggers = triggers.filter(Q(task__lt=int(task)) | Q(task=int(task), pk__lt=number_in(name)))
    found = list(triggers.order_by("-task_id", "-pk")[: query.limit + 1])
    data = [{**trigger_shape(one), "task_id": one.task_id, "task_name": one.task.name} for one in found[: query.limit]]
    return answer({"data": data, "has_more": len(found) > query.limit})


def trigger_of(task: Task, name: str) -> Trigger:
    """By `schedule_5`, by its bare number as older clients keep it, or by `webhook`, of which there is one."""
    rows = task.triggers.select_related("task__teammate", "task__owner")
    wanted = Q(kind=WEBHOOK) if name == WEBHOOK else Q(pk=number_in(name))
    found: Trigger | None = rows.filter(wanted).first()
    if found is None or name not in (WEBHOOK, str(found.pk), name_of(found)):
        raise Http404(f"Task {task.pk} has no trigger {str(name)!r}.")
    return found


def name_of(trigger: Trigger) -> str:
    return f"{trigger.kind}_{trigger.pk}"


def number_in(name: str) -> int:
    digits = name.rpartition("_")[2]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else 0


def trigger_shape(trigger: Trigger) -> dict[str, Any]:
    return {
        "id": name_of(trigger),
        "type": trigger.kind,
        "enabled": trigger.enabled,
        "cron": trigger.cron or None,
        "interval_seconds": trigger.interval_seconds,
        "run_at": iso(trigger.run_at),
        "timezone": trigger.timezone,
        "next_run": iso(trigger.next_due),
        "last_run": iso(trigger.last_fired_at),
        "last_error": trigger.last_error or None,
        "url": None,
        "address": None,
    }
