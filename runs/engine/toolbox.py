"""From a call that the model asked for to its result, or to the person who must have a say."""

import logging
from typing import Any

from django.utils import timezone

from runs import journal, trees
from runs.digest import digest_of
from runs.engine import facts
from runs.engine.arguments import NotRun, arguments_of, checked
from runs.engine.executor import TimedOut, execute, keep_as_evidence, look_up, share
from runs.engine.holds import Hold
from runs.engine.steps import Wait
from runs.faults import fault_point
from runs.journal import LeaseLost
from runs.models import Run, ToolCall, WrongStatus
from runs.states import CallState
from teammates.models import Mode, Team
from teammates.performers import Performer, Reference, find
from teammates.permissions import PLAN_FIRST, verdict
from teammates.prepared import change
from teammates.tools.builtin import BUILT_IN, TODO_LIST
from teammates.tools.delegation import BRANCH, DELEGATE, INTERNAL
from teammates.tools.questions import ASK, PLAN, PLAN_LENGTH, STEP_INPUT
from teammates.tools.registry import Tool, registry

logger = logging.getLogger("sayso.runs")

REPEATABLE = {"pure", "read", "idempotent"}
RECOVERABLE = {*REPEATABLE, "reconcilable"}  # repeated too, once its own look-up says that it never arrived
OUTSIDE = "Somebody else runs {} and gives its result."
UNKNOWN = "It was started, and nobody knows how it ended. It is not repeated by itself."


