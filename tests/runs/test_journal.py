"""The log of a run: in order, without a gap, and written before anyone is told."""

import json
import sqlite3

import pytest
from django.db import InterfaceError, OperationalError, connection

from runs import journal
from runs.journal import LeaseLost, step, writer
from runs.live.hub import hub
from runs.locks import turns, write
from runs.models import Run
from tests.machine import eventually, gap_free, together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def running(start, teammate_with):
    """Make a run that some worker holds."""
    helper = []

    def running(lease="me:1"):
        helper[:] = helper or [teammate_with()]
        run = start(helper[0])
        Run.objects.filter(pk=run.pk).update(status="running", lease=lease)
        run.refresh_from_db()
        return run

    return running


@pytest.fixture
def run(running):
    return running()


@pytest.fixture
def news(monkeypatch):
    """What the hub was told."""
    heard = []
    monkeypatch.setattr(hub, "publish", lambda news: heard.extend(news))
    return heard


def say(run, text, turn=1, kind="text", lease="me:1"):
    writer.say(run.pk, lease, kind, {"turn": turn, "delta": text})
    writer.hurry()


def text_of(run):
    return "".join(event.data["delta"] for event in run.events.filter(kind="text"))


def note(run, text="x"):
    with write():
        return journal.append(run.pk, "note", {"text": text})


def test_a_line_gets_the_next_number(run):
    assert [note(run), note(run)] == [2, 3]
    assert list(run.events.values_list("seq", "kind")) == [(1, "run.queued"), (2, "note"), (3, "note")]


def test_a_line_belongs_into_the_transaction_that_it_tells_of(run):
    with pytest.raises(RuntimeError):
        journal.append(run.pk, "note")
    assert run.events.count() == 1


def test_what_is_undone_was_never_told(run, news):
    with pytest.raises(ZeroDivisionError), write():
        journal.append(run.pk, "note")
        raise ZeroDivisionError
    assert (gap_free(run), run.last_seq, news) == (True, 1, [])


@pytest.mark.sqlite
def test_followers_hear_of_it_after_the_commit(run, monkeypatch):
    seen = []
    monkeypatch.setattr(hub, "publish", lambda news: seen.append(from_outside(run)))
    with write():
        journal.append(run.pk, "note")
        assert (seen, from_outside(run)) == ([], 1)
    assert seen == [2]


@pytest.mark.sqlite
def test_followers_hear_of_words_after_their_commit(run, monkeypatch):
    seen = []
    monkeypatch.setattr(hub, "publish", lambda news: seen.append(from_outside(run)))
    say(run, "hello")
    assert eventually(lambda: seen) == [2]


def from_outside(run):
    """How many events another process sees."""
    other = sqlite3.connect(connection.settings_dict["NAME"])
    try:
        return other.execute("SELECT COUNT(*) FROM runs_event WHERE run_id = ?", [run.pk]).fetchone()[0]
    finally:
        other.close()


def test_twenty_threads_and_a_talking_worker_leave_no_gap(run):
    def talk(place):
        for word in range(10):
            if place % 2:
                note(run)
            else:
                say(run, f"{place}.{word} ")

    assert together(20, talk) == [None] * 20
    assert eventually(lambda: len(text_of(run).split()) == 100)
    assert gap_free(run)
    assert run.events.filter(kind="note").count() == 100


def test_many_runs_share_a_batch_and_none_gets_the_words_of_another(running):
    runs = [running(f"me:{place}") for place in range(20)]
    together(20, lambda place: [say(runs[place], f"{place} ", lease=f"me:{place}") for _ in range(20)])
    for place, run in enumerate(runs):
        assert eventually(lambda place=place, run=run: text_of(run) == f"{place} " * 20)
        assert gap_free(run)


def test_words_that_wait_together_become_one_line(run):
    with write():  # the writer has to wait for its turn
        for word in ("Once ", "upon ", "a time"):
            say(run, word)
    assert eventually(lambda: text_of(run) == "Once upon a time")
    assert run.events.filter(kind="text").count() <= 2


def test_thoughts_and_other_turns_are_lines_of_their_own(run):
    with write():
        say(run, "so")  # may be on its way before the others gather
        for kind, turn, word in [("thinking", 1, "hm"), ("text", 1, "a"), ("text", 1, "b"), ("text", 2, "c")]:
            say(run, word, turn, kind)
    assert eventually(lambda: run.events.filter(kind="text", data__turn=2).exists())
    assert list(run.events.values_list("kind", "data__delta"))[1:] == [
        ("text", "so"),
        ("thinking", "hm"),
        ("text", "ab"),
        ("text", "c"),
    ]


@pytest.mark.sqlite
def test_to_say_something_never_waits_for_the_database(run):
    with write():
        say(run, "x")
        assert turns.mine()
    assert eventually(lambda: text_of(run) == "x")


# --- a lease that was lost ---


