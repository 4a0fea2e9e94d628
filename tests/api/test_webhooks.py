"""Webhooks at the door: made, changed, their log, and out of others' reach."""

import pytest

from runs import deliveries, webhooks
from runs.webhook_models import Delivery, Webhook
from tests.api.door import problem_of
from tests.hearing import Hearing

pytestmark = pytest.mark.django_db(transaction=True)
URL = "https://example.com/hook"


@pytest.fixture
def make(api):
    def make(**body):
        response = api.post("/webhooks/", {"url": URL, **body})
        assert response.status_code == 201, response.content
        return response.json()

    return make


def rows():
    return list(Webhook.objects.order_by("pk").values())


def test_the_secret_is_shown_once(make, api):
    made = make()
    assert made["secret"].startswith("whsec_")
    assert len(made["secret"]) > 40
    path = f"/webhooks/{made['id']}"
    [listed] = api.get("/webhooks").json()["data"]
    assert api.get(path).json() == listed == {**made, "secret": made["secret"][:4] + "..."}


def test_without_events_it_hears_the_usual_ones(make):
    assert make()["events"] == ["run.completed", "run.failed", "run.awaiting_input"]
    assert make(events=["run.started"])["events"] == ["run.started"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "http://example.com/hook"}, "bad_url"),
        ({"url": "nonsense"}, "bad_url"),
        ({"url": "https://127.0.0.1/hook"}, "private_address"),
        ({"url": "https://localhost:8000/hook"}, "private_address"),
        ({"url": "https://169.254.169.254/latest"}, "private_address"),
        ({"url": URL, "events": ["run.exploded"]}, "unknown_event"),
        ({"url": URL, "events": []}, "invalid"),
        ({"url": URL, "user_id": "u" * 201}, "invalid"),
        ({"url": URL, "events": "run.started"}, "invalid"),
        ({}, "invalid"),
    ],
)
def test_what_does_not_fit_makes_no_webhook(api, body, code):
    assert (problem_of(api.post("/webhooks", body)), rows()) == ((422, code), [])


def test_a_change_leaves_the_rest(make, api):
    made = make(events=["run.started"])
    changed = api.patch(f"/webhooks/{made['id']}", {"active": False}).json()
    assert (changed["active"], changed["events"], changed["url"]) == (False, ["run.started"], URL)


def test_a_change_that_does_not_fit_changes_nothing(make, api):
    path, before = f"/webhooks/{make()['id']}", rows()
    for body in ({"url": "https://10.0.0.1/"}, {"events": ["x"]}, {"active": "maybe"}):
        assert problem_of(api.patch(path, body))[0] == 422
    assert rows() == before


def test_a_new_secret_takes_the_place_of_the_old_one(make, api):
    made = make()
    path = f"/webhooks/{made['id']}"
    assert api.patch(path, {"active": True}).json()["secret"].endswith("...")
    rotated = api.patch(path, {"rotate_secret": True}).json()["secret"]
    assert rotated.startswith("whsec_")
    assert rotated != made["secret"]


def test_removed_it_is_gone(make, api):
    path = f"/webhooks/{make()['id']}"
    assert (api.delete(path).status_code, rows()) == (204, [])
    assert problem_of(api.delete(path))[0] == 404


def test_the_account_and_its_end_users_do_not_mix(make, api):
    mine, theirs = make()["id"], make(user_id="cust_1")["id"]

    def ids(**query):
        return [item["id"] for item in api.get("/webhooks", **query).json()["data"]]

    assert (ids(), ids(user_id="cust_1"), ids(user_id="cust_2")) == ([mine], [theirs], [])
    for wrong in (f"/webhooks/{theirs}", f"/webhooks/{theirs}?user_id=cust_2", f"/webhooks/{mine}?user_id=cust_1"):
        tried = [api.get(wrong), api.patch(wrong, {"active": False}), api.delete(wrong)]
        assert [problem_of(response)[0] for response in tried] == [404] * 3
    assert [row["active"] for row in rows()] == [True, True]
    assert api.get(f"/webhooks/{theirs}?user_id=cust_1").json()["user_id"] == "cust_1"


def test_webhooks_of_others_are_not_found(make, api_of, outsider):
    path, other = f"/webhooks/{make()['id']}", api_of(outsider)
    before = rows()
    tried = [other.get(path), other.patch(path, {"active": False}), other.delete(path), other.get(f"{path}/deliveries")]
    assert [problem_of(response)[0] for response in tried] == [404] * 4
    assert (rows(), other.get("/webhooks").json()["data"]) == (before, [])


def test_a_key_needs_the_scope_for_them(api_of, owner):
    reader = api_of(owner, ["runs:read", "runs:write"])
    assert problem_of(reader.get("/webhooks")) == (403, "missing_scope")
    assert (problem_of(reader.post("/webhooks", {"url": URL}))[0], rows()) == (403, [])


def test_the_log_says_what_was_sent_and_what_came_back(make, api, fake, carry, teammate_with, settings):
    settings.WEBHOOKS_PRIVATE = True
    with Hearing() as hearing:
        path = f"/webhooks/{make(url=hearing.url, events=['run.started', 'run.completed'])['id']}"
        hearing.answers = [200, 500]
        run = carry(api.run(teammate_with()))
        for pk in Delivery.objects.order_by("pk").values_list("pk", flat=True):
            deliveries.deliver(pk)
    ended, began = api.get(f"{path}/deliveries").json()["data"]
    assert (began["event_type"], began["status"], began["attempts"], began["response_status_code"]) == (
        "run.started",
        "delivered",
        1,
        200,
    )
    assert (ended["event_type"], ended["status"], ended["response_body"]) == ("run.completed", "pending", "thanks")
    assert (ended["run_id"], ended["next_retry_at"] is None, began["next_retry_at"]) == (run.pk, False, None)
    page = api.get(f"{path}/deliveries", limit=1).json()
    assert (page["data"], page["has_more"]) == ([ended], True)
    assert api.get(f"{path}/deliveries", limit=1, starting_after=ended["id"]).json()["data"] == [began]


def test_a_change_of_what_was_removed_meanwhile_brings_nothing_back(make, api, monkeypatch):
    path = f"/webhooks/{make()['id']}"
    monkeypatch.setattr(webhooks, "check_url", lambda url: Webhook.objects.all().delete())
    api.patch(path, {"active": False})
    assert rows() == []
