"""The two calls that are answered by a person: the shape of a question, and of a plan."""

from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from teammates.tools.registry import Tool, ToolArguments, registry

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
PLAN_LENGTH = 50_000  # characters


class Option(BaseModel):
    model_config = ConfigDict(extra="forbid")
    label: Annotated[Text, Field(max_length=80)]
    description: Annotated[str, Field(max_length=500)] = ""
    preview: Annotated[str, Field(max_length=20_000)] = ""
    recommended: bool = False


class QuestionItem(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")] | None = None
    question: Annotated[Text, Field(max_length=2000)]
    header: Annotated[Text, Field(max_length=12)]
    multiSelect: bool = Field(default=False, validation_alias=AliasChoices("multiSelect", "multi_select"))  # noqa: N815 - the field's public name
    options: Annotated[list[Option], Field(min_length=2, max_length=4)]


class AskUserQuestionArguments(ToolArguments):
    """product 4.1: 1-4 questions of 2-4 options; the question's text is the key of its answer."""

    questions: Annotated[list[QuestionItem], Field(min_length=1, max_length=4)]
    previewFormat: Literal["markdown", "html"] = "markdown"  # noqa: N815 - the field's public name

    @model_validator(mode="after")
    def keys_are_unique(self) -> Self:
        keys = [item.question for item in self.questions] + [item.id for item in self.questions if item.id]
        if len(set(keys)) < len(keys):
            raise ValueError("Two questions have the same text or id; give each its own.")
        for item in self.questions:
            if len({option.label for option in item.options}) < len(item.options):
                raise ValueError(f"Two options of {item.question!r} have the same label; give each its own.")
        if any(item.header.strip().casefold() == "plan approval" for item in self.questions):
            raise ValueError("A plan is proposed with submit_plan, not asked as a question.")
        return self


class SubmitPlanArguments(ToolArguments):
    plan: Annotated[Text, Field(max_length=PLAN_LENGTH)]


def answered_by_a_person() -> None:
    """Such a call is never run: the gate that it opens gives its result."""


ASK = Tool(
    name="AskUserQuestion",
    function=answered_by_a_person,
    arguments=AskUserQuestionArguments,
    description=(
        "Ask the person one to four questions, each with two to four options; they may always answer in their own "
        "words. Use it when a choice is theirs to make. Mark at most one option of a question as recommended."
    ),
    title="Ask a question",
    effect="pure",
    risk="read",
    icon="message-circle-question-mark",
    gate="ask",
)

PLAN = Tool(
    name="submit_plan",
    function=answered_by_a_person,
    arguments=SubmitPlanArguments,
    description=(
        "Propose your plan as markdown: numbered steps, each with what you will do and the tools you will use. Nothing "
        "but reading runs before a person has approved it. If changes are asked for, submit the whole plan again."
    ),
    title="Propose a plan",
    effect="pure",
    risk="read",
    icon="list-checks",
    gate="plan",
)


class StepInputArguments(ToolArguments):
    """As of AskUserQuestion, but worded by us: the questions have no options."""

    questions: list[dict[str, Any]]


STEP_INPUT = Tool(
    name="step_input",
    function=answered_by_a_person,
    arguments=StepInputArguments,
    description="What a person gives to a step of a workflow before it starts.",
    title="Give a step its input",
    effect="pure",
    risk="read",
    icon="text-cursor-input",
    gate="ask",
    internal=True,
)

registry.add(ASK)
registry.add(PLAN)
registry.add(STEP_INPUT)
