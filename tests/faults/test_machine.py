"""Whatever people, workers, crashes and releases do, in whatever order: what must hold of the rows holds."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from approvals.doctor import examine
from approvals.models import Question, ToolApproval
from approvals.services import answer, decide
from runs import faults, recovery, services
from runs.engine import driver
from runs.models import Run, ToolCall, WrongStatus
from runs.states import CallState
from runs.tasks import advance_run
from teammates.tools import ToolContext
from teammates.tools.registry import registry
from tests.fake_script import Script

# Where the thread that carries a run may die; what happens in other threads is killed with their process elsewhere.
ELSEWHERE = ("tool.before_send", "tool.after_send", "event.append", "webhook.", "child.", "requeue.", "gate.decide")
DEADLY = [point for point in faults.POINTS if not point.startswith(ELSEWHERE)]
MOST = 3  # runs of one example


class Killed(BaseException):
    """kill -9, as far as a thread can be killed."""


def die():
    faults.disarm()
    raise Killed


class Machine(RuleBasedStateMachine):
    """`world` has the account, the teammate and what the tool did, by its key."""

    world: dict

    @rule()
    @precondition(lambda self: Run.objects.count() < MOST)
    def start(self):
        services.start(owner=self.world["owner"], teammate=self.world["teammate"], message="Act")

    @rule(point=st.sampled_from(["", *DEADLY]))
    @precondition(lambda self: Run.objects.filter(status="queued").exists())
    def work(self, point):
        if point:
            faults.arm(point, die)
        try:
            driver.carry_forward(Run.objects.filter(status="queued").earliest("pk").pk)
        except Killed:
            pass
        finally:
            faults.disarm()

    @rule(verdict=st.sampled_from(["allow", "deny", "edit"]), dies=st.booleans(), last=st.booleans())
    @precondition(lambda self: ToolApproval.objects.pending().exists())
    def decide(self, verdict, dies, last):
        gate = ToolApproval.objects.pending().order_by("-pk" if last else "pk").first()
        edited = {"text": "edited"} if verdict == "edit" else None
        if dies:
            faults.arm("gate.decide.before_commit", die)
        try:
            word = "deny" if verdict == "deny" else "allow"
            decide(gate, word, by=self.world["owner"], digest=gate.digest, arguments=edited)
        except Killed:
            assert ToolApproval.objects.get(pk=gate.pk).is_pending
        finally:
            faults.disarm()

    @rule(outcome=st.sampled_from(["It happened", "It did not happen", "Try again"]))
    @precondition(lambda self: Question.objects.pending().exists())
    def answer(self, outcome):
        question = Question.objects.pending().first()
        given = {"outcome": outcome} if question.kind == "unknown" else {"attention": "Go on"}
        answer(question, by=self.world["owner"], digest=question.digest, answers=given)

    @rule(last=st.booleans())
    @precondition(lambda self: Run.objects.exists())
    def cancel(self, last):
        run = Run.objects.order_by("-pk" if last else "pk").first()
        try:
            services.cancel(run, by=self.world["owner"])
        except WrongStatus:
            assert not run.is_live

    @rule()
    def time_passes(self):
        Run.objects.filter(status="running").update(lease_until=timezone.now() - timedelta(seconds=1))
        recovery.sweep()

    @rule()
    @precondition(lambda self: Run.objects.exists())
    def redeliver(self):
        for _ in range(2):
            advance_run(Run.objects.latest("pk").pk)

    @rule(words=st.sampled_from(["Act.", "Act anew."]))
    def deploy(self, words):
        self.world["deploy"](words)

    @rule(after=st.integers(0, 12))
    @precondition(lambda self: Run.objects.exists())
    def reconnect(self, after):
        run = Run.objects.latest("pk")
        seen = list(run.events.filter(seq__gt=after).values_list("seq", flat=True))
        assert seen == list(range(after + 1, run.last_seq + 1))

    @invariant()
    def what_must_hold_holds(self):
        assert [str(finding) for finding in examine()] == []
        keys = self.world["keys"]
        assert len(keys) == len(set(keys))
        assert set(keys) <= {str(key) for key in allowed().values_list("idempotency_key", flat=True)}

    def teardown(self):
        """However it went, patience and a person bring every run to its end."""
        for _ in range(30):
            self.time_passes()
            while Run.objects.filter(status="queued").exists():
                self.work("")
            if not Run.objects.live().exists():
                break
            if ToolApproval.objects.pending().exists():
                self.decide("allow", dies=False, last=False)
            elif Question.objects.pending().exists():
                self.answer("It happened")
        self.what_must_hold_holds()
        assert not Run.objects.live().exists()
        Run.objects.all().delete()
        self.world["keys"].clear()


def allowed():
    """Calls that a person let run."""
    return ToolCall.objects.filter(approvals__verdict="allow").exclude(state=CallState.WAITING)


@pytest.fixture
def world(fake, teammate_with, owner, own_tool):
    keys = []

    def deploy(words):
        def act(context: ToolContext, text: str) -> str:
            keys.append(context.key)
            return "Done"

        act.__doc__ = words
        registry.remove("act")
        own_tool(effect="effect", name="act")(act)

    def says(body):
        done = any(message["role"] == "tool" for message in body["messages"])
        return None if done else Script().calls(("act", {"text": "one"}), ("act", {"text": "two"}))

    deploy("Act.")
    fake.reply = says
    return {"owner": owner, "teammate": teammate_with("act", mode="approval"), "keys": keys, "deploy": deploy}


@pytest.mark.timeout(400)
def test_no_order_of_events_breaks_a_promise(world):
    machine = type("Machine", (Machine,), {"world": world})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=200,
            stateful_step_count=8,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
