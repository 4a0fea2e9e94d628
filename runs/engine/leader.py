"""What makes the leader of a team more than a teammate: its members, and its way of working with them."""

import json
from typing import Any

from runs.engine.reply import AskedCall, Reply
from runs.models import Run, ToolCall
from runs.states import CallState
from teammates.models import Team
from teammates.tools.delegation import DELEGATE

WAYS = {
    Team.Way.COORDINATE: "Give each member the part of the work that suits it, then answer from their results.",
    Team.Way.ROUTE: "Choose the one member that suits best and hand the whole task over; its answer is the answer.",
    Team.Way.BROADCAST: "All members have got the task. Sum their answers up in one.",
    Team.Way.TASKS: (
        "First write the list of tasks with todo_write. Work it off by giving tasks to members, mark each that is "
        "done, and answer when all of them are."
    ),
}


def briefing(definition: dict[str, Any]) -> str:
    """The leader's part of the system message; empty for whoever leads nobody."""
    if "mode" not in definition or "members" not in definition:
        return ""
    members = [
        f"- {one['id']}: {one['name']}. {one['description']}".rstrip(" .") + "." for one in definition["members"]
    ]
    return f"You lead a team. {WAYS[Team.Way(definition['mode'])]}\nMembers, by id:\n" + "\n".join(members)


def opening(run: Run, definition: dict[str, Any]) -> Reply | None:
    """What a broadcast begins with: the task goes to every member, before the leader is asked anything."""
    if definition.get("mode") != Team.Way.BROADCAST:
        return None
    calls = [
        AskedCall(
            one["id"], DELEGATE.name, json.dumps({"member_id": one["id"], "task": run.message}, ensure_ascii=False)
        )
        for one in definition["members"]
    ]
    return Reply("", calls=calls, finish_reason="tool_calls")


def handed_over(definition: dict[str, Any], calls: list[ToolCall]) -> str | None:
    """The answer of the member that the task was routed to, once it is there."""
    if definition.get("mode") != Team.Way.ROUTE:
        return None
    done = [call for call in calls if call.tool == DELEGATE.name and call.state == CallState.SUCCEEDED]
    return done[-1].result if done else None
