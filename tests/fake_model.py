"""An OpenAI-compatible model on a real socket that says what a test tells it to.

    with FakeModel() as model:
        model.call("write_file", {"name": "a.txt", "content": "x"})  # the first answer
        gate = model.say("Once upon a time").gate(after=2)            # the second: holds after two tokens
        ...                                                           # point the product at model.base_url
        gate.wait()
        gate.release()

Answers are taken in the order in which they were scripted, then `model.default` again and again. Runs that go side
by side are scripted by what they ask: `model.reply = lambda body: Script().say("yes") if ... else None` is looked
at first (None: the next in order). `python -m tests.fake_model --port 9000` obeys words in the last user message.
"""

import argparse
import asyncio
import itertools
import re
import socket
import threading
from contextlib import closing

from aiohttp import web

from tests.fake_pacing import PacedStream, Wheel
from tests.fake_script import Answer, Script


def unused_url():
    """The address of an endpoint that is down."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"


def by_words(body):
    """What the fake says as a process of its own: the last user message gives the order."""
    last = body["messages"][-1]
    words = str(last["content"])
    if last["role"] == "tool":
        return Script().say("Done.")
    if order := re.search(r"\bpace (\d+) (\d+)", words):
        return Script().paced(int(order[1]), int(order[2]))
    if order := re.search(r"\bcall (\w+) (\{.*\})", words, re.S):
        return Script().raw_arguments(order[2], tool=order[1])
    if order := re.search(r"\banswer (\w+)", words):
        return Script().say(order[1])
    return Script().say("Here you are.")


class FakeModel:
    """The server, in a thread of its own."""

    def __init__(self, port=0, reply=None):
        self.port = port
        self.reply = reply
        self.default = Script().say("Here you are.")
        self.requests = []  # the bodies, as they came
        self.headers = []
        self.peers = []  # the other end of each one's connection
        self.dropped = 0  # answers that the client left before their end
        self.scripts = []
        self.changed = threading.Condition()
        self.wheels = {}
        self.numbers = itertools.count(1)

    # Each of these scripts the next answer.

    def new(self):
        self.scripts.append(Script())
        return self.scripts[-1]

    def say(self, text):
        return self.new().say(text)

    def think(self, text):
        return self.new().think(text)

    def call(self, tool, arguments):
        return self.new().call(tool, arguments)

    def calls(self, *calls):
        return self.new().calls(*calls)

    def raw_arguments(self, text, tool="write_file"):
        return self.new().raw_arguments(text, tool)

    def error(self, status=500, retry_after=None):
        return self.new().error(status, retry_after)

    def stall(self, seconds):
        return self.new().stall(seconds)

    def refuse(self):
        return self.new().refuse()

    def rubbish(self, body=b"<html>It works!</html>"):
        return self.new().rubbish(body)

    # What a test waits for.

    def wait_for_request(self, count=1, timeout=10):
        """Until so many requests have come; the body of the last of them."""
        with self.changed:
            came = self.changed.wait_for(lambda: len(self.requests) >= count, timeout)
        assert came, f"{len(self.requests)} requests came, not {count}"
        return self.requests[count - 1]

    def wait_for_drop(self, count=1, timeout=10):
        """Until the client has left so many answers before their end."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.dropped >= count, timeout), "the client is still reading"

    # The server.

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self):
        started = threading.Event()
        self.thread = threading.Thread(target=asyncio.run, args=[self.serve(started)], daemon=True)
        self.thread.start()
        assert started.wait(10)
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.stopped.set)
        self.thread.join()

    async def serve(self, started):
        self.loop, self.stopped = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self.answer)
        # handler_cancellation: a client that goes away ends its answer.
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port, backlog=2048).start()
        self.port = runner.addresses[0][1]
        started.set()
        await self.stopped.wait()
        await runner.cleanup()

    async def answer(self, request):
        body = await request.json()
        script = (self.reply(body) if self.reply else None) or (self.scripts.pop(0) if self.scripts else self.default)
        with self.changed:
            self.requests.append(body)
            self.headers.append(request.headers)
            self.peers.append(request.transport.get_extra_info("peername"))
            self.changed.notify_all()
        try:
            return await self.respond(request, body, script)
        except (asyncio.CancelledError, ConnectionResetError):
            with self.changed:
                self.dropped += 1
                self.changed.notify_all()
            raise

    async def respond(self, request, body, script):
        answer = Answer(script, body, next(self.numbers))
        await asyncio.sleep(script.stalls.get(0, 0))
        if script.cut == 0:
            request.transport.abort()
            return web.Response()
        if script.status != 200:
            error = {"message": script.words, "type": "server_error", "param": None, "code": None}
            return web.json_response({"error": error}, status=script.status, headers=script.headers)
        if script.body is not None:
            return web.Response(
                body=script.body, content_type="text/event-stream" if body.get("stream") else "text/html"
            )
        if not body.get("stream"):
            await self.hold(script, 0)
            return web.json_response(answer.whole())
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        await response.write(answer.frame({"role": "assistant", "content": ""}))
        await (self.stream_paced if script.pace else self.stream)(request, response, answer)
        return response

    async def stream(self, request, response, answer):
        script = answer.script
        for count, delta in enumerate([*answer.deltas(), None]):
            await self.hold(script, count)
            await asyncio.sleep(script.stalls.get(count, 0) if count else 0)
            if count and count == script.cut:
                request.transport.abort()
                return
            if delta is not None:
                await response.write(answer.frame(delta))
        await response.write(b"".join(answer.ending()))

    async def hold(self, script, count):
        gate = script.held
        if gate and gate.after == count:
            gate.reached.set()
            while not gate.opened.is_set():  # noqa: ASYNC110 (opened from another thread)
                await asyncio.sleep(0.005)

    async def stream_paced(self, request, response, answer):
        tokens, per_second = answer.script.pace
        stream = PacedStream(request.transport, answer.frame, tokens)
        self.wheels.setdefault(per_second, Wheel(per_second)).join(stream)
        await stream.done
        await response.write(b"".join(answer.ending()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    model = FakeModel(parser.parse_args().port, reply=by_words)
    with model:
        print(model.base_url, flush=True)
        model.thread.join()


if __name__ == "__main__":
    main()
