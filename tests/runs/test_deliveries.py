"""Telling webhooks: what is written with a run's changes, how it is signed, and what happens when nobody hears."""

import hashlib
import hmac
import json
import time
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from runs import deliveries, recovery, services, webhooks
from runs.webhook_models import Delivery, Webhook
from tests.hearing import Hearing
from tests.machine import refused, together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hearing(settings):
    settings.WEBHOOKS_PRIVATE = True
    with Hearing() as server:
        yield server


@pytest.fixture
def woken(monkeypatch):
    """(delivery, seconds) of each message."""
    sent = []
    monkeypatch.setattr(deliveries, "wake_delivery", lambda pk, after=0: sent.append((pk, after)))
    return sent


@pytest.fixture
def hook(owner, hearing, woken):
    def hook(*events, **fields):
        fields = {"owner": owner, "url": hearing.url, "events": list(events or webhooks.KNOWN), **fields}
        return webhooks.save(Webhook(**fields))

    return hook


@pytest.fixture
def sent(hook, start, teammate_with, fake, carry):
    """A delivery that waits to be sent for the first time."""
    hook("run.completed")
    carry(start(teammate_with()))
    return Delivery.objects.get()


def told():
    return list(Delivery.objects.order_by("pk").values_list("event_type", flat=True))


