"""What may be set for one run beside its message and mode. What is not given is the teammate's own."""

from dataclasses import dataclass, field, replace
from typing import Any

from runs.errors import Refused
from teammates import json_schemas
from teammates.catalog import check_model, check_tools
from teammates.exact import clean
from teammates.models import Effort
from teammates.performers import Performer

TURNS_LIMIT = 2000


@dataclass(frozen=True)
class Options:
    """Fields of the run, by the same names. `tools` replace the teammate's, but for the built-in ones."""

    user_id: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    dependencies: dict[str, Any] = field(default_factory=dict)
    tools: list[str] | None = None
    model: str = ""
    effort: str = ""
    memory: bool = False
    history: bool = False
    max_turns: int | None = None
    output_schema: dict[str, Any] | None = None
    task_id: int | None = None

    def fields(self) -> dict[str, Any]:
        return dict(vars(self))


def inherited(run: Any) -> Options:
    """What a reply to `run` takes over: everything but what was the client's own about that one message."""
    return Options(
        user_id=run.user_id,
        tools=run.tools,
        model=run.model,
        effort=run.effort,
        memory=run.memory,
        history=run.history,
        max_turns=run.max_turns,
        task_id=run.task_id,
    )


def repeated(run: Any) -> Options:
    """What a retry of `run` takes over: everything."""
    whole = {"metadata": run.metadata, "dependencies": run.dependencies, "output_schema": run.output_schema}
    return replace(inherited(run), **whole)


def check(options: Options, teammate: Performer) -> None:
    """`Refused` names the option that does not fit."""
    own = getattr(teammate, "user_id", "")
    if options.user_id and own and options.user_id != own:
        raise Refused(f"{teammate.name} works for another end user.", field="user_id", code="wrong_user")
    if len(options.user_id) > 200 or clean(options.user_id) != options.user_id:
        raise Refused("A user_id may have 200 characters, and no NUL.", field="user_id")
    check_tools(options.tools)
    if options.model:
        check_model(options.model)
    if options.effort and options.effort not in Effort.values:
        raise Refused(f"Effort is one of {', '.join(Effort.values)}.", field="effort")
    if options.max_turns is not None and not 1 <= options.max_turns <= TURNS_LIMIT:
        raise Refused(f"max_turns is from 1 to {TURNS_LIMIT}.", field="max_turns")
    if options.output_schema is not None:
        _check_schema(options.output_schema)


def _check_schema(schema: dict[str, Any]) -> None:
    if schema.get("type") != "object":
        raise Refused('output_schema must be a JSON Schema of "type": "object".', field="output_schema")
    try:
        json_schemas.check(schema)
    except json_schemas.Unfit as error:
        raise Refused(f"output_schema is no JSON Schema: {error}.", field="output_schema") from None
