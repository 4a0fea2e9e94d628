"""What the fake model is told to say, and the bytes that say it as OpenAI does."""

import json
import re
import threading
import time


class Gate:
    """Holds an answer in the middle until the test lets it go on."""

    def __init__(self, after):
        self.after = after
        self.reached = threading.Event()
        self.opened = threading.Event()

    def wait(self, timeout=10):
        assert self.reached.wait(timeout), "no answer came to this gate"

    def release(self):
        self.opened.set()


class Script:
    """One answer. Each method adds to it and returns it; `gate` returns the gate."""

    def __init__(self):
        self.pieces = []  # the deltas, in order
        self.text = ""
        self.thoughts = ""
        self.tools = []  # (name, arguments as text)
        self.reason = ""
        self.status = 200
        self.headers = {}
        self.stalls = {}  # chunks before it -> seconds
        self.cut = None  # chunks before the connection breaks
        self.held = None
        self.body = None  # bytes in place of an answer
        self.pace = None  # (tokens, tokens per second)

    def say(self, text):
        self.text += text
        self.pieces += [{"content": word} for word in re.findall(r"\S+\s*|\s+", text)]
        return self

    def think(self, text):
        self.thoughts += text
        self.pieces += [{"reasoning_content": word} for word in re.findall(r"\S+\s*|\s+", text)]
        return self

    def call(self, tool, arguments):
        return self.raw_arguments(json.dumps(arguments), tool)

    def calls(self, *calls):
        """Several calls in one answer: `calls(("add", {"a": 1}), ("add", {"a": 2}))`."""
        for tool, arguments in calls:
            self.call(tool, arguments)
        return self

    def raw_arguments(self, text, tool="write_file"):
        """A call whose arguments are exactly this text, be it JSON or not."""
        self.tools.append((tool, text))
        return self

    def finish_reason(self, reason):
        self.reason = reason
        return self

    def error(self, status=500, retry_after=None, words="Scripted error."):
        self.status, self.words = status, words
        self.headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return self

    def stall(self, seconds, after=0):
        """Silence, before the headers when `after` is 0, else after so many chunks."""
        self.stalls[after] = seconds
        return self

    def cut_after(self, chunks):
        """The connection breaks after so many chunks; after 0 of them it is closed without an answer."""
        self.cut = chunks
        return self

    def refuse(self):
        return self.cut_after(0)

    def rubbish(self, body=b"<html>It works!</html>"):
        self.body = body
        return self

    def gate(self, after=0):
        self.held = Gate(after)
        return self.held

    def paced(self, tokens, per_second):
        """Numbered tokens "00001:<monotonic ns> " at an even pace, out of step with the other paced answers."""
        self.pace = (tokens, per_second)
        return self


class Answer:
    """Turns one script into the bytes of one response."""

    def __init__(self, script, body, number):
        self.script = script
        self.body = body
        self.number = number
        self.calls = [
            {"id": self.call_id(place), "type": "function", "function": {"name": tool, "arguments": arguments}}
            for place, (tool, arguments) in enumerate(script.tools)
        ]
        self.reason = script.reason or ("tool_calls" if self.calls else "stop")
        self.base = {"id": f"chatcmpl-{number}", "created": int(time.time()), "model": body.get("model", "fake")}

    def call_id(self, place):
        return f"call_{self.number}_{place}"

    @property
    def usage(self):
        asked = len(json.dumps(self.body["messages"])) // 4
        said = self.script.pace[0] if self.script.pace else len(self.script.pieces) + 10 * len(self.calls)
        return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}

    def whole(self):
        message = {"role": "assistant", "content": self.script.text or None}
        if self.script.thoughts:
            message["reasoning_content"] = self.script.thoughts
        if self.calls:
            message["tool_calls"] = self.calls
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.reason}
        return {**self.base, "object": "chat.completion", "choices": [choice], "usage": self.usage}

    def frame(self, delta, reason=None, **more):
        choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]
        chunk = {**self.base, "object": "chat.completion.chunk", "choices": choices, **more}
        return b"data: %b\n\n" % json.dumps(chunk, separators=(",", ":")).encode()

    def deltas(self):
        """What is said, then the calls, each with its name first and its arguments in pieces."""
        yield from self.script.pieces
        for index, call in enumerate(self.calls):
            named = {**call, "index": index, "function": {**call["function"], "arguments": ""}}
            yield {"tool_calls": [named]}
            text = call["function"]["arguments"]
            for start in range(0, len(text), 12):
                yield {"tool_calls": [{"index": index, "function": {"arguments": text[start : start + 12]}}]}

    def ending(self):
        yield self.frame({}, self.reason)
        if (self.body.get("stream_options") or {}).get("include_usage"):
            yield self.frame(None, usage=self.usage)
        yield b"data: [DONE]\n\n"
