"""A request is answered, and then what may wait is done in its thread."""

import asyncio
import threading

import pytest
from django.http import HttpResponse

from api.streams import EventStream, Held, ear_of
from config.threads import PagesHandler
from runs import journal
from runs.afterwards import afterwards, kept_back
from runs.live.follow import follow
from runs.live.hub import hub
from runs.locks import write
from tests.machine import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page():
    """A request that `respond` answers; what was sent, as `then` tells it as soon as it was."""

    def page(respond, leaves=None, then=list):
        handler = PagesHandler()
        handler.respond = lambda scope, body: respond()
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def here():
            await asyncio.Event().wait()

        async def send(message):
            sent.append(message)

        async def request():
            calls = iter([receive])
            task = asyncio.create_task(handler({"type": "http"}, lambda: next(calls, here)(), send))
            if leaves:
                await asyncio.to_thread(leaves.wait, 5)
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            told = then(sent)
            await asyncio.to_thread(eventually, lambda: handler._idle)
            return told

        return asyncio.run(request())

    return page


def test_what_may_wait_is_done_at_once_where_nothing_is_answered():
    done = []
    afterwards(lambda: done.append("act"))
    assert done == ["act"]


def test_what_may_wait_is_kept_back_in_order():
    acts, done = [], []
    with kept_back(acts):
        for name in ("one", "two"):
            afterwards(lambda name=name: done.append(name))
        assert done == []
    for act in acts:
        act()
    assert done == ["one", "two"]


def test_the_answer_does_not_wait_for_what_may_wait(page):
    goes_on, done = threading.Event(), []

    def respond():
        afterwards(lambda: done.append(goes_on.wait(5)))
        response = HttpResponse(b"yes")
        response._resource_closers.append(lambda: done.append("closed"))
        return response

    sent = page(respond, then=lambda sent: (sent[-1]["body"], list(done), goes_on.set()))
    assert sent == (b"yes", [], None)
    assert eventually(lambda: done == [True, "closed"])


def test_an_error_of_a_request_reaches_its_caller_and_what_was_committed_is_told(page):
    done = []

    def respond():
        afterwards(lambda: done.append("told"))
        raise ZeroDivisionError

    assert page(respond) == []
    assert eventually(lambda: done == ["told"])


def finishing(run):
    with write():
        journal.append(run.pk, "run.completed", {})


async def numbers(run, ear):
    async for lines in follow(run.pk, ear=ear):
        yield ",".join(str(line.seq) for line in lines).encode()


def test_a_stream_listens_before_workers_are_told(page, start, teammate_with):
    def respond():
        run = start(teammate_with())
        afterwards(lambda: finishing(run))
        ear = ear_of(run, 0)
        return EventStream(numbers(run, ear), ear=ear)

    sent = page(respond)
    assert b"".join(message.get("body", b"") for message in sent) == b"2"
    assert not hub.followed


def test_nobody_listens_for_a_client_that_has_left(page, start, teammate_with):
    asked, left, done = threading.Event(), threading.Event(), []

    def respond():
        run = start(teammate_with())
        afterwards(lambda: done.append(run))
        asked.set()
        left.wait(5)
        ear = ear_of(run, 0)
        return EventStream(numbers(run, ear), ear=ear)

    threading.Timer(0.2, left.set).start()
    assert page(respond, leaves=asked) == []
    assert eventually(lambda: len(done) == 1)
    assert eventually(lambda: not hub.followed)


def test_nobody_listens_for_a_client_that_leaves_as_the_answer_comes():
    leaving, heard = [], []

    class Last(Held):
        def listen(self, loop):
            heard.append("listens")
            loop.call_soon_threadsafe(lambda: loop.call_soon(leaving[0].cancel))

        def leave(self):
            heard.append("leaves")

    async def request():
        handler = PagesHandler()
        task = asyncio.create_task(handler.answer(Last))
        leaving.append(task)
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.to_thread(eventually, lambda: len(heard) == 2)
        return task.cancelled()

    assert asyncio.run(request())
    assert heard == ["listens", "leaves"]


def test_an_act_that_fails_is_told_and_its_thread_serves_on(page, caplog):
    def respond():
        afterwards(lambda: 1 / 0)
        return HttpResponse(b"yes")

    assert page(respond)[-1]["body"] == b"yes"  # `page` waits for the thread
    assert eventually(lambda: "ZeroDivisionError" in caplog.text)
