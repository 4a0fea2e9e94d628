"""What clients send about runs (contract 1.1, 1.6, 1.8). Fields that nobody knows are ignored."""

from typing import Annotated, Any, Literal

from ninja import Field, Schema
from pydantic import AliasChoices

from runs.options import Options
from teammates.models import Effort

Id = Annotated[int, Field(ge=1, lt=2**63)]
Mode = Literal["autonomous", "approval", "plan"]


class Wishes(Schema):
    """What a create and a reply may both set."""

    message: str
    stream: bool = True
    tools: list[str] | None = None
    human_in_the_loop: bool | None = None
    permission_mode: Mode | None = None


class NewRun(Wishes):
    teammate_id: Id | None = Field(None, validation_alias=AliasChoices("teammate_id", "agent_id"))
    name: Annotated[str, Field(max_length=120)] | None = None
    instructions: Annotated[str, Field(max_length=100_000)] | None = None
    user_id: str | None = None
    metadata: dict[str, Any] | None = None
    memory: bool | None = None
    history: bool | None = None
    model: str | None = None
    effort: str | None = None
    output_schema: dict[str, Any] | None = None
    max_turns: int | None = None

    def options(self, *, user_id: str, memory: bool | None, history: bool | None) -> Options:
        """As the core takes them; `memory` and `history` are the teammate's, for what is not given here."""
        return Options(
            user_id=user_id,
            metadata=self.metadata or {},
            tools=self.tools,
            model=self.model or "",
            effort=self.effort if self.effort in Effort.values else "",  # never rejected (contract 1.1)
            memory=first(self.memory, memory),
            history=first(self.history, history),
            max_turns=self.max_turns,
            output_schema=self.output_schema,
        )


def first(*wishes: bool | None) -> bool:
    """The first that says anything; memory and history are on where nobody does."""
    return next((wish for wish in wishes if wish is not None), True)


class Reply(Wishes):
    pass


class Answers(Schema):
    answers: dict[str, str | list[str]]
    request_id: str | None = None


class Verdict(Schema):
    request_id: str
    decision: Literal["allow", "deny"] = "allow"
    remember: bool = False
    reason: str | None = None


class NewMode(Schema):
    permission_mode: Mode
