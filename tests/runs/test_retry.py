"""Retry: a new run with the same message."""

import pytest

from runs import services
from runs.models import Run
from runs.services import Refused
from teammates.models import Teammate
from tests.machine import no_news, refused

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broken(fake, teammate_with, start, carry):
    fake.error(400)
    return carry(start(teammate_with(), "Do it well"))


def test_it_says_the_same_again_and_knows_what_it_repeats(broken, owner, carry):
    again = services.retry(broken, by=owner)
    assert (again.message, again.retry_of, again.session) == ("Do it well", broken, broken.session)
    assert (broken.status, carry(again).status) == ("failed", "completed")


def test_the_run_before_does_not_move(broken, owner, carry):
    with no_news(broken):
        carry(services.retry(broken, by=owner))


def test_it_may_be_repeated_again_and_again(broken, owner):
    second = services.retry(broken, by=owner)
    Run.objects.filter(pk=second.pk).update(status="cancelled")
    assert services.retry(second, by=owner).retry_of == second
    assert services.retry(broken, by=owner).retry_of == broken


def test_a_run_that_was_stopped_or_done_may_be_repeated(asked, owner, deny):
    deny(asked.approvals.get(), stop=True)
    again = services.retry(asked, by=owner)
    assert (again.status, again.calls.count(), again.open_gates) == ("queued", 0, 0)


@pytest.mark.parametrize("status", ["queued", "running", "paused"])
def test_what_is_still_going_is_not_repeated(broken, owner, status):
    Run.objects.filter(pk=broken.pk).update(status=status)
    with refused(broken, Refused) as error:
        services.retry(broken, by=owner)
    assert (error.value.code, Run.objects.count()) == ("run_active", 1)


def test_an_approval_of_the_first_is_none_for_the_second(fake, posted, teammate_with, start, carry, allow, owner):
    fake.call("post", {"text": "hello"})
    run = carry(start(teammate_with("post", mode="approval")))
    allow(run.approvals.get())
    carry(run)
    fake.call("post", {"text": "hello"})
    again = carry(services.retry(run, by=owner))
    assert (again.status, posted) == ("paused", ["hello"])
    assert again.approvals.get().digest != run.approvals.get().digest


def test_with_a_disabled_teammate_there_is_no_second_time(broken, owner):
    Teammate.objects.update(enabled=False)
    with refused(broken, Refused) as error:
        services.retry(Run.objects.get(pk=broken.pk), by=owner)
    assert error.value.code == "disabled"
