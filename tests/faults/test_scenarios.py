"""Faults that need neither a dying process nor a second one: brokers that are away, full disks, cut streams."""

import asyncio
import json
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from kombu.exceptions import OperationalError as BrokerAway

from approvals.doctor import examine
from runs import recovery, services, wakeup
from runs.engine import driver
from runs.live.follow import follow
from runs.models import Event, Run
from tests.machine import gap_free, refused

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_decision_while_the_broker_is_away_is_kept_and_carried_out(asked, allow, posted, monkeypatch):
    """F19: the decision is a row, and so is the wake-up; the sweep finds it once messages go out again."""
    sent = []

    def away(*args, **kwargs):
        raise BrokerAway("no broker")

    with monkeypatch.context() as down:
        down.setattr(wakeup, "post", away)
        allow(asked.approvals.get())
    asked.refresh_from_db()
    assert (asked.status, posted) == ("queued", [])
    monkeypatch.setattr(wakeup, "post", lambda task, pk: sent.append(pk))
    Run.objects.filter(pk=asked.pk).update(woken_at=asked.created_at.replace(year=2020))
    recovery.sweep()
    assert sent == [asked.pk]
    driver.carry_forward(asked.pk)
    assert (posted, examine()) == (["hello"], [])


def test_a_stream_that_is_cut_twice_before_its_first_line_begins_where_it_wanted(asked):
    """F38: the cursor is the client's, so nothing is lost by leaving before anything came."""

    async def cut():
        lines = follow(asked.pk, 2)
        await lines.aclose()

    async def rest():
        async for lines in follow(asked.pk, 2):
            return [line.seq for line in lines]

    asyncio.run(cut())
    asyncio.run(cut())
    assert asyncio.run(rest())[0] == 3


def test_a_full_disk_refuses_the_decision_as_a_whole(asked, allow, posted):
    """F44: nothing of it is written, and once there is room it can be made again."""
    if connection.vendor != "sqlite":
        pytest.skip("SQLite can be told how large it may grow")
    gate = asked.approvals.get()
    with connection.cursor() as cursor:
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count={pages}")
        while True:
            try:
                Event.objects.create(run=asked, seq=Event.objects.count() + 1000, kind="note", data={"text": "x" * 900})
            except OperationalError as error:
                assert "full" in str(error)
                break
        try:
            with refused(asked, OperationalError):
                allow(gate, arguments={"text": "y" * 20_000})
        finally:
            cursor.execute("PRAGMA max_page_count=1073741823")
            Event.objects.filter(run=asked, seq__gte=1000).delete()
    allow(gate)
    driver.carry_forward(asked.pk)
    assert (posted, gap_free(asked)) == (["hello"], True)


# --- states of earlier releases ---

GOLDEN = sorted(Path(__file__).parent.parent.joinpath("golden").glob("*/*.json"))


@pytest.fixture
def left_by(asked):
    """The run that waits, with its rows as an earlier release had left them; fields that came later have defaults."""

    def left_by(path):
        rows = json.loads(path.read_text())
        Run.objects.filter(pk=asked.pk).update(**rows["run"])
        for turn, message in enumerate(rows["messages"], start=1):
            asked.messages.filter(turn=turn).update(**message)
        asked.calls.update(**rows["call"])
        Event.objects.filter(run=asked).delete()
        Event.objects.bulk_create(Event(run=asked, seq=n, **row) for n, row in enumerate(rows["events"], start=1))
        return asked

    return left_by


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: f"{path.parent.name}/{path.stem}")
@pytest.mark.parametrize("verdict", ["allow", "deny"])
def test_todays_code_carries_on_what_an_earlier_release_left(left_by, path, verdict, allow, deny, carry, posted):
    """F24: every state in the corpus goes on, whichever way the person decides."""
    run = left_by(path)
    (allow if verdict == "allow" else deny)(run.approvals.get())
    assert carry(run).status == "completed"
    assert (posted, examine()) == (["hello"] if verdict == "allow" else [], [])


def test_the_corpus_has_every_version():
    assert {path.parent.name for path in GOLDEN} == {f"v{number}" for number in range(1, driver.STATE_SCHEMA + 1)}


def test_a_state_of_a_newer_release_stops_and_stays_as_it_is(asked, allow, carry, posted, owner):
    """F25: even with a decision in its hand."""
    allow(asked.approvals.get())
    Run.objects.filter(pk=asked.pk).update(state_schema=driver.STATE_SCHEMA + 1)
    calls = list(asked.calls.values())
    assert (carry(asked).status, asked.questions.get().kind, posted) == ("paused", "attention", [])
    assert list(asked.calls.values()) == calls
    services.cancel(asked, by=owner)
    assert examine() == []