class Toolbox:
    """The tools of one run, under its lease."""

    def __init__(self, run: Run, hold: Hold, definition: dict[str, Any]) -> None:
        self.run, self.hold = run, hold
        self._set_here = tools_of(run, definition)
        self._members = definition.get("members", [])

    def offered(self) -> list[Tool]:
        """What the model may ask for now; a workflow's definition asks by itself."""
        if self.run.workflow_id is not None:
            return []
        names = self._set_here.keys() - {ASK.name, PLAN.name} - facts.denied_to(self.run)
        found = [tool for name in sorted(names) if (tool := registry.given(name))]
        if self.run.human_in_the_loop:
            found.append(ASK)
        if self._plan_is_due():
            found.append(PLAN)
        if self._members and self.run.team_id is not None:
            found.append(DELEGATE)
        return found

    def plan_in(self, text: str) -> Wait | None:
        """A reply of text alone, before any plan was approved, is a plan, as long as one may be."""
        if self._plan_is_due() and text.strip():
            return Wait("plan", None, text=text[:PLAN_LENGTH])
        return None

    def run_what_may_run(self, calls: list[ToolCall]) -> list[Wait]:
        """Carry each open call as far as it can go alone; what is left waits for people."""
        return [wait for call in calls if (wait := self._carry(call))]

    def _carry(self, call: ToolCall) -> Wait | None:
        self.hold.check()
        try:
            return self._go_on(call)
        except WrongStatus:
            call.refresh_from_db()
            if call.is_open:
                raise
            return None  # the late result of an attempt that was given up has ended it

    def _go_on(self, call: ToolCall) -> Wait | None:
        try:
            if call.state == CallState.OUTCOME_UNKNOWN:
                return Wait("unknown", call, UNKNOWN)
            if call.tool in INTERNAL and call.state == CallState.STARTED:
                return Wait("child", call)  # its run lives, else the call would have ended with it
            if call.state == CallState.STARTED:
                return self._recover(call)
            if call.state == CallState.PROPOSED and (wait := self._consider(call)):
                return wait
            return self._run(call)
        except NotRun as end:
            # What was started may have had its effect: it can fail now, but not be denied.
            self._end(call, CallState.FAILED if call.state == CallState.STARTED else end.state, end.result)
            return None

    # --- may it run? ---

    def _consider(self, call: ToolCall) -> Wait | None:
        """Read the call, and either let it be ready or say what it waits for."""
        tool = self._tool(call)
        call.arguments = arguments_of(call, tool)
        call.effect, call.tool_def_hash = tool.effect, tool.def_hash
        if tool.gate in ("ask", "plan"):
            return self._person_answers(call, tool)
        if tool.gate == "child" and self._plan_is_due():
            raise NotRun(CallState.DENIED, PLAN_FIRST)  # members would begin before anybody has approved
        self.run.permission_mode = facts.mode_of(self.run)
        ruling = verdict(
            self.run.permission_mode,
            tool,
            self._set_here.get(tool.name, ""),
            plan_approved=self.run.plan_approved or self.run.permission_mode != Mode.PLAN,
            standing=facts.stands(self.run, tool),
        )
        if ruling.effect == "deny" or tool.name in facts.denied_to(self.run):
            raise NotRun(CallState.DENIED, ruling.reason if ruling.effect == "deny" else f"{tool.title} is denied now.")
        if ruling.effect == "ask" or call.must_ask:
            return Wait("approval", call, call.must_ask or ruling.reason)
        if tool.external:
            return Wait("external", call, OUTSIDE.format(tool.title))
        if tool.user_input:
            return Wait("input", call, f"{tool.title} needs something that only a person can fill in.")
        self._permit(call, ruling.reason)
        return None

    def _person_answers(self, call: ToolCall, tool: Tool) -> Wait:
        if tool in (ASK, STEP_INPUT):
            if not self.run.human_in_the_loop:
                raise NotRun(CallState.FAILED, "Nobody answers questions in this run. Decide yourself.")
            return Wait("ask", call)
        if not self._plan_is_due():
            raise NotRun(CallState.FAILED, "No plan is wanted now. Go on with the work.")
        if self.run.calls.filter(turn=call.turn, tool=PLAN.name, ordinal__lt=call.ordinal).exists():
            raise NotRun(CallState.FAILED, "One plan at a time: the first one of this turn is looked at.")
        return Wait("plan", call, text=str((call.arguments or {}).get("plan", "")))

    def _permit(self, call: ToolCall, reason: str) -> None:
        with journal.step(self.run.pk, self.hold.lease):
            digest = digest_of(self.run, call)
            call.move(
                CallState.READY,
                arguments=call.arguments,
                effect=call.effect,
                tool_def_hash=call.tool_def_hash,
                permitted_by=reason,
                approved_digest=digest,
                approved_revision=call.revision,
            )

    # --- run it ---

    def _run(self, call: ToolCall) -> Wait | None:
        """A ready call, once more looked at: what was allowed must be what runs, and its people still be there."""
        tool = self._tool(call)
        self._still_allowed(tool)
        if call.tool_def_hash != tool.def_hash:
            call.tool_def_hash, call.revision = tool.def_hash, call.revision + 1
            return Wait("approval", call, f"{tool.title} was changed after this call was allowed.")
        self._as_allowed(call)
        if tool.external:
            return Wait("external", call, OUTSIDE.format(tool.title))
        return self._delegate(call, tool) if tool.gate == "child" else self._start(call, tool)

    def _delegate(self, call: ToolCall, tool: Tool) -> Wait:
        """Begin the run that answers the call; both are there, or neither."""
        arguments = checked(tool, call.arguments)
        performer, task = self._performer(call, arguments)
        try:
            with trees.step(self.run, self.hold.lease):
                call.move(CallState.STARTED, started_at=timezone.now())
                journal.append(self.run.pk, "call.started", {"call": call.pk, "turn": call.turn})
                trees.begin(self.run, call, performer, task)
        except trees.TooLarge as error:
            call.refresh_from_db(fields=["state"])  # the transaction was undone
            raise NotRun(CallState.FAILED, str(error)) from error
        return Wait("child", call)

    def _performer(self, call: ToolCall, arguments: dict[str, Any]) -> tuple[Performer, str]:
        if call.tool == BRANCH.name:
            return self.run.performer, self.run.message
        known = {one["id"]: one["kind"] for one in self._members}
        name = arguments["member_id"]
        if name not in known:
            raise NotRun(CallState.FAILED, f"There is no member {name!r}. There are: {', '.join(known) or 'none'}.")
        found = find(Reference(known[name], name))
        if found is None or not found.enabled:
            raise NotRun(CallState.FAILED, f"{name} is not available: it was disabled or removed.")
        return found, arguments["task"]

    def _as_allowed(self, call: ToolCall) -> None:
        if call.approved_digest != digest_of(self.run, call):
            logger.error("Refused: the arguments of %s are not those that were allowed.", call)
            raise NotRun(CallState.FAILED, "Not run: its arguments are not those that were allowed.")

    def _start(self, call: ToolCall, tool: Tool) -> Wait | None:
        arguments = checked(tool, call.arguments)
        with journal.step(self.run.pk, self.hold.lease, durable=tool.effect not in ("pure", "read")):
            call.move(CallState.STARTED, started_at=timezone.now())
            journal.append(self.run.pk, "call.started", {"call": call.pk, "turn": call.turn})
            fault_point("dispatch.before_commit")
        return self._result(call, tool, arguments)

    def _result(self, call: ToolCall, tool: Tool, arguments: dict[str, Any]) -> Wait | None:
        try:
            outcome = execute(self.run, call, tool, arguments, self.hold)
        except TimedOut:
            late = f"{tool.title} gave no result within {tool.timeout:g} s."
            if tool.effect in REPEATABLE:
                raise NotRun(CallState.FAILED, late) from None
            return self._lost_track(call, late)
        fault_point("tool.before_record")
        try:
            self._end(call, outcome.state, outcome.result, outcome.shared)
        except LeaseLost:
            keep_as_evidence(call, outcome)
            raise
        fault_point("tool.after_record")
        return None

    def _recover(self, call: ToolCall) -> Wait | None:
        """Found started without a result: only what is safe to repeat is repeated."""
        tool = registry.get(call.tool)
        if tool is None or tool.def_hash != call.tool_def_hash or not {tool.effect, call.effect} <= RECOVERABLE:
            return self._lost_track(call, UNKNOWN)
        if tool.reconcile is not None:
            try:
                found = look_up(call, tool, self.hold)
            except TimedOut:
                return self._lost_track(call, f"{UNKNOWN} {tool.title} could not look it up.")
            if found is not None:
                self._end(call, found.state, found.result)
                return None
        self._still_allowed(tool)
        self._as_allowed(call)
        arguments = checked(tool, call.arguments)
        self._begin_anew(call)
        return self._result(call, tool, arguments)

    def _begin_anew(self, call: ToolCall) -> None:
        """From here on a result of the attempt before is late."""
        now = timezone.now()
        with journal.step(self.run.pk, self.hold.lease):
            if not change(ToolCall, {"pk": call.pk, "state": CallState.STARTED}, started_at=now):
                raise WrongStatus(f"{call}: no longer started")
        call.started_at = now

    def _lost_track(self, call: ToolCall, why: str) -> Wait:
        with journal.step(self.run.pk, self.hold.lease, durable=True):
            call.move(CallState.OUTCOME_UNKNOWN)
        return Wait("unknown", call, why)

    def _end(self, call: ToolCall, state: CallState, result: str, shared: dict[str, Any] | None = None) -> None:
        with journal.step(self.run.pk, self.hold.lease, durable=call.started_at is not None):
            call.move(
                state,
                result=result,
                finished_at=timezone.now(),
                arguments=call.arguments,
                effect=call.effect,
                tool_def_hash=call.tool_def_hash,
            )
            journal.call_ended(call)
            if shared is not None:
                share(self.run.session, shared)

    # --- what holds now ---

    def _tool(self, call: ToolCall) -> Tool:
        implied = {ASK.name, PLAN.name}
        if self.run.workflow_id is not None:
            implied |= {*INTERNAL, STEP_INPUT.name}
        elif self._members:
            implied.add(DELEGATE.name)
        own = registry.given(call.tool) if call.tool in self._set_here else None
        tool = registry.get(call.tool) if call.tool in implied else own
        if tool is None:
            have = ", ".join(tool.name for tool in self.offered())
            raise NotRun(CallState.FAILED, f"There is no tool {call.tool!r}. There are: {have or 'none'}.")
        return tool

    def _plan_is_due(self) -> bool:
        if self.run.permission_mode == Mode.PLAN:  # somebody may have switched it meanwhile
            self.run.permission_mode = facts.mode_of(self.run)
        return self.run.permission_mode == Mode.PLAN and not self.run.plan_approved

    def _still_allowed(self, tool: Tool) -> None:
        if tool.name in facts.denied_to(self.run):
            raise NotRun(CallState.DENIED, f"{tool.title} is denied for this teammate now.")
        if not facts.is_enabled(self.run.performer):
            raise NotRun(CallState.FAILED, f"Not run: {self.run.performer.name} has been disabled.")
        if not facts.asker_is_active(self.run):
            raise NotRun(CallState.FAILED, "Not run: the account that asked for it has been disabled.")


def tools_of(run: Run, definition: dict[str, Any]) -> dict[str, str]:
    """The run's tools and what is set for each: the teammate's, or its built-in ones and those that the run names."""
    own = {row["name"]: row["permission"] for row in definition["tools"]}
    if definition.get("mode") == Team.Way.TASKS:
        own.setdefault(TODO_LIST, "")  # its leader works a list off
    if run.tools is None:
        return own
    return {name: own.get(name, "") for name in [*(set(own) & BUILT_IN), *run.tools]}
