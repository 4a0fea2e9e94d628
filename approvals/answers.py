"""Reading a person's answer to each kind of question: what is missing or does not fit is said by name."""

import json
from dataclasses import dataclass, field
from typing import Any

from approvals.errors import Invalid
from approvals.models import Question
from runs.digest import same
from teammates.exact import clean
from teammates.tools.registry import BadArguments, Tool

TEXT_LIMIT = 20_000

APPROVE = "Approve"
HAPPENED, NOT_HAPPENED, TRY_AGAIN = "It happened", "It did not happen", "Try again"
GO_ON, STOP = "Go on", "Stop"


@dataclass(frozen=True)
class Given:
    """What came in, trimmed: `answers` by question text (or id), `response` as a free reply instead."""

    answers: dict[str, str | list[str]] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    response: str = ""
    notes: dict[str, str] = field(default_factory=dict)


def given(answers: dict[str, Any] | None, skipped: list[str] | None, response: str, notes: Any) -> Given:
    """Only texts and lists of texts, trimmed; an empty one is no answer."""
    tidy: dict[str, str | list[str]] = {}
    for key, value in (answers or {}).items():
        texts = [text for item in (value if isinstance(value, list) else [value]) if (text := words(item))]
        if any(len(text) > TEXT_LIMIT for text in texts):
            raise Invalid({key: f"An answer may have {TEXT_LIMIT:,} characters."})
        if texts:
            tidy[key] = texts if isinstance(value, list) else texts[0]
    response = limited(response, "response", "A reply")
    kept = {str(key): limited(text, str(key), "A note") for key, text in (notes or {}).items() if words(text)}
    return Given(tidy, list(skipped or []), response, kept)


def limited(text: str, name: str, what: str) -> str:
    """The person's own words, trimmed; `Invalid` at `name` when they are too many."""
    if len(text) > TEXT_LIMIT:
        raise Invalid({name: f"{what} may have {TEXT_LIMIT:,} characters."})
    return words(text)


def words(value: Any) -> str:
    return "" if value is None else clean(str(value)).strip()


def answers_to(question: Question, got: Given) -> Given:
    """The answers by question text, complete; `Invalid` names each question that is open or does not fit."""
    if got.response:
        if got.answers:
            raise Invalid({"response": "Either answer the questions or reply in your own words, not both."})
        return Given(response=got.response)
    by_name = {item["question"]: item for item in question.questions}
    ids = {item["id"]: item["question"] for item in question.questions if item.get("id")}
    ids = {name: text for name, text in ids.items() if name not in by_name}  # the text is the key first of all
    answers = {ids.get(key, key): value for key, value in got.answers.items()}
    skipped = [ids.get(key, key) for key in got.skipped]
    errors = {key: "There is no such question." for key in [*answers, *skipped] if key not in by_name}
    full: dict[str, str | list[str]] = {}
    for text, item in by_name.items():
        if text in answers and text not in errors:
            full[text] = fitted(item, answers[text], errors)
        elif text not in skipped:
            errors[text] = "Answer this, or skip it and let the teammate decide."
    if errors:
        raise Invalid(errors)
    left = [text for text in skipped if text not in full]
    return Given(full, left, notes={ids.get(key, key): note for key, note in got.notes.items()})


def fitted(item: dict[str, Any], value: str | list[str], errors: dict[str, str]) -> str | list[str]:
    if item.get("multiSelect"):
        return list(dict.fromkeys(value)) if isinstance(value, list) else labels_in(item, value)
    if isinstance(value, list):
        if len(value) > 1:
            errors[item["question"]] = "Choose one of these."
        return value[0]
    return value


def labels_in(item: dict[str, Any], text: str) -> list[str]:
    """A list of labels joined by ", ", as one client sends it; any other text is the person's own words."""
    labels = {option["label"] for option in item["options"]}
    parts = [part.strip() for part in text.split(",")]
    return parts if text not in labels and all(part in labels for part in parts) else [text]


def told(got: Given) -> str:
    """What the model is told: the result of AskUserQuestion."""
    if got.response:
        return json.dumps({"response": got.response}, ensure_ascii=False)
    said: dict[str, Any] = {"answers": got.answers}
    if got.skipped:
        said["skipped"] = got.skipped
    if got.notes:
        said["notes"] = got.notes
    return json.dumps(said, ensure_ascii=False)


def one_of(got: Given, name: str, choices: tuple[str, ...]) -> str:
    choice = got.answers.get(name, "")
    if choice not in choices:
        raise Invalid({name: f"Choose one: {', '.join(choices)}."})
    return str(choice)


def filled(tool: Tool, arguments: dict[str, Any], got: Given) -> dict[str, Any]:
    """The call's arguments with the fields that a person filled."""
    given = {name: got.answers[name] for name in tool.user_input if name in got.answers}
    return fits(tool, {**arguments, **as_wanted(tool, given)})


def as_wanted(tool: Tool, values: dict[str, Any]) -> dict[str, Any]:
    """What a person wrote, converted as the tool's schema says."""
    properties = tool.schema.get("properties", {})
    return {name: converted(value, properties.get(name, {})) for name, value in values.items()}


def converted(value: Any, spec: dict[str, Any]) -> Any:
    types = {one.get("type") for one in (spec, *spec.get("anyOf", ()))}
    if "string" in types or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def fits(tool: Tool, arguments: Any) -> dict[str, Any]:
    """The arguments, if they fit the tool's schema; `Invalid` names those that do not."""
    if not isinstance(arguments, dict):
        raise Invalid({"": "The arguments must be one JSON object."})
    try:
        tool.check(arguments)
    except BadArguments as error:
        raise Invalid(error.errors) from error
    return arguments


def what_changed(before: dict[str, Any], after: dict[str, Any]) -> str:
    """What a model is told when a person changed the arguments of its call."""
    names = sorted(name for name in {*before, *after} if not same(before.get(name), after.get(name)))
    changed = {name: after.get(name) for name in names}
    told = json.dumps(changed, ensure_ascii=False)
    return f"(A person changed these arguments before allowing the call: {told}. Do not repeat the original call.)"