def test_of_two_runs_only_the_one_that_was_lost_falls_silent(running, monkeypatch):
    lost, mine, theirs = [], running("me:1"), running("me:2")
    monkeypatch.setattr(writer, "on_lost", lost.append)
    Run.objects.filter(pk=theirs.pk).update(lease="another:1")
    with write():
        say(mine, "hello", lease="me:1")
        say(theirs, "hello", lease="me:2")
    assert eventually(lambda: lost == ["me:2"] and text_of(mine) == "hello")
    assert (text_of(theirs), gap_free(mine), gap_free(theirs)) == ("", True, True)


@pytest.mark.parametrize("status", ["cancelled", "completed", "paused", "queued"])
def test_a_run_that_is_not_running_says_nothing(run, status, monkeypatch):
    lost = []
    monkeypatch.setattr(writer, "on_lost", lost.append)
    Run.objects.filter(pk=run.pk).update(status=status)
    say(run, "late")
    assert eventually(lambda: lost) == ["me:1"]
    assert (text_of(run), gap_free(run)) == ("", True)


def test_two_leases_of_one_run_do_not_mix(run, monkeypatch):
    lost = []
    monkeypatch.setattr(writer, "on_lost", lost.append)
    with write():
        say(run, "now ", lease="me:1")
        say(run, "before ", lease="me:0")
        say(run, "and then", lease="me:1")
    assert eventually(lambda: text_of(run) == "now and then")
    assert eventually(lambda: lost) == ["me:0"]


# --- steps ---


def test_a_step_writes_first_what_was_said_before_it(run):
    say(run, "I will call a tool")
    with step(run.pk, "me:1"):
        journal.append(run.pk, "call.proposed", {"call": 1})
    assert list(run.events.values_list("kind", flat=True)) == ["run.queued", "text", "call.proposed"]


def test_a_hundred_steps_keep_the_order_of_words_and_deeds(run):
    for number in range(100):
        say(run, f"{number}")
        with step(run.pk, "me:1"):
            journal.append(run.pk, "note", {"text": str(number)})
    lines = [(event.kind, event.data.get("delta", event.data.get("text"))) for event in run.events.all()[1:]]
    assert lines == [(kind, str(number)) for number in range(100) for kind in ("text", "note")]
    assert gap_free(run)


@pytest.mark.parametrize("change", [{"lease": "another:1"}, {"status": "cancelled"}, {"status": "queued", "lease": ""}])
def test_a_step_of_who_has_lost_the_run_changes_nothing(run, change):
    Run.objects.filter(pk=run.pk).update(**change)
    say(run, "late")
    with pytest.raises(LeaseLost), step(run.pk, "me:1"):
        raise AssertionError("It must not come to this")
    assert (run.events.count(), gap_free(run)) == (1, True)


def test_a_step_that_fails_changes_nothing_and_loses_no_words(run):
    say(run, "before ")
    with pytest.raises(ZeroDivisionError), step(run.pk, "me:1"):
        journal.append(run.pk, "note")
        raise ZeroDivisionError
    say(run, "after")
    assert eventually(lambda: text_of(run) == "before after")
    assert (run.events.filter(kind="note").count(), gap_free(run)) == (0, True)


# --- a database that refuses ---


@pytest.mark.parametrize("refusal", [OperationalError("disk is full"), InterfaceError("the connection is closed")])
def test_while_the_database_refuses_words_are_kept_and_tried_again(run, monkeypatch, caplog, refusal):
    """F44."""
    real, refusals = writer._commit, iter([True, True])

    def commit(batch):
        if next(refusals, False):
            raise refusal
        return real(batch)

    monkeypatch.setattr(journal, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(writer, "_commit", commit)
    say(run, "one ")
    say(run, "two")
    assert eventually(lambda: text_of(run) == "one two")
    assert caplog.text.count("The journal could not be written") == 2
    assert gap_free(run)


def test_a_batch_is_written_whole_or_not_at_all(run, monkeypatch):
    real, refusals = journal._insert, iter([True])

    def insert(lines):
        real(lines)
        if next(refusals, False):
            raise OperationalError("the connection broke")

    monkeypatch.setattr(journal, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(journal, "_insert", insert)
    say(run, "once")
    assert eventually(lambda: text_of(run)) == "once"
    assert gap_free(run)


@pytest.mark.sqlite
def test_a_durable_step_survives_the_machine_and_others_the_process(run):
    levels = []
    with step(run.pk, "me:1", durable=True):
        levels.append(pragma())
    with step(run.pk, "me:1"):
        levels.append(pragma())
    assert levels == [2, 1]  # FULL, NORMAL


def pragma():
    with connection.cursor() as cursor:
        return cursor.execute("PRAGMA synchronous").fetchone()[0]


def test_a_line_is_one_frame_of_json_for_all_followers(run, news):
    note(run, "né\u2028")
    line = news[0][1]
    assert json.loads(line.frame)["data"] == {"text": "né\u2028"}
    assert line.frame is line.frame
