"""Pages: each follows one run through websockets, and comes back at the other web process when one breaks."""

import asyncio
import threading
from concurrent import futures
from urllib.parse import urlsplit

from bench.wire import Socket
from bench.words import Wrong

ENDS = {"run.completed", "run.failed", "run.cancelled"}
PAUSE = 0.3  # seconds before a page comes back


class Follower:
    def __init__(self, run):
        self.run, self.seqs, self.connections = run, [], 0
        self.ended, self.tokens = False, []

    def take(self, events, at):
        for event in events:
            self.seqs.append(event["seq"])
            self.ended = self.ended or event["kind"] in ENDS

    async def follow(self, webs, cookie):
        while not self.ended:
            web = urlsplit(webs[(self.run + self.connections) % len(webs)])
            self.connections += 1
            headers = {"Origin": web.geturl(), "Cookie": cookie}
            after = self.seqs[-1] if self.seqs else 0
            try:
                path = f"/ws/runs/{self.run}?after={after}"
                socket = await Socket.open(web.hostname, web.port, path, headers, self.take)
            except (OSError, Wrong):
                await asyncio.sleep(PAUSE)
                continue
            while not self.ended and not socket.ended.done():
                await asyncio.wait([socket.ended], timeout=0.2)
            socket.close()
            await asyncio.sleep(0 if self.ended else PAUSE)


class Followers:
    """In a loop of their own, in a thread of its own."""

    def __init__(self, webs, cookie, kind=Follower):
        self.webs, self.cookie, self.kind, self.all, self.futures = webs, cookie, kind, [], []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def add(self, run):
        follower = self.kind(run)
        self.all.append(follower)
        self.futures.append(
            asyncio.run_coroutine_threadsafe(follower.follow(self.webs, self.cookie), self.loop),
        )
        return follower

    def wait(self, seconds):
        """Until everyone has heard the end of its run."""
        done, _ = futures.wait(self.futures, seconds)
        for future in done:
            future.result()
        deaf = [vars(follower) for follower in self.all if not follower.ended]
        assert deaf == [], deaf

    def close(self):
        for future in self.futures:
            future.cancel()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()
