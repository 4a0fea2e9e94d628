"""The calls that other performers answer: a child run gives their result."""

from typing import Annotated, Any

from pydantic import Field

from teammates.tools.registry import Tool, ToolArguments, registry


class DelegateArguments(ToolArguments):
    member_id: Annotated[str, Field(min_length=1, max_length=80)]
    task: Annotated[str, Field(min_length=1, max_length=200_000)]  # of a step: what the one before it gave, and more


class BranchArguments(ToolArguments):
    path: str
    input: str
    outputs: dict[str, Any]


def answered_by_a_run() -> None:
    """Such a call is never run here: the end of its child run gives its result."""


DELEGATE = Tool(
    name="delegate_task_to_member",
    function=answered_by_a_run,
    arguments=DelegateArguments,
    description=(
        "Give a task to one member of your team and get the answer as the result. Say everything in the task that the "
        "member needs to know: it sees nothing else. Several calls in one turn let the members work side by side."
    ),
    title="Delegate to a member",
    effect="pure",
    risk="read",
    icon="users",
    gate="child",
    internal=True,
)

BRANCH = Tool(
    name="run_branch",
    function=answered_by_a_run,
    arguments=BranchArguments,
    description="One branch of a parallel block of a workflow.",
    title="Run a branch",
    effect="pure",
    risk="read",
    icon="git-branch",
    gate="child",
    internal=True,
)

registry.add(DELEGATE)
registry.add(BRANCH)
INTERNAL = {DELEGATE.name, BRANCH.name}  # given by teams and workflows, never chosen for a teammate
