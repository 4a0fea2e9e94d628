"""Kill -9 of who puts runs back into the queue, and of who tells webhooks."""

import pytest
from django.db import connection
from django.utils import timezone

from runs import webhooks
from runs.models import Run
from runs.webhook_models import Delivery, Webhook
from tests.faults.house import KILLED
from tests.hearing import Hearing


@pytest.fixture
def queued(killable, teammate_with, start):
    return start(teammate_with(model="fake"))


def order(house, what, fault):
    connection.close()
    house.fault = fault
    return house.order(what)


def test_who_takes_a_run_from_the_dead_may_die_too(killable, queued):
    """F22: of the attempt to put it back nothing is left, and the next one does it."""
    assert order(killable, "work", "claim.after_commit") == KILLED
    assert order(killable, "work", "requeue.before_commit") == KILLED
    assert Run.objects.get().status == "running"
    assert order(killable, "work", "") == 0
    assert Run.objects.get().status == "completed"
    assert killable.is_whole()


@pytest.mark.parametrize(("point", "requests"), [("webhook.before_send", 1), ("webhook.after_send", 2)])
def test_news_whose_sender_died_are_sent_again_under_the_same_name(killable, queued, owner, settings, point, requests):
    """F41: the receiver may hear twice, and sees by the name that it is the same."""
    settings.WEBHOOKS_PRIVATE = True
    with Hearing() as hearing:
        webhooks.save(Webhook(owner=owner, url=hearing.url, events=["run.completed"]))
        assert order(killable, "work", "") == 0
        assert order(killable, "deliver", point) == KILLED
        Delivery.objects.update(next_try_at=timezone.now())  # the minute that belonged to the dead is over
        assert order(killable, "deliver", "") == 0
        assert Delivery.objects.get().status == "delivered"
        names = [headers["Webhook-Id"] for _, headers, _ in hearing.heard]
        assert (len(names), len(set(names))) == (requests, 1)
