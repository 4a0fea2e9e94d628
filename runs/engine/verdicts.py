"""What the human side hands down to a waiting call. The executor believes only what is written here, never a gate."""

from dataclasses import dataclass
from typing import Any, Protocol

from django.utils import timezone

from runs.models import Message, Run, ToolCall
from runs.states import CallState


class Handed(Protocol):
    def apply(self, run_id: int) -> None:
        """Write the decision on the rows; `WrongStatus` when the call does not wait for it."""


@dataclass(frozen=True)
class MayRun:
    """This exact call may run: digest and revision are of the arguments written here."""

    call: ToolCall
    arguments: Any
    revision: int
    digest: str
    permitted_by: str
    note: str = ""

    def apply(self, run_id: int) -> None:
        self.call.move(
            CallState.READY,
            arguments=self.arguments,
            revision=self.revision,
            approved_digest=self.digest,
            approved_revision=self.revision,
            permitted_by=self.permitted_by,
            note=self.note,
        )


@dataclass(frozen=True)
class MayNotRun:
    """This call is refused; `result` is what the model is told instead of a result."""

    call: ToolCall
    result: str

    def apply(self, run_id: int) -> None:
        self.call.move(CallState.DENIED, result=self.result, finished_at=timezone.now())


@dataclass(frozen=True)
class Answered:
    """A person's answer is the result of the call, or, where there is none, a message to the model."""

    call: ToolCall | None
    result: str
    turn: int = 0
    plan_approved: bool = False

    def apply(self, run_id: int) -> None:
        if self.plan_approved:
            Run.objects.filter(pk=run_id).update(plan_approved=True)
        if self.call:
            self.call.move(CallState.SUCCEEDED, result=self.result, finished_at=timezone.now())
        elif self.result:
            Message.objects.create(run_id=run_id, turn=self.turn, role=Message.Role.USER, text=self.result)


@dataclass(frozen=True)
class Attested:
    """What became of a call whose outcome nobody knew, in the words of the person who does."""

    call: ToolCall
    happened: bool
    result: str
    by_id: int

    def apply(self, run_id: int) -> None:
        state = CallState.SUCCEEDED if self.happened else CallState.FAILED
        self.call.move(state, result=self.result, attested_by_id=self.by_id, finished_at=timezone.now())


@dataclass(frozen=True)
class TryAgain:
    """A new call with a new key, which a person must allow; the old one stays as it is."""

    call: ToolCall

    def apply(self, run_id: int) -> None:
        old = self.call
        last = ToolCall.objects.filter(run_id=run_id, turn=old.turn).latest("ordinal").ordinal
        new = ToolCall.objects.create(
            run_id=run_id,
            turn=old.turn,
            ordinal=last + 1,
            provider_call_id=old.provider_call_id,
            tool=old.tool,
            raw_arguments=old.raw_arguments,
            arguments=old.arguments,
            effect=old.effect,
            step=old.step,
            must_ask="It is tried again after an attempt of unknown outcome.",
        )
        ToolCall.objects.filter(pk=old.pk, retried_as=None).update(retried_as=new)


@dataclass(frozen=True)
class GoOn:
    """Nothing to write: the run simply goes on."""

    def apply(self, run_id: int) -> None:
        return None
