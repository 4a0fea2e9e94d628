"""Messages inside one process: a worker sleeps until there is one that it may take."""

import threading
from types import SimpleNamespace

import pytest
from kombu import Connection, Consumer, Queue

from config import celery  # noqa: F401 - it tells kombu of our transport
from tests.eventually import eventually

LONG = 30  # seconds, of which a test that passes waits none


@pytest.fixture
def worker():
    """Who takes one message at a time from a queue of its own."""
    with Connection("sayso://localhost//") as connection:
        channel, queue = connection.channel(), Queue(f"test-{threading.get_ident()}")
        channel.basic_qos(0, 1, False)
        got = []
        with Consumer(channel, [queue], on_message=got.append), connection.Producer() as producer:
            yield SimpleNamespace(
                got=got,
                channel=channel,
                drain=connection.drain_events,
                put=lambda: producer.publish("hello", routing_key=queue.name),
            )
            for message in got:
                if not message.acknowledged:
                    message.ack()
            channel.queue_delete(queue.name)


@pytest.fixture
def asleep(worker):
    """The worker waits for its next message."""
    sleeping = threading.Thread(target=worker.drain, kwargs={"timeout": LONG}, daemon=True)
    yield sleeping
    sleeping.join(LONG)
    assert not sleeping.is_alive()


def test_nothing_to_do_is_said_when_the_time_is_over(worker):
    with pytest.raises(TimeoutError):
        worker.drain(timeout=0.01)


def test_a_message_wakes_who_sleeps(worker, asleep):
    asleep.start()
    worker.put()
    assert eventually(lambda: len(worker.got) == 1)


def test_no_message_comes_before_there_is_a_slot_and_an_ack_wakes_who_waits_for_it(worker, asleep):
    worker.put()
    worker.put()
    worker.drain(timeout=LONG)
    asleep.start()
    assert eventually(lambda: worker.channel.full)
    assert len(worker.got) == 1
    worker.got[0].ack()
    assert eventually(lambda: len(worker.got) == 2)


def test_a_slot_that_was_free_before_anybody_slept_is_used_at_once(worker):
    worker.put()
    worker.put()
    worker.drain(timeout=LONG)
    worker.got[0].ack()
    worker.drain(timeout=LONG)
    assert len(worker.got) == 2
