"""One writer at a time, first come, first served."""

import threading
import time
from contextlib import suppress

import pytest
from django.db import OperationalError, connection, transaction
from django.db.backends.signals import connection_created

from runs import locks, recovery, services
from runs.locks import Turns, turns, write
from tests.machine import eventually, together

pytestmark = pytest.mark.django_db(transaction=True)

WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "WITH")


def waiting(lock, count):
    return eventually(lambda: len(lock._queue) == count)


def test_it_is_handed_over_in_the_order_of_asking():
    lock, served = Turns(), []

    def take(place):
        lock.acquire()
        served.append(place)
        lock.release()

    lock.acquire()
    threads = [threading.Thread(target=take, args=[place]) for place in range(20)]
    for count, thread in enumerate(threads, start=1):
        thread.start()
        assert waiting(lock, count)
    lock.release()
    for thread in threads:
        thread.join(5)
    assert served == list(range(20))


def test_who_holds_it_may_take_it_again():
    lock = Turns()
    lock.acquire()
    lock.acquire()
    lock.release()
    assert lock.mine()
    lock.release()
    assert not lock.mine()


def test_who_comes_back_does_not_overtake():
    """A plain lock would let the busy thread take it again and again."""
    lock, served = Turns(), []

    def take():
        lock.acquire()
        served.append("other")
        lock.release()

    lock.acquire()
    other = threading.Thread(target=take)
    other.start()
    assert waiting(lock, 1)
    lock.release()
    lock.acquire()
    served.append("busy")
    lock.release()
    other.join(5)
    assert served == ["other", "busy"]


def test_an_error_gives_it_back():
    with pytest.raises(ZeroDivisionError), write():
        raise ZeroDivisionError
    assert not turns.mine()
    with pytest.raises(ZeroDivisionError), write(durable=True):
        raise ZeroDivisionError
    assert together(1, lambda _: turns.acquire() or turns.release()) == [None]


@pytest.mark.sqlite
def test_a_database_that_breaks_as_it_is_left_gives_it_back(monkeypatch):
    def synchronous(level):
        if level == "NORMAL":
            raise OperationalError("disk I/O error")

    monkeypatch.setattr(locks, "_synchronous", synchronous)
    with pytest.raises(OperationalError), write(durable=True):
        pass
    assert not turns.mine()
    assert together(1, lambda _: turns.acquire() or turns.release()) == [None]


def test_inside_another_transaction_it_is_a_savepoint(start, teammate_with):
    run = start(teammate_with())
    with transaction.atomic(), pytest.raises(ZeroDivisionError), write():
        type(run).objects.update(error="half")
        raise ZeroDivisionError
    run.refresh_from_db()
    assert run.error == ""


@pytest.mark.sqlite
def test_twenty_writers_are_never_inside_together():
    inside, most = [], []

    def enter(place):
        with write():
            inside.append(place)
            most.append(len(inside))
            time.sleep(0)
            inside.remove(place)

    together(20, enter)
    assert most == [1] * 20


# --- nobody writes outside ---


@pytest.fixture
def outside():
    """The statements that were written out of turn, by any thread that connects from here on."""
    found = []

    def watch(execute, sql, params, many, context):
        if sql.lstrip().upper().startswith(WRITES) and not turns.mine():
            found.append(sql)
        return execute(sql, params, many, context)

    def every(connection, **kwargs):
        if watch not in connection.execute_wrappers:
            connection.execute_wrappers.append(watch)

    connection_created.connect(every)
    every(connection)
    yield found
    connection_created.disconnect(every)
    connection.execute_wrappers.remove(watch)


def test_the_watch_sees_a_write_out_of_turn(owner, outside):
    owner.save()
    assert len(outside) == 1
    together(1, lambda _: owner.save())
    assert len(outside) == 2


@pytest.mark.sqlite
def test_a_whole_run_is_written_in_turn(outside, fake, teammate_with, start, carry, allow, tell, owner, posted):
    helper = teammate_with("post", "write_file", "remember", "todo_write", mode="plan")
    outside.clear()  # the teammate is written by another room
    fake.say("I would post it.")
    run = carry(start(helper))
    tell(run.questions.get(), answers={"plan": "Approve"})
    fake.calls(
        ("write_file", {"name": "a.md", "content": "x"}),
        ("remember", {"text": "x"}),
        ("todo_write", {"items": []}),
        ("post", {"text": "hello"}),
        ("post", {}),
    )
    carry(run)
    for gate in run.approvals.all():
        allow(gate)
    assert carry(run).status == "completed"
    assert services.retry(run, by=owner).status == "queued"
    assert outside == []


@pytest.mark.sqlite
def test_the_verbs_and_the_sweep_write_in_turn(outside, asked, deny, start, carry, owner):
    outside.clear()
    deny(asked.approvals.get())
    assert carry(asked).status == "completed"
    services.reply(asked, "Again", by=owner)
    services.cancel(services.retry(asked, by=owner), by=owner)
    recovery.sweep()
    recovery.take_up()
    assert outside == []


def test_a_part_without_a_savepoint_undoes_the_whole(owner):
    with write():
        type(owner).objects.filter(pk=owner.pk).update(first_name="Ana")
        with suppress(ZeroDivisionError), write(savepoint=False):
            raise ZeroDivisionError
    owner.refresh_from_db()
    assert owner.first_name == ""


def test_a_savepoint_undoes_its_part_alone(owner):
    with write():
        type(owner).objects.filter(pk=owner.pk).update(first_name="Ana")
        with suppress(ZeroDivisionError), write():
            type(owner).objects.filter(pk=owner.pk).update(last_name="Lee")
            raise ZeroDivisionError
    owner.refresh_from_db()
    assert (owner.first_name, owner.last_name) == ("Ana", "")
