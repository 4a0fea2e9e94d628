"""Tasks, schedules and webhooks with the SDK, in both generations."""

import json
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

from tests.api.sdk.conftest import SdkError
from tests.eventually import eventually
from tests.hearing import Hearing

SOON = {"poll_interval": 0.02}


@pytest.fixture
def teammate(sdk, model):
    return sdk.runs.create_and_wait(message="Hello", name="Bot", **SOON).teammate_id


@pytest.fixture
def task(sdk, teammate):
    task = sdk.tasks.create(teammate_id=teammate, instructions="Count the stars.", webhook=True)
    yield task
    sdk.tasks.delete(task.id)


@pytest.fixture
def hearing():
    with Hearing() as server:
        yield server


@pytest.fixture
def hook(sdk, hearing):
    hook = sdk.webhooks.create(url=hearing.url, events=["run.started", "run.completed"])
    yield hook
    sdk.webhooks.delete(hook.id)


def runs_of(sdk, task):
    """The newest first. Older SDKs cannot ask for the runs of a task."""
    return sdk.runs.list(teammate_id=task.teammate_id).data


def test_a_task_runs_to_its_end(sdk, task):
    run = sdk.tasks.run_and_wait(task.id, **SOON)
    assert (run.status, run.output) == ("completed", "Here you are.")
    assert sdk.tasks.run(task.id).text == "Here you are."


def test_a_task_is_changed_listed_and_put_away(sdk, task):
    assert sdk.tasks.update(task.id, name="Stars").name == "Stars"
    assert sdk.tasks.list(limit=1, all=True).data[0].id == task.id
    sdk.tasks.delete(task.id)
    assert sdk.tasks.get(task.id).status == "archived"
    assert task.id not in [each.id for each in sdk.tasks.list(all=True).data]


def test_a_schedule_starts_runs_until_it_is_removed(sdk, task):
    before = runs_of(sdk, task)[0].id
    trigger = sdk.tasks.triggers.create(task.id, type="schedule", interval_seconds=1)
    assert eventually(lambda: runs_of(sdk, task)[0].id > before)
    sdk.tasks.triggers.delete(task.id, trigger.id)
    assert [each.type for each in sdk.tasks.triggers.list(task.id)] == ["webhook"]


def test_a_schedule_that_cannot_be_is_refused(sdk, task):
    for wrong in (
        {"cron": "every day"},
        {"cron": "0 9 * * *", "timezone": "Mars/Olympus"},
        {"interval_seconds": 10**10},
    ):
        with pytest.raises(SdkError) as refused:
            sdk.tasks.triggers.create(task.id, type="schedule", **wrong)
        assert (refused.value.name, refused.value.status) == ("ValidationError", 422)


def test_the_address_of_a_task_starts_it(sdk, task):
    request = urllib.request.Request(task.webhook_url, b'{"order": 7}', {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        run = json.load(answer)["run_id"]
    assert sdk.runs.poll(run, interval=0.02).status == "completed"


def test_a_webhook_hears_what_the_sdk_itself_finds_rightly_signed(sdk, task, hook, hearing):
    run = sdk.tasks.run_and_wait(task.id, **SOON)
    assert eventually(lambda: len(hearing.heard) == 2)
    told = {json.loads(body)["type"]: (headers, body.decode()) for _, headers, body in hearing.heard}
    assert told.keys() == {"run.started", "run.completed"}
    for headers, body in told.values():
        assert sdk.webhooks.verify_signature(body, headers, hook.secret, tolerance_seconds=60) is True
        assert sdk.webhooks.verify_signature(body + " ", headers, hook.secret) is False
        assert sdk.webhooks.verify_signature(body, headers, "another") is False
    assert json.loads(told["run.completed"][1])["data"]["run_id"] == run.id
    assert eventually(lambda: {each.status for each in sdk.webhooks.list_deliveries(hook.id).data} == {"delivered"})


def test_a_webhook_that_does_not_answer_is_told_three_times(sdk, task, hook, hearing):
    hearing.answers = [500]
    sdk.webhooks.update(hook.id, events=["run.completed"])
    sdk.tasks.run_and_wait(task.id, **SOON)
    assert eventually(lambda: sdk.webhooks.list_deliveries(hook.id).data[0].status == "failed", seconds=15)
    [delivery] = sdk.webhooks.list_deliveries(hook.id, all=True).data
    assert (delivery.attempts, delivery.response_status_code, len(hearing.heard)) == (3, 500, 3)


def test_the_secret_is_shown_when_it_is_made_and_when_it_changes(sdk, hook):
    assert sdk.webhooks.get(hook.id).secret == hook.secret[:4] + "..."
    rotated = sdk.webhooks.update(hook.id, rotate_secret=True).secret
    assert len(rotated) == len(hook.secret)
    assert rotated != hook.secret


# --- what only the newest knows ---


@pytest.fixture
def a_task(newest, model):
    teammate = newest.runs.create_and_wait(message="Hello", name="Bot", **SOON).teammate_id
    task = newest.tasks.create(agent_id=teammate, instructions="Count the stars.")
    yield task
    newest.tasks.delete(task.id)


def test_a_schedule_may_come_once_and_be_moved(newest, a_task):
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    trigger = newest.tasks.triggers.create(a_task.id, type="schedule", run_at=soon)
    assert eventually(lambda: newest.runs.list(task_id=a_task.id).data)
    moved = newest.tasks.triggers.update(a_task.id, trigger.id, cron="0 8 * * *", timezone="Asia/Tokyo", enabled=True)
    assert (moved.cron, moved.run_at, moved.timezone, moved.enabled) == ("0 8 * * *", None, "Asia/Tokyo", True)
    assert moved.next_run.endswith("T23:00:00Z")


def test_all_triggers_are_walked_page_by_page(newest, a_task):
    made = [newest.tasks.triggers.create(a_task.id, type="schedule", cron="0 9 * * *").id for _ in range(3)]
    assert [each.id for each in newest.triggers.list(task_id=a_task.id, limit=1, all=True).data] == made[::-1]


def test_the_same_key_begins_one_run(newest, a_task):
    first, second = (newest.tasks.run(a_task.id, stream=False, idempotency_key="once") for _ in range(2))
    assert first.id == second.id
    assert [run.id for run in newest.runs.list(task_id=a_task.id).data] == [first.id]


def test_the_address_can_rest_and_be_taken_away(newest, a_task):
    assert newest.tasks.enable_webhook(a_task.id).url
    assert newest.tasks.set_webhook_enabled(a_task.id, enabled=False).enabled is False
    newest.tasks.disable_webhook(a_task.id)
    assert newest.tasks.triggers.list(a_task.id) == []
