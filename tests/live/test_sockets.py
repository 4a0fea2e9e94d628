"""The pages' sockets: only for the pages of this origin, only for who may see, and only ever pushing."""

import asyncio
from functools import partial

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.test import Client

from config.origin import allowed
from runs import consumers
from runs.afterwards import kept_back
from runs.live import visitors
from runs.live.hub import hub
from tests.live.wire import HOST, Socket, inside, note, on
from tests.machine import rows_of

pytestmark = pytest.mark.django_db(transaction=True)


# --- origins ---


ORIGINS = {
    "evil": "http://evil.example",
    "https": f"https://{HOST}",
    "other port": f"http://{HOST}:8001",
    "sub-domain": f"http://evil.{HOST}",
    "suffix": f"http://{HOST}.evil.example",
    "prefix": f"http://evil{HOST}",
    "user": f"http://{HOST}@evil.example",
    "path": f"http://{HOST}/",
    "null": "null",
    "empty": "",
    "missing": None,
    "malformed": "http://[",
    "list": f"http://{HOST} http://evil.example",
}


@pytest.mark.parametrize("origin", ORIGINS.values(), ids=list(ORIGINS))
def test_a_page_of_another_origin_is_refused(owner, origin):
    socket = Socket("/ws/inbox", owner, origin=origin)
    connected, _ = async_to_sync(socket.wire.connect)(timeout=10)
    assert connected is False


@pytest.mark.parametrize(
    ("origin", "fits"),
    [
        ("https://sayso.example", True),
        ("http://sayso.example", False),
        ("https://sayso.example:444", False),
        ("https://sayso.example.evil.example", False),
        ("https://www.sayso.example", False),
        ("http://testserver", False),
        ("", False),
    ],
)
def test_with_a_public_address_only_its_own_pages_may(settings, origin, fits):
    settings.PUBLIC_URL = "https://sayso.example"
    assert allowed(origin, "testserver") is fits


def test_a_host_that_is_not_ours_is_no_origin_either(settings):
    settings.ALLOWED_HOSTS = ["localhost"]
    assert not allowed("http://rebound.example", "rebound.example")
    assert allowed("http://localhost:8000", "localhost:8000")


# --- who ---


@pytest.mark.parametrize("path", ["/ws/inbox", "/ws/runs/{pk}"])
def test_without_signing_in_it_closes_and_says_nothing(asked, path):
    assert inside(path.format(pk=asked.pk), None, Socket.next) == consumers.SIGNED_OUT


def test_a_disabled_account_is_signed_out(asked, owner):
    socket_client = Client()
    socket_client.force_login(owner)
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert inside(on(asked), None, Socket.next, client=socket_client) == consumers.SIGNED_OUT


def test_for_a_stranger_the_run_does_not_exist(asked, outsider):
    assert inside(on(asked), outsider, Socket.next) == consumers.NOT_FOUND


@pytest.mark.parametrize("pk", [0, 10**6, 10**30])
def test_a_run_that_is_not_there(owner, pk):
    assert inside(f"/ws/runs/{pk}", owner, Socket.next) == consumers.NOT_FOUND


@pytest.mark.parametrize("who", ["owner", "reviewer", "staff"])
def test_these_see_the_run(asked, who, request):
    async def first(socket):
        return await socket.events(1)

    assert inside(on(asked), request.getfixturevalue(who), first)[0]["kind"] == "run.queued"


@pytest.mark.parametrize("path", ["/ws/inbox", "/ws/runs/{pk}"])
def test_signing_out_closes_every_socket_of_the_browser(asked, owner, path):
    browser = Client()

    async def sign_out(socket):
        await socket.inbox()
        await sync_to_async(browser.logout)()
        return await last_word(socket)

    assert inside(path.format(pk=asked.pk), owner, sign_out, client=browser) == consumers.SIGNED_OUT


def test_a_sign_out_is_told_once_the_session_is_gone(owner, monkeypatch):
    browser, told, acts = Client(), [], []
    browser.force_login(owner)
    monkeypatch.setattr(hub, "publish", told.append)
    with kept_back(acts):
        browser.post("/sign-out/")
    assert (told, Session.objects.count()) == ([], 0)
    [act] = acts
    act()
    assert told


async def until_shut_out(person, socket):
    """The account is disabled while its page is open; what the socket says last."""
    await socket.inbox()
    await sync_to_async(User.objects.filter(pk=person.pk).update)(is_active=False)
    return await last_word(socket)


async def last_word(socket):
    while isinstance(news := await socket.next(), dict):
        continue
    return news


def test_a_session_that_no_longer_holds_closes_the_socket(asked, owner, monkeypatch):
    monkeypatch.setattr(visitors, "RECHECK", 0.02)

    assert inside(on(asked), owner, partial(until_shut_out, owner)) == consumers.SIGNED_OUT


