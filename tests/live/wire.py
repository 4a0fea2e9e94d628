"""A tab's websocket, without the browser around it."""

import json

from asgiref.sync import async_to_sync
from channels.testing import WebsocketCommunicator
from django.test import Client

from config.asgi import application
from runs import journal
from runs.locks import write

HOST = "testserver"


class Socket:
    """One tab's socket; close it by leaving the block."""

    def __init__(self, path, user=None, origin=f"http://{HOST}", client=None):
        client = client or Client()
        if user:
            client.force_login(user)
        cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
        headers = [(b"host", HOST.encode()), (b"cookie", cookies.encode())]
        headers += [(b"origin", origin.encode())] if origin is not None else []
        self.wire = WebsocketCommunicator(application, path, headers=headers)

    async def __aenter__(self):
        self.connected, self.code = await self.wire.connect(timeout=10)
        return self

    async def __aexit__(self, *exc):
        await self.wire.disconnect()

    async def next(self):
        """The next message, as JSON; or the code with which the socket was closed."""
        output = await self.wire.receive_output(timeout=10)
        return json.loads(output["text"]) if output["type"] == "websocket.send" else output["code"]

    async def events(self, count):
        """So many events of the run; what the inbox says in between is passed over."""
        got = []
        while len(got) < count:
            news = await self.next()
            got += [news] if "seq" in news else []
        return got

    async def inbox(self):
        while True:
            news = await self.next()
            if "inbox" in news:
                return news["inbox"]


def on(run, after=None):
    return f"/ws/runs/{run.pk}" + ("" if after is None else f"?after={after}")


def note(run, count=1):
    with write():
        for _ in range(count):
            journal.append(run.pk, "note", {"text": "x"})


def inside(path, user, conversation, **more):
    """What is said on a socket of this user. The database is read in the test's own thread."""
    socket = Socket(path, user, **more)

    async def talk():
        async with socket:
            return await conversation(socket)

    return async_to_sync(talk)()
