"""The scripted model: needs no key, says that it is scripted, and shows a question, a file, an approval and an answer.

It reads the transcript and counts nothing, so replies, restarts and edits find it where it was.
"""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

from runs.engine.reply import AskedCall, Reply, Request

PAUSE = 1 / 30  # seconds between two words
LABEL = "I am Sayso's scripted demo model: what I say is prepared, what you decide is real."
QUESTION = "Who is this for?"
MEMBER = re.compile(r"^- ([A-Za-z0-9_-]+): ", re.MULTILINE)  # of the leader's list of members

Said = tuple[str, AskedCall | None]


async def answer(request: Request, heard: Callable[[str, str], None]) -> Reply:
    """Play the next part, 30 words a second."""
    text, call = next_part(request)
    words = text.split(" ")
    for place, word in enumerate(words):
        heard("text", word if place == len(words) - 1 else word + " ")
        await asyncio.sleep(PAUSE)
    tokens = {"prompt_tokens": sum(len(str(m)) // 4 for m in request.messages), "completion_tokens": len(words)}
    tokens["total_tokens"] = sum(tokens.values())
    return Reply(text, "", [call] if call else [], "tool_calls" if call else "stop", tokens)


def next_part(request: Request) -> Said:
    offered = {tool.name for tool in request.tools}
    results = results_by_tool(request.messages)
    wish = wish_of(request.messages)
    if "delegate_task_to_member" in offered:
        return lead(request.messages, wish, results.get("delegate_task_to_member", []))
    if "submit_plan" in offered:
        return plan(wish, results.get("submit_plan", []))
    if "AskUserQuestion" in offered and "AskUserQuestion" not in results:
        return question(wish)
    audience = audience_of(results.get("AskUserQuestion", []))
    if "write_file" in offered and "write_file" not in results:
        return draft(wish, audience)
    if "announce" in offered and "announce" not in results:
        return announcement(wish, audience)
    return closing(wish, audience, results), None


def lead(messages: list[dict[str, Any]], wish: str, answers: list[str]) -> Said:
    """As a leader: one task for each member, one after the other, then an answer that holds theirs."""
    members = MEMBER.findall("\n".join(m["content"] for m in messages if m["role"] == "system"))
    if len(answers) < len(members):
        task = {"member_id": members[len(answers)], "task": wish}
        return part(f"I give this to {members[len(answers)]}.", "delegate_task_to_member", task)
    return "\n\n".join([f"Done: “{wish}”. This is what my team found:", *answers, LABEL]), None


def results_by_tool(messages: list[dict[str, Any]]) -> dict[str, list[str]]:
    """What each tool of this run gave back, in order."""
    names = {call["id"]: call["function"]["name"] for message in messages for call in message.get("tool_calls") or ()}
    found: dict[str, list[str]] = {}
    for message in messages:
        if message["role"] == "tool":
            found.setdefault(names[message["tool_call_id"]], []).append(message["content"])
    return found


def wish_of(messages: list[dict[str, Any]]) -> str:
    """The message of this run: the last one of a person before the first call."""
    before = [m["content"] for m in messages[: first_call(messages)] if m["role"] == "user"]
    last = before[-1] if before else ""
    words = last if isinstance(last, str) else last[0]["text"]  # with files, the message is the first part
    return " ".join(words.split())


def first_call(messages: list[dict[str, Any]]) -> int:
    return next((place for place, m in enumerate(messages) if m.get("tool_calls")), len(messages))


def audience_of(answers: list[str]) -> str:
    """The person's own words from the answer to the question."""
    for text in answers:
        try:
            given = json.loads(text)
        except ValueError:
            return text
        if given.get("response"):
            return str(given["response"])
        return str(given.get("answers", {}).get(QUESTION, "whoever needs it"))
    return "whoever needs it"


def part(text: str, tool: str, arguments: dict[str, Any]) -> Said:
    return text, AskedCall(f"demo-{tool}", tool, json.dumps(arguments, ensure_ascii=False))


def plan(wish: str, feedback: list[str]) -> Said:
    steps = [
        "# Plan",
        f"For: “{wish}”",
        "1. **Ask** who it is for (AskUserQuestion).",
        "2. **Write** a first version into a file (write_file).",
        "3. **Publish** it, once you allow it (announce).",
    ]
    if not feedback:
        return part(f"{LABEL} You asked for a plan first, so here is one.", "submit_plan", {"plan": "\n\n".join(steps)})
    steps.insert(2, f"0. **Change** what you asked for: “{feedback[-1]}”")
    return part(
        "Thank you, I have taken that up. Here is the next revision.", "submit_plan", {"plan": "\n\n".join(steps)}
    )


def question(wish: str) -> Said:
    ask = {
        "question": QUESTION,
        "header": "Audience",
        "options": [
            {"label": "The team", "description": "Short, with names and next steps.", "recommended": True},
            {"label": "Customers", "description": "Friendly, no inside words."},
            {"label": "The public", "description": "Nothing that is not announced yet."},
        ],
    }
    return part(f"{LABEL} You want: “{wish}”. One thing I cannot know.", "AskUserQuestion", {"questions": [ask]})


def draft(wish: str, audience: str) -> Said:
    content = f"# Draft\n\nFor: {audience}\n\nYou asked: {wish}\n\nThis text was written by the scripted demo model.\n"
    return part(
        f"Good, for {audience} then. I write a first version into a file.",
        "write_file",
        {"name": "draft.md", "content": content},
    )


def announcement(wish: str, audience: str) -> Said:
    text = f"For {audience}: {wish}"
    return part("The draft is ready. Publishing needs your say.", "announce", {"channel": "news", "text": text})


def closing(wish: str, audience: str, results: dict[str, list[str]]) -> str:
    published = results.get("announce", [""])[-1]
    lines = [f"Done. You asked for “{wish}”, and it is written for **{audience}**."]
    if "write_file" in results:
        lines.append(f"About the file: {results['write_file'][-1]}")
    if published:
        lines.append(f"About publishing: {published}")
    lines.append(LABEL)
    return "\n\n".join(lines)
