"""Paced answers of the fake model: numbered, stamped tokens for hundreds of streams, cheap enough to measure beside."""

import asyncio
import json
import time


class Wheel:
    """Sends one token of every paced answer in each turn, spread over it, with a single timer."""

    TICK = 0.001

    def __init__(self, per_second):
        self.slots = [[] for _ in range(round(1 / per_second / self.TICK))]
        self.joined = 0
        self.running = False

    def join(self, stream):
        # The golden ratio spreads any number of streams evenly.
        place = int(self.joined * 0.6180339887 % 1 * len(self.slots))
        self.joined += 1
        self.slots[place].append(stream)
        if not self.running:
            self.running = True
            asyncio.get_running_loop().call_soon(self.turn, time.monotonic(), 0)

    def turn(self, begun, done):
        """Send what is due since the last look, then sleep until the next slot."""
        due = int((time.monotonic() - begun) / self.TICK) + 1
        for tick in range(done, due):
            place = tick % len(self.slots)
            if self.slots[place]:
                self.slots[place] = [stream for stream in self.slots[place] if stream.send()]
        self.running = any(self.slots)
        if self.running:
            loop = asyncio.get_running_loop()
            loop.call_later(begun + due * self.TICK - time.monotonic(), self.turn, begun, due)


class PacedStream:
    """One paced answer: its bytes go to the transport directly, as aiohttp's own write costs much more."""

    def __init__(self, transport, frame, tokens):
        head, tail = frame({"content": "\0"}).split(json.dumps("\0")[1:-1].encode())
        self.head, self.tail = head, tail
        self.transport = transport
        self.tokens = tokens
        self.sent = 0
        self.done = asyncio.get_running_loop().create_future()

    def send(self):
        if self.done.done() or self.transport.is_closing():
            return False
        self.sent += 1
        data = b"%b%05d:%d %b" % (self.head, self.sent, time.monotonic_ns(), self.tail)
        self.transport.write(b"%x\r\n%b\r\n" % (len(data), data))
        if self.sent == self.tokens:
            self.done.set_result(None)
        return self.sent < self.tokens
