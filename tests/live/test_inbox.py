"""What waits for a person, on every open page of theirs."""

import pytest
from asgiref.sync import sync_to_async

from approvals import consumers as inboxes
from runs.live.hub import hub
from tests.live.wire import Socket, inside

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_inbox_says_at_once_what_waits(asked, owner):
    assert inside("/ws/inbox", owner, Socket.inbox) == {"count": 1, "new": []}


@pytest.mark.parametrize(("who", "count"), [("owner", 1), ("reviewer", 1), ("staff", 1), ("outsider", 0)])
def test_it_counts_what_this_person_may_decide(asked, who, count, request):
    assert inside("/ws/inbox", request.getfixturevalue(who), Socket.inbox)["count"] == count


@pytest.mark.parametrize("path", ["/ws/inbox", "/ws/runs/{pk}"])
def test_a_decision_is_told_to_every_open_page(asked, owner, reviewer, allow, path):
    gate = asked.approvals.get()

    async def decide(socket):
        first = await socket.inbox()
        await sync_to_async(allow)(gate)
        return first, await socket.inbox()

    first, then = inside(path.format(pk=asked.pk), reviewer, decide)
    assert (first["count"], then) == (1, {"count": 0, "new": [f"approval-{gate.pk}"]})


def test_a_gate_that_opens_is_told(asked, owner, fake, start, carry):
    fake.call("post", {"text": "again"})
    run = start(asked.teammate)

    async def open_another(socket):
        await socket.inbox()
        await sync_to_async(carry)(run)
        return await socket.inbox()

    told = inside("/ws/inbox", owner, open_another)
    assert told == {"count": 2, "new": [f"approval-{asked.approvals.get().pk + 1}"]}


def test_a_stop_is_told(asked, owner, deny):
    gate = asked.approvals.get()

    async def stop(socket):
        await socket.inbox()
        await sync_to_async(deny)(gate, stop=True)
        return await socket.inbox()

    assert inside("/ws/inbox", owner, stop)["count"] == 0


def test_strangers_hear_nothing_of_it(asked, outsider, allow):
    gate = asked.approvals.get()

    async def listen(socket):
        await socket.inbox()
        await sync_to_async(allow)(gate)
        return await socket.wire.receive_nothing(timeout=0.2)

    assert inside("/ws/inbox", outsider, listen)


def test_a_lost_notice_costs_time_only(asked, owner, allow, monkeypatch):
    """F39."""
    monkeypatch.setattr(inboxes, "SILENCE", 0.02)
    monkeypatch.setattr(hub, "publish", lambda news: None)

    gate = asked.approvals.get()

    async def decide(socket):
        await socket.inbox()
        await sync_to_async(allow)(gate)
        return await socket.inbox()

    assert inside("/ws/inbox", owner, decide)["count"] == 0


@pytest.mark.parametrize("path", ["/ws/inbox", "/ws/runs/{pk}"])
def test_a_page_is_told_that_news_are_late_and_when_they_are_not(asked, owner, path):
    async def heard(socket):
        while "late" not in (news := await socket.next()):
            continue
        return news["late"]

    async def scene(socket):
        await socket.inbox()
        hub.late(True)
        try:
            began = await heard(socket)
        finally:
            hub.late(False)
        return began, await heard(socket)

    assert inside(path.format(pk=asked.pk), owner, scene) == (True, False)


def test_a_page_that_comes_while_news_are_late_is_told_so(asked, owner):
    hub.late(True)
    try:
        assert inside("/ws/inbox", owner, Socket.next) == {"late": True}
    finally:
        hub.late(False)
