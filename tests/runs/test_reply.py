"""Reply: a new run that goes on in the same conversation."""

import pytest

from runs import services
from runs.models import Run
from runs.services import Refused
from teammates.models import Teammate
from tests.machine import no_news, refused

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ended(fake, teammate_with, start, carry):
    return carry(start(teammate_with(mode="approval"), "One"))


def test_it_is_a_new_run_of_the_same_conversation(ended, owner):
    reply = services.reply(ended, "Two", by=owner)
    assert (reply.pk != ended.pk, reply.session, reply.teammate) == (True, ended.session, ended.teammate)
    assert (reply.status, reply.message, reply.last_seq, reply.retry_of) == ("queued", "Two", 1, None)


def test_the_run_before_does_not_move(ended, owner, carry):
    with no_news(ended):
        carry(services.reply(ended, "Two", by=owner))


def test_mode_and_people_go_along(fake, teammate_with, start, carry, owner):
    run = carry(start(teammate_with(mode="approval"), permission_mode="autonomous", human_in_the_loop=False))
    reply = services.reply(run, "Two", by=owner)
    assert (reply.permission_mode, reply.human_in_the_loop) == ("autonomous", False)


def test_who_replies_is_who_asked_for_it(ended, staff, owner):
    reply = services.reply(ended, "Two", by=staff)
    assert (reply.owner, reply.requested_by) == (owner, staff)


@pytest.mark.parametrize("status", ["queued", "running", "paused"])
def test_a_run_that_is_still_going_is_not_talked_into(ended, owner, status):
    Run.objects.filter(pk=ended.pk).update(status=status)
    with refused(ended, Refused) as error:
        services.reply(ended, "Two", by=owner)
    assert (error.value.code, error.value.field) == ("run_active", "message")
    assert Run.objects.count() == 1


def test_an_old_picture_of_the_run_does_not_help(asked, owner):
    asked.status = "completed"
    with refused(asked, Refused):
        services.reply(asked, "Two", by=owner)


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_after_any_end_one_may_reply(ended, owner, end):
    Run.objects.filter(pk=ended.pk).update(status=end)
    assert services.reply(ended, "Two", by=owner).status == "queued"


@pytest.mark.parametrize(("message", "code"), [("", "empty"), ("x" * 100_000, "too_long"), ("\x00", "invalid")])
def test_a_message_that_cannot_be_is_refused(ended, owner, message, code):
    with refused(ended, Refused) as error:
        services.reply(ended, message, by=owner)
    assert (error.value.code, Run.objects.count()) == (code, 1)


def test_a_disabled_teammate_is_not_talked_to(ended, owner):
    Teammate.objects.update(enabled=False)
    with refused(ended, Refused) as error:
        services.reply(Run.objects.get(pk=ended.pk), "Two", by=owner)
    assert (error.value.code, Run.objects.count()) == ("disabled", 1)


def test_two_replies_to_one_run_are_two_runs(ended, owner, carry):
    first, second = services.reply(ended, "Two", by=owner), services.reply(ended, "Three", by=owner)
    assert (carry(first).status, carry(second).status) == ("completed", "completed")
