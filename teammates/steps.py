"""The steps of a workflow: their one shape, wherever they come from (roster file, pages, rows)."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from django.core.exceptions import ValidationError
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from pydantic import ValidationError as BadShape

from teammates.legible import check_name
from teammates.tools.registry import registry

NESTING = 8  # blocks within blocks
COUNT = 500  # steps of one workflow
WORK = ("teammate", "team", "tool")  # the other kinds order steps

Name = Annotated[str, Field(min_length=1, max_length=80)]
Slug = Annotated[str, Field(min_length=1, max_length=80)]


class Step(BaseModel):
    """One step; exactly one of its first eight fields says what it is."""

    model_config = ConfigDict(extra="forbid", strict=True)
    name: Name
    teammate: Slug | None = None
    team: Slug | None = None
    tool: str | None = None
    parallel: list["Step"] | None = None
    condition: str | None = None
    loop: list["Step"] | None = None
    router: str | None = None
    then: list["Step"] = []
    otherwise: list["Step"] = []
    until: str | None = None
    max: Annotated[int, Field(ge=1, le=50)] = 3
    choices: list["Step"] = []
    retries: Annotated[int, Field(ge=0, le=5)] = 0
    on_error: Literal["fail", "skip"] = "fail"
    confirm: bool = False
    input: list[Name] = []
    review: bool = False

    @model_validator(mode="after")
    def is_one_thing(self) -> Self:
        if sum(value is not None for value in self.kinds.values()) != 1:
            raise ValueError(f"step {self.name!r} must be exactly one of {', '.join(self.kinds)}")
        if self.kind in ("parallel", "loop") and not self.below:
            raise ValueError(f"step {self.name!r} has no steps in it")
        if self.kind == "router" and not self.choices:
            raise ValueError(f"router {self.name!r} has no choices")
        if self.kind not in WORK and (self.confirm or self.input or self.review or self.retries):
            raise ValueError(
                f"step {self.name!r}: confirm, input, review and retries are for teammates, teams and tools"
            )
        return self

    @property
    def kinds(self) -> dict[str, Any]:
        names = ("teammate", "team", "tool", "parallel", "condition", "loop", "router")
        return {name: getattr(self, name) for name in names}

    @property
    def kind(self) -> str:
        return next(name for name, value in self.kinds.items() if value is not None)

    @property
    def below(self) -> list["Step"]:
        return [*(self.parallel or []), *(self.loop or []), *self.then, *self.otherwise, *self.choices]

    @property
    def tools(self) -> list[str]:
        """The tools that the step itself names."""
        return [name for name in (self.tool, self.condition, self.router, self.until) if name]


class Steps:
    """Reads definitions; the error names the first thing that is wrong."""

    adapter = TypeAdapter(list[Step])

    @classmethod
    def saved(cls, definition: Any) -> list[Step]:
        """To be shown: what was right when it was saved, though its tools may be gone."""
        return cls.adapter.validate_python(definition)

    @classmethod
    def read(cls, definition: Any) -> list[Step]:
        try:
            steps = cls.adapter.validate_python(definition)
        except BadShape as error:
            problem = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in problem["loc"])
            raise ValidationError({"definition": f"{where}: {problem['msg']}" if where else problem["msg"]}) from error
        if not steps:
            raise ValidationError({"definition": "A workflow needs at least one step."})
        if len(list(every(steps))) > COUNT or depth_of(steps) > NESTING:
            raise ValidationError({"definition": f"A workflow has at most {COUNT} steps, nested {NESTING} deep."})
        for step in every(steps):
            check_names(step)
            check_tools(step)
            # No part of the shape, because older rows that say so are still shown.
            if step.kind not in WORK and step.on_error != "fail":
                told = f"Step “{step.name}”: on_error is for teammates, teams and tools. Give it to the steps inside."
                raise ValidationError({"definition": told})
        return steps


def check_names(step: Step) -> None:
    for name in (step.name, *step.input):
        try:
            check_name(name)
        except ValidationError as error:
            raise ValidationError({"definition": f"A step, or what it asks for: {error.message}"}) from None


def check_tools(step: Step) -> None:
    for name in step.tools:
        found = registry.given(name)
        if found is None:
            raise ValidationError({"definition": f"Step “{step.name}”: there is no tool “{name}”."})
        if name != step.tool and found.effect not in ("pure", "read"):
            deciding = (
                f"Step “{step.name}”: “{name}” decides the way, so it may only read; its effect is {found.effect}."
            )
            raise ValidationError({"definition": deciding})


def every(steps: list[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from every(step.below)


def depth_of(steps: list[Step]) -> int:
    return 1 + max((depth_of(step.below) for step in steps), default=0) if steps else 0


def performers_in(steps: list[Step]) -> list[tuple[str, str]]:
    """(kind, id) of every teammate and team that a step names, each once."""
    found = [("teammate", step.teammate) for step in every(steps) if step.teammate]
    found += [("team", step.team) for step in every(steps) if step.team]
    return list(dict.fromkeys(found))


def tools_in(steps: list[Step]) -> list[str]:
    return sorted({name for step in every(steps) for name in step.tools})
