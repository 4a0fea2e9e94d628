"""A workflow performs as a teammate does: its definition says what is called next, rows say what is done."""

import json

import pytest
from django.core.exceptions import ValidationError

from approvals.models import Question, ToolApproval
from approvals.services import answer, decide
from runs.models import Run
from runs.services import Refused, start
from runs.trees import usage_of
from teammates.models import Workflow
from teammates.performers import save_workflow
from teammates.tools.registry import registry
from tests.fake_script import Script
from tests.trees import carry_tree, told


@pytest.fixture
def shout(own_tool):
    @own_tool(effect="pure", title="Shout")
    def shout(input: str) -> str:
        """Say it louder."""
        return input.upper()


@pytest.fixture
def is_short(own_tool):
    @own_tool(effect="pure", title="Is it short?")
    def is_short(input: str) -> bool:
        """Is it?"""
        return len(input) < 10


def begun(owner, workflow, message="hello"):
    return carry_tree(start(owner=owner, teammate=workflow, message=message))


def test_each_step_gets_what_the_one_before_it_gave(fake, member, shout, workflow_of, owner):
    member("ann")
    fake.reply = told(("ann", [Script().say("from ann")]))
    run = begun(owner, workflow_of({"name": "loud", "tool": "shout"}, {"name": "ann", "teammate": "ann"}))
    assert (run.status, run.output) == ("completed", "from ann")
    assert run.children.get().message == "HELLO"


def test_branches_run_side_by_side_and_their_outputs_are_joined(fake, member, workflow_of, owner):
    member("ann"), member("bob")
    fake.reply = told(("ann", [Script().say("A")]), ("bob", [Script().say("B")]))
    both = [{"name": "left", "teammate": "ann"}, {"name": "right", "teammate": "bob"}]
    run = begun(owner, workflow_of({"name": "both", "parallel": both}))
    assert run.output == "## left\nA\n\n## right\nB"
    assert Run.objects.tree_of(run).count() == 5


def test_a_gate_in_a_branch_holds_up_no_other_branch(fake, posted, member, shout, workflow_of, owner):
    member("ann", "post", mode="approval")
    fake.reply = told(("ann", [Script().call("post", {"text": "hi"}), Script().say("posted")]))
    branches = [{"name": "gated", "teammate": "ann"}, {"name": "free", "tool": "shout"}]
    run = begun(owner, workflow_of({"name": "both", "parallel": branches}, {"name": "end", "tool": "shout"}))
    assert (run.status, run.open_children) == ("paused", 1)
    assert run.children.filter(status="completed").get().output == "HELLO"
    approval = ToolApproval.objects.get()
    decide(approval, "allow", by=owner, digest=approval.digest)
    assert carry_tree(run).output == "## GATED\nPOSTED\n\n## FREE\nHELLO" and posted == ["hi"]


def test_a_condition_a_loop_and_a_router_choose_the_way(own_tool, shout, is_short, workflow_of, owner, fake):
    @own_tool(effect="pure", title="Longer")
    def longer(input: str) -> str:
        """Make it longer."""
        return input + "!"

    @own_tool(effect="pure", title="Which?")
    def which(input: str) -> str:
        """Choose."""
        return "second"

    @own_tool(effect="pure", title="Long enough?")
    def enough(input: str) -> bool:
        """Is it?"""
        return input.endswith("!!")

    run = begun(
        owner,
        workflow_of(
            {"name": "if", "condition": "is_short", "then": [{"name": "loud", "tool": "shout"}]},
            {"name": "again", "loop": [{"name": "more", "tool": "longer"}], "until": "enough", "max": 5},
            {
                "name": "way",
                "router": "which",
                "choices": [{"name": "first", "tool": "shout"}, {"name": "second", "tool": "longer"}],
            },
        ),
    )
    assert run.output == "HELLO!!!"


def test_a_step_may_wait_for_a_person_to_start(shout, workflow_of, owner, fake):
    run = begun(owner, workflow_of({"name": "loud", "tool": "shout", "confirm": True}))
    approval = ToolApproval.objects.get()
    assert run.status == "paused" and "loud" in approval.why
    decide(approval, "allow", by=owner, digest=approval.digest)
    assert carry_tree(run).output == "HELLO"


def test_a_step_may_wait_for_its_input(shout, workflow_of, owner, fake):
    run = begun(owner, workflow_of({"name": "loud", "tool": "shout", "input": ["tone"]}))
    question = Question.objects.get()
    assert question.questions[0]["question"] == "tone"
    answer(question, by=owner, digest=question.digest, answers={"tone": "kind"})
    assert carry_tree(run).output == "HELLO\nTONE: KIND"


@pytest.mark.parametrize(
    ("said", "output"),
    [
        ({"answers": {"Is this good?": "Accept"}}, "HELLO"),
        ({"answers": {"Is this good?": "Skip"}}, ""),
        ({"response": "My own words"}, "My own words"),
    ],
)
def test_a_step_may_be_reviewed(shout, workflow_of, owner, fake, said, output):
    run = begun(owner, workflow_of({"name": "loud", "tool": "shout", "review": True}))
    question = Question.objects.get()
    answer(question, by=owner, digest=question.digest, **said)
    assert carry_tree(run).output == output


