"""A program that uses the m8tes SDK, run by an SDK's own Python: one call a line in, what came of it a line out.

    {"path": "runs.create", "args": [], "kwargs": {"message": "Hello"}}

Streams are read to their end, or to their first text with {"leave": true}; lists to their end with {"all": true}.
`on_approval` and `on_question` are given as what the callback returns.
"""

import dataclasses
import json
import sys
from functools import reduce

import m8tes


def main(base_url, *keys):
    clients = [m8tes.M8tes(api_key=key, base_url=base_url) for key in keys]
    for line in sys.stdin:
        print(json.dumps(outcome(clients, json.loads(line))), flush=True)


def outcome(clients, order):
    try:
        return {"result": plain(call(clients[order["as"]], order), order)}
    except Exception as error:  # noqa: BLE001 - the test says which it expects
        told = {"name": type(error).__name__, "message": str(error)}
        return {"error": told | {key: getattr(error, key, None) for key in ("status_code", "code", "run_id")}}


def call(client, order):
    for name in {"on_approval", "on_question"} & order["kwargs"].keys():
        order["kwargs"][name] = lambda request, said=order["kwargs"][name]: said
    return reduce(getattr, order["path"].split("."), client)(*order["args"], **order["kwargs"])


def plain(value, order):
    """As JSON."""
    if type(value).__name__ == "RunStream":
        return read(value, order)
    if hasattr(value, "auto_paging_iter"):
        data = list(value.auto_paging_iter()) if order["all"] else value.data
        return {"data": [plain(item, order) for item in data], "has_more": value.has_more}
    if isinstance(value, list):
        return [plain(item, order) for item in value]
    if isinstance(value, bytes):
        return value.decode()
    if not dataclasses.is_dataclass(value):
        return value
    derived = ("is_plan_approval", "plan_text")
    return dataclasses.asdict(value) | {name: getattr(value, name) for name in derived if hasattr(value, name)}


def read(stream, order):
    frames, deltas, named = [], [], run_of(stream, [])
    with stream:
        for event in stream:
            frames.append(event.raw)
            deltas += [event.delta] if type(event).__name__ == "TextDeltaEvent" else []
            if deltas and order["leave"]:
                break
    errors = getattr(stream, "errors", None)
    told = {"frames": frames, "deltas": deltas, "text": stream.text, "errors": errors}
    return told | {"run_id": run_of(stream, frames), "named_before": named}


def run_of(stream, frames):
    """The oldest SDKs leave it to their caller to read it in the first frame."""
    named = [frame["run_id"] for frame in frames if frame.get("type") == "metadata"]
    return getattr(stream, "run_id", named[0] if named else None)


if __name__ == "__main__":
    main(*sys.argv[1:])
