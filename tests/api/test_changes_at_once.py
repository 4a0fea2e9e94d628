"""Two changes at the same time, of different fields: both stay."""

import pytest

from tests.machine import together

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 12


@pytest.fixture
def task(api, teammate_with):
    return api.post("/tasks", {"instructions": "Count.", "teammate_id": teammate_with().pk}).json()


def both_stay(api, path, *changes):
    """Make the two changes again and again, side by side: what must then be true of the row, each time."""
    for number in range(ROUNDS):
        sent = [change(number) for change in changes]
        answers = together(2, lambda place, sent=sent: api.patch(path, sent[place]))
        assert [answer.status_code for answer in answers] == [200, 200]
        yield sent[0] | sent[1]


def test_of_a_task(api, task):
    path = f"/tasks/{task['id']}"
    for wanted in both_stay(api, path, lambda n: {"name": f"Name {n}"}, lambda n: {"goals": f"Goal {n}"}):
        assert wanted.items() <= api.get(path).json().items()


def test_of_a_trigger(api, task):
    path = f"/tasks/{task['id']}/triggers"
    name = api.post(path, {"type": "schedule", "cron": "0 9 * * *"}).json()["id"]
    changes = [lambda n: {"enabled": n % 2 == 0}, lambda n: {"cron": f"{n} 8 * * *"}]
    for wanted in both_stay(api, f"{path}/{name}", *changes):
        assert wanted.items() <= api.get(path).json()[0].items()


def test_of_a_webhook(api):
    hook = api.post("/webhooks", {"url": "https://example.com/hook"}).json()
    path = f"/webhooks/{hook['id']}"
    changes = [lambda n: {"active": n % 2 == 0}, lambda n: {"url": f"https://example.com/{n}"}]
    for wanted in both_stay(api, path, *changes):
        assert wanted.items() <= api.get(path).json().items()
