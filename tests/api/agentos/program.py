"""A program that uses agno's AgentOSClient, run by its own Python: one order a line in, what came of it a line out.

    {"call": "run_agent", "args": ["helper", "Hello"], "kwargs": {}, "key": "sayso_…"}

Streams are read to their end, or to the first event of a name with {"leave": "RunContent"}. What waits in the last
answer is decided with the client's own words, one list for each requirement: {"decide": [["reject", "not now"]]}.
"""

import asyncio
import json
import sys

from agno.client import AgentOSClient
from agno.db.base import SessionType


class Program:
    def __init__(self, url):
        self.client = AgentOSClient(base_url=url)
        self.paused = None

    async def outcome(self, order):
        try:
            return {"result": await self.done(order)}
        except Exception as error:  # noqa: BLE001 - the test says which it expects
            response = getattr(error, "response", None)
            told = {"name": type(error).__name__, "message": str(error)}
            return {"error": told | {"status": getattr(response, "status_code", None)}}

    async def done(self, order):
        kwargs = dict(order["kwargs"])
        if key := order.get("key"):
            kwargs["headers"] = {"Authorization": f"Bearer {key}"}
        if "decide" in order:
            self.decide(order["decide"])
            if "team" in order["call"]:
                kwargs["requirements"] = self.paused.requirements
            else:
                kwargs["tools"] = [requirement.tool_execution for requirement in self.paused.requirements]
        if "session_type" in kwargs:
            kwargs["session_type"] = SessionType(kwargs["session_type"])
        asked = getattr(self.client, order["call"])(*order["args"], **kwargs)
        return await (self.read(asked, order.get("leave")) if hasattr(asked, "__aiter__") else self.whole(asked))

    def decide(self, decisions):
        for requirement, (how, *words) in zip(self.paused.active_requirements, decisions, strict=True):
            if how == "edit":
                requirement.tool_execution.tool_args, how, words = words[0], "confirm", ()
            getattr(requirement, how)(*words)

    async def whole(self, asked):
        answer = await asked
        self.paused = answer if getattr(answer, "requirements", None) else self.paused
        return [plain(one) for one in answer] if isinstance(answer, list) else plain(answer)

    async def read(self, stream, leave):
        events = []
        async for event in stream:
            more = vars(event) if event.event == "CustomEvent" else {}  # its own `to_dict` leaves them out
            events.append(more | plain(event) | {"kind": type(event).__name__})
            self.paused = event if getattr(event, "requirements", None) else self.paused
            if event.event == leave:
                await stream.aclose()
                break
        return events


def plain(value):
    for name in ("to_dict", "model_dump"):
        if hasattr(value, name):
            return getattr(value, name)()
    return value


async def main(url):
    program = Program(url)
    loop = asyncio.get_running_loop()
    answers, sys.stdout = sys.stdout, sys.stderr  # the client logs to where it can print
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await program.outcome(json.loads(line)), default=str), file=answers, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