def again(delivery):
    """As if its pause were over."""
    Delivery.objects.filter(pk=delivery.pk, status="pending").update(next_try_at=timezone.now())
    deliveries.deliver(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def test_a_run_is_told_from_its_start_to_its_end(hook, start, teammate_with, fake, carry, woken):
    hook()
    carry(start(teammate_with()))
    assert told() == ["run.started", "run.completed"]
    assert [pk for pk, _ in woken] == list(Delivery.objects.order_by("pk").values_list("pk", flat=True))


def test_a_pause_and_a_stop_are_told(hook, asked, owner):
    hook()
    services.cancel(asked, by=owner)
    assert told() == ["run.failed"]
    assert json.loads(Delivery.objects.get().body)["data"]["status"] == "cancelled"


def test_what_waits_for_a_person_is_told(hook, fake, posted, teammate_with, start, carry):
    hook("run.awaiting_input")
    fake.call("post", {"text": "hello"})
    run = carry(start(teammate_with("post", mode="approval")))
    body = json.loads(Delivery.objects.get().body)
    assert (run.status, body["type"], body["data"]["status"]) == ("paused", "run.awaiting_input", "awaiting_approval")


def test_a_failure_is_told_with_its_reason(hook, start, teammate_with, fake, carry):
    helper = teammate_with()
    run = start(helper)
    type(helper).objects.filter(pk=helper.pk).update(enabled=False)
    hook("run.failed")
    carry(run)
    assert json.loads(Delivery.objects.get().body)["data"]["error"] == "Helper is disabled."


def test_a_change_that_is_undone_is_not_told(hook, asked, owner, monkeypatch):
    hook()
    monkeypatch.setattr(transaction, "on_commit", lambda do: 1 / 0)
    with refused(asked, ZeroDivisionError):
        services.cancel(asked, by=owner)
    assert told() == []


def test_only_who_asked_for_the_event_hears_of_it(hook, start, teammate_with, fake, carry, outsider):
    hook("run.failed")
    hook(active=False)
    hook(owner=outsider)
    hook(user_id="cust_1")
    carry(start(teammate_with()))
    assert told() == []


def test_an_end_users_run_is_told_to_their_webhooks_only(hook, start, teammate_with, fake, carry):
    hook("run.completed")
    theirs = hook("run.completed", user_id="cust_1")
    helper = teammate_with()
    carry(start(helper, options=services.Options(user_id="cust_1")))
    assert Delivery.objects.get().webhook == theirs


def test_without_webhooks_a_run_asks_once_for_each_change(start, teammate_with, fake, carry, django_assert_num_queries):
    run = start(teammate_with())
    with django_assert_num_queries(1):
        deliveries.announce(run.pk, 1, "run.completed")


def test_it_is_signed_so_that_the_receiver_can_check_it(sent, hearing):
    deliveries.deliver(sent.pk)
    [(path, headers, body)] = hearing.heard
    signed = f"{headers['Webhook-Id']}.{headers['Webhook-Timestamp']}.{body.decode()}".encode()
    right = hmac.new(sent.webhook.secret.encode(), signed, hashlib.sha256).hexdigest()
    assert (path, headers["Webhook-Signature"], headers["Webhook-Id"]) == ("/hook", f"v1={right}", sent.event_id)
    assert abs(time.time() - int(headers["Webhook-Timestamp"])) < 10
    assert headers["Content-Type"] == "application/json"
    data = json.loads(body)["data"]
    assert (data["run_id"], data["status"], data["output"]) == (sent.run_id, "completed", "Here you are.")


def test_what_was_heard_is_logged_and_not_sent_again(sent, hearing):
    hearing.answers, hearing.body = [204], b""
    again(sent)
    again(sent)
    assert (sent.status, sent.attempts, sent.response_status, sent.next_try_at) == ("delivered", 1, 204, None)
    assert len(hearing.heard) == 1


def test_three_attempts_two_and_four_seconds_apart(sent, hearing, woken):
    """F41."""
    hearing.answers = [500, 302, 200]
    woken.clear()
    for status in ("pending", "pending", "delivered"):
        assert again(sent).status == status
    assert woken == [(sent.pk, 2), (sent.pk, 4)]
    assert len({headers["Webhook-Id"] for _, headers, _ in hearing.heard}) == 1
    assert (sent.attempts, sent.response_status, sent.response_body) == (3, 200, "thanks")


def test_an_attempt_waits_for_its_moment(sent, hearing):
    hearing.answers = [500]
    deliveries.deliver(sent.pk)
    deliveries.deliver(sent.pk)
    sent.refresh_from_db()
    assert (len(hearing.heard), sent.attempts) == (1, 1)
    assert timedelta(seconds=1) < sent.next_try_at - timezone.now() <= timedelta(seconds=2)


def test_a_dead_address_is_given_up_after_the_third_attempt(sent, hearing):
    hearing.server.shutdown()
    hearing.server.server_close()
    for _ in range(5):
        again(sent)
    assert (sent.status, sent.attempts, sent.response_status, sent.next_try_at) == ("failed", 3, None, None)
    assert "Cannot connect" in sent.response_body


def test_of_four_workers_at_once_one_sends(sent, hearing):
    together(4, lambda _: deliveries.deliver(sent.pk))
    sent.refresh_from_db()
    assert (len(hearing.heard), sent.status) == (1, "delivered")


def test_who_is_gone_for_good_is_not_asked_again(sent, hearing):
    """F41."""
    hearing.answers = [410]
    again(sent)
    sent.webhook.refresh_from_db()
    assert (sent.status, sent.attempts, sent.webhook.active) == ("failed", 1, False)


def test_what_waits_when_its_webhook_is_switched_off_is_not_sent(sent, hearing):
    sent.webhook.active = False
    webhooks.save(sent.webhook)
    again(sent)
    assert (sent.status, hearing.heard, sent.response_status) == ("failed", [], None)


def test_an_attempt_whose_worker_died_is_made_again_later_and_not_more_often(sent, hearing, monkeypatch):
    """F41."""
    monkeypatch.setattr(deliveries, "attempt", lambda delivery: 1 / 0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            again(sent)
    monkeypatch.undo()
    deliveries.deliver(sent.pk)
    assert hearing.heard == []
    again(sent)
    assert (sent.status, hearing.heard) == ("failed", [])


def test_a_late_answer_does_not_overwrite_a_later_attempt(sent):
    mine = deliveries.claim(sent.pk)
    Delivery.objects.filter(pk=sent.pk).update(attempts=2)
    deliveries.record(mine, deliveries.Answer(200, ""))
    sent.refresh_from_db()
    assert (sent.status, sent.attempts) == ("pending", 2)


def test_the_sweep_wakes_what_was_not_sent(sent, woken):
    woken.clear()
    recovery.sweep()
    assert woken == [(sent.pk, 0)]


def test_a_process_that_is_busy_leaves_it_to_the_sweep(sent, hearing, monkeypatch):
    monkeypatch.setattr(deliveries, "exchanges", deliveries.threading.BoundedSemaphore(1))
    deliveries.exchanges.acquire()
    deliveries.deliver(sent.pk)
    assert (hearing.heard, Delivery.objects.get().attempts) == ([], 0)


def test_a_new_secret_signs_from_then_on(sent, hearing):
    before = sent.webhook.secret
    webhooks.save(sent.webhook, rotate=True)
    again(sent)
    [(_, headers, body)] = hearing.heard
    signed = f"{headers['Webhook-Id']}.{headers['Webhook-Timestamp']}.{body.decode()}".encode()
    right = hmac.new(sent.webhook.secret.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["Webhook-Signature"] == f"v1={right}"
    assert before != sent.webhook.secret


def test_no_row_holds_the_secret(sent):
    kept = str(list(Webhook.objects.values())) + str(list(Delivery.objects.values()))
    assert sent.webhook.secret.removeprefix("whsec_") not in kept
