"""When a schedule is due, on the clock of its own zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from runs.errors import Refused
from runs.moments import next_moment
from runs.task_models import Trigger

BERLIN = ZoneInfo("Europe/Berlin")


def at(text, zone=BERLIN):
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def nine(zone="Europe/Berlin", cron="0 9 * * *"):
    return Trigger(cron=cron, timezone=zone)


def test_nine_in_the_morning_stays_nine_when_the_clocks_change():
    before = next_moment(nine(), at("2026-03-28T12:00"))
    after = next_moment(nine(), at("2026-03-29T12:00"))
    assert (before, after) == (at("2026-03-29T09:00"), at("2026-03-30T09:00"))
    assert before.utcoffset() == after.utcoffset() == at("2026-07-01T00:00").utcoffset()
    assert next_moment(nine(), at("2026-03-27T12:00")).utcoffset() != before.utcoffset()


def test_a_time_that_the_clocks_leave_out_comes_once_all_the_same():
    left_out = nine(cron="30 2 * * *")
    first = next_moment(left_out, at("2026-03-28T12:00"))
    assert first.astimezone(BERLIN).date().isoformat() == "2026-03-29"
    assert next_moment(left_out, first) == at("2026-03-30T02:30")


def test_a_time_that_comes_twice_counts_once():
    twice = nine(cron="30 2 * * *")
    first = next_moment(twice, at("2026-10-24T12:00"))
    assert first.date().isoformat() == "2026-10-25"
    assert next_moment(twice, first) == at("2026-10-26T02:30")


def test_the_zone_decides_when_it_is_nine():
    noon = at("2026-06-01T12:00", ZoneInfo("UTC"))
    assert next_moment(nine("Asia/Tokyo"), noon) == at("2026-06-02T00:00", ZoneInfo("UTC"))
    assert next_moment(nine("America/New_York"), noon) == at("2026-06-01T13:00", ZoneInfo("UTC"))


def test_an_interval_keeps_its_step_after_a_long_pause():
    every = Trigger(interval_seconds=600, next_due=at("2026-06-01T12:00"))
    assert next_moment(every, at("2026-06-01T12:00")) == at("2026-06-01T12:10")
    assert next_moment(every, at("2026-06-01T15:03")) == at("2026-06-01T15:10")


def test_once_is_once():
    once = Trigger(run_at=at("2026-06-01T12:00"))
    assert next_moment(once, at("2026-05-01T12:00")) == at("2026-06-01T12:00")
    assert next_moment(once, at("2026-06-01T12:00")) is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"cron": "0 9 * *"}, "cron"),
        ({"cron": "61 9 * * *"}, "cron"),
        ({"cron": "every day"}, "cron"),
        ({"cron": "0 9 31 2 *"}, "cron"),
        ({"cron": "0 9 * * *", "timezone": "Mars/Olympus"}, "timezone"),
        ({"cron": "0 9 * * *", "timezone": ""}, "timezone"),
        ({"cron": "0 9 * * *", "timezone": "../etc/passwd"}, "timezone"),
        ({"cron": "0 9 * * *", "timezone": "Europe"}, "timezone"),
        ({"interval_seconds": 0}, "interval_seconds"),
        ({"interval_seconds": 10**12}, "interval_seconds"),
        ({"run_at": at("9999-12-31T23:59")}, "run_at"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(fields, field):
    with pytest.raises(Refused) as refused:
        next_moment(Trigger(**fields), at("2026-06-01T12:00"))
    assert refused.value.field == field