def test_of_several_sessions_the_one_that_ended_is_closed(asked, owner, reviewer, monkeypatch):
    """They are looked at together."""
    monkeypatch.setattr(visitors, "RECHECK", 0.02)

    theirs = Client()
    theirs.force_login(reviewer)

    async def disable_one(socket):
        async with Socket(on(asked), client=theirs) as other:
            await other.events(asked.last_seq)
            news = await until_shut_out(owner, socket)
            await sync_to_async(note)(asked)
            return news, (await other.events(1))[0]["kind"]

    assert inside(on(asked), owner, disable_one) == (consumers.SIGNED_OUT, "note")


def test_a_look_that_fails_is_tried_again(asked, owner, monkeypatch, caplog):
    monkeypatch.setattr(visitors, "RECHECK", 0.02)
    failures = iter([OperationalError("away"), OperationalError("away")])
    look = visitors.ended_among

    def away(sessions):
        for failure in failures:
            raise failure
        return look(sessions)

    monkeypatch.setattr(visitors, "ended_among", away)

    assert inside(on(asked), owner, partial(until_shut_out, owner)) == consumers.SIGNED_OUT
    assert caplog.text.count("could not be looked at") == 2


def test_pages_that_nobody_looks_at_any_more_are_closed(asked, owner, monkeypatch, caplog):
    """An error that nobody foresaw must not leave a page open to somebody who was shut out."""
    monkeypatch.setattr(visitors, "RECHECK", 0.02)
    monkeypatch.setattr(visitors, "ended_among", lambda sessions: 1 / 0)

    assert inside(on(asked), owner, last_word) == consumers.SIGNED_OUT
    assert "not looked at any more" in caplog.text


def test_who_comes_as_the_last_page_goes_is_looked_at_too(monkeypatch):
    monkeypatch.setattr(visitors, "RECHECK", 0.02)
    monkeypatch.setattr(visitors, "ended_among", list)

    async def reload():
        watch = visitors.Watch()
        with watch.over("key"):
            await asyncio.sleep(0)
        with watch.over("key"), hub.follow(visitors.SIGN_OUTS) as follower:  # before the loop has turned
            return await follower.next(5)

    assert async_to_sync(reload)() == ["key"]


@pytest.mark.parametrize("who", ["outsider", "owner"])
def test_who_signs_out_elsewhere_closes_nothing(asked, owner, who, request):
    """Another person, or the same one in another browser."""
    other = Client()
    other.force_login(request.getfixturevalue(who))

    async def listen(socket):
        await socket.events(asked.last_seq)
        await sync_to_async(other.logout)()
        await sync_to_async(note)(asked)
        return await socket.events(1)

    assert inside(on(asked), owner, listen)[0]["kind"] == "note"


# --- events ---


def test_every_cursor_gets_the_rest_and_then_the_news(asked, owner):
    """F38."""

    async def listen(socket, rest):
        before = await socket.events(rest)
        await sync_to_async(note)(asked)
        return before + await socket.events(1)

    for after in range(asked.last_seq):
        asked.refresh_from_db()
        last = asked.last_seq
        got = inside(on(asked, after), owner, lambda socket, n=last - after: listen(socket, n))
        assert [event["seq"] for event in got] == list(range(after + 1, last + 2))


@pytest.mark.parametrize("after", ["", "-1", "x", "1.5", "99999999999999", "٣", "%00"])
def test_a_cursor_that_is_none_is_the_beginning(asked, owner, after):
    async def first(socket):
        return await socket.events(1)

    assert inside(on(asked, after), owner, first)[0]["seq"] == 1


def test_an_event_has_its_number_kind_time_and_data(asked, owner):
    async def first(socket):
        return await socket.events(1)

    [event] = inside(on(asked), owner, first)
    assert set(event) == {"seq", "kind", "at", "data"}
    assert event["data"] == {"mode": "approval"}


def test_what_a_client_sends_changes_nothing(asked, owner):
    frames = ["x", '{"decide": "allow"}', '{"type": "websocket.close"}', "[" * 10_000]
    before = rows_of(asked)

    async def send(socket):
        await socket.events(asked.last_seq)
        for frame in frames:
            await socket.wire.send_to(text_data=frame)
        await socket.wire.send_to(bytes_data=b"\x00\xff")
        await sync_to_async(note)(asked)
        return await socket.events(1)

    assert inside(on(asked), owner, send)[0]["kind"] == "note"
    asked.events.filter(kind="note").delete()
    before["run"]["last_seq"] += 1
    assert rows_of(asked) == before


def test_a_pipe_that_breaks_closes_the_socket_so_that_the_page_comes_back(asked, owner, monkeypatch):
    async def broken(*args):
        raise RuntimeError("the database is away")
        yield

    monkeypatch.setattr(consumers, "follow", broken)

    async def listen(socket):
        while isinstance(news := await socket.next(), dict):
            continue
        return news

    assert inside(on(asked), owner, listen) == consumers.BROKEN


def test_an_ended_run_stays_open_for_the_inbox(asked, owner, deny, carry, start):
    deny(asked.approvals.get(), stop=True)
    asked.refresh_from_db()

    async def listen(socket):
        await socket.events(asked.last_seq)
        return await socket.inbox()

    assert inside(on(asked), owner, listen)["count"] == 0