def test_a_step_that_nobody_may_review_fails_by_its_name(shout, workflow_of, owner, fake):
    workflow = workflow_of({"name": "loud", "tool": "shout", "review": True})
    run = carry_tree(start(owner=owner, teammate=workflow, message="hello", human_in_the_loop=False))
    assert run.status == "failed" and "loud" in run.error


def test_a_long_output_is_handed_to_the_next_step_whole(fake, own_tool, member, workflow_of, owner):
    @own_tool(effect="pure")
    def long(input: str) -> str:
        """Long."""
        return "x" * 60_000

    member("ann")
    fake.reply = told(("ann", [Script().say("That was long.")]))
    run = begun(owner, workflow_of({"name": "long", "tool": "long"}, {"name": "ann", "teammate": "ann"}))
    assert (run.output, len(run.children.get().message)) == ("That was long.", 60_000)


def test_a_review_may_send_the_step_back(fake, member, workflow_of, owner):
    member("ann")
    fake.reply = told(("ann", [Script().say("first"), Script().say("second")]))
    run = begun(owner, workflow_of({"name": "draft", "teammate": "ann", "review": True}))
    question = Question.objects.get()
    notes = {"Is this good?": "Louder please"}
    answer(question, by=owner, digest=question.digest, answers={"Is this good?": "Try again"}, notes=notes)
    carry_tree(run)
    again = Question.objects.pending().get()
    answer(again, by=owner, digest=again.digest, answers={"Is this good?": "Accept"})
    assert carry_tree(run).output == "second"
    assert "What you gave: first\n\nA person says: Louder please" in Run.objects.filter(parent=run).last().message


def test_a_failing_step_fails_the_run_by_its_name_or_is_skipped(own_tool, workflow_of, owner, fake):
    tries = []

    @own_tool(effect="pure", title="Break")
    def broken(input: str) -> str:
        """Always fails."""
        tries.append(input)
        raise ValueError("no luck")

    run = begun(owner, workflow_of({"name": "risky", "tool": "broken", "retries": 2}))
    assert run.status == "failed" and "risky" in run.error and "no luck" in run.error and len(tries) == 3
    skipped = workflow_of({"name": "risky", "tool": "broken", "on_error": "skip"}, slug="other")
    assert begun(owner, skipped).status == "completed"


def test_input_that_breaks_the_schema_is_refused_before_anything_runs(shout, workflow_of, owner, fake):
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    workflow = workflow_of({"name": "loud", "tool": "shout"}, input_schema=schema)
    with pytest.raises(Refused) as refused:
        start(owner=owner, teammate=workflow, message=json.dumps({"n": "x"}))
    assert refused.value.field == "n" and Run.objects.count() == 0
    assert begun(owner, workflow, json.dumps({"n": 1})).status == "completed"


@pytest.mark.parametrize(
    ("steps", "named"),
    [
        ([], "at least one step"),
        ([{"name": "x"}], "exactly one"),
        ([{"name": "x", "tool": "no_such"}], "no_such"),
        ([{"name": "x", "teammate": "nobody"}], "nobody"),
        ([{"name": "x", "condition": "write_file"}], "only read"),
        (
            [{"name": "x", "on_error": "skip", "loop": [{"name": "y", "tool": "current_time"}]}],
            "Give it to the steps inside.",
        ),
        ([{"name": "x", "parallel": []}], "no steps in it"),
        ([{"name": "x\u202e", "condition": "enough"}], "U+202E"),
        ([{"name": "x", "tool": "current_time", "input": ["to\u202e"]}], "U+202E"),
    ],
)
def test_a_definition_that_cannot_run_is_refused(db, steps, named):
    with pytest.raises(ValidationError) as refused:
        save_workflow(Workflow(slug="flow", name="Flow", definition=steps))
    assert named in str(refused.value) and not Workflow.objects.exists()


def test_a_step_is_no_call_of_a_model(fake, shout, workflow_of, owner, member):
    member("ann")
    run = begun(owner, workflow_of({"name": "Ann", "teammate": "ann"}, {"name": "Loud", "tool": "shout"}))
    assert (run.status, usage_of(run)["model_calls"]) == ("completed", len(fake.requests))


def test_a_step_of_unknown_outcome_that_is_tried_again_is_done_once_more(
    own_tool, workflow_of, owner, fake, kill, lapse
):
    """What is tried again is the step itself: its gate, one more effect, and its output goes on."""
    sent = []

    @own_tool(effect="effect", title="Send")
    def send(input: str) -> str:
        """Send it."""
        sent.append(input)
        return f"sent {len(sent)}"

    run = start(owner=owner, teammate=workflow_of({"name": "send", "tool": "send"}), message="hello")
    lapse(kill(run, "runs.engine.toolbox.execute", after=True))
    carry_tree(run)
    question = Question.objects.get()
    answer(question, by=owner, digest=question.digest, answers={"outcome": "Try again"})
    carry_tree(run)
    approval = ToolApproval.objects.get()
    decide(approval, "allow", by=owner, digest=approval.digest)
    assert (carry_tree(run).output, sent) == ("sent 2", ["hello", "hello"])
    assert not ToolApproval.objects.pending().exists()


def test_a_tool_that_is_gone_fails_its_step_by_name(own_tool, shout, workflow_of, owner, fake):
    run = start(owner=owner, teammate=workflow_of({"name": "loud", "tool": "shout"}), message="hello")
    registry.remove("shout")
    assert carry_tree(run).status == "failed"
    assert "“loud”" in run.error and "shout" in run.error
