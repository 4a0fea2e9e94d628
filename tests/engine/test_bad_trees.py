"""What may be wrong with a team or a workflow, or go wrong with it meanwhile, is said and does no harm."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from approvals.models import ToolApproval
from approvals.services import decide
from runs.engine.flow import NOTHING
from runs.models import Run
from runs.services import Refused, start
from teammates.models import Team, Workflow
from teammates.performers import save_team, save_workflow
from tests.fake_script import Script
from tests.trees import carry_tree, delegate, told


@pytest.fixture
def shout(own_tool):
    @own_tool(effect="pure", title="Shout")
    def shout(input: str) -> str:
        """Say it louder."""
        return input.upper()


@pytest.fixture
def says(own_tool):
    """A tool that decides the way, and what it says."""

    def make(answer):
        @own_tool(effect="pure", title="Decide")
        def decide_way(input: str) -> str:
            """Decide."""
            if isinstance(answer, Exception):
                raise answer
            return answer

    return make


LOUD = {"name": "loud", "tool": "shout"}


def ended(owner, workflow, message="hello"):
    return carry_tree(start(owner=owner, teammate=workflow, message=message))


def gone(performer, how):
    """Disabled, or deleted (which archives it, because runs keep naming it)."""
    changes = {"enabled": False} if how == "disabled" else {"archived_at": timezone.now()}
    type(performer)._default_manager.filter(pk=performer.pk).update(**changes)


@pytest.mark.parametrize("depth", [0, 1])
def test_a_team_that_contains_itself_is_refused(member, team_of, depth):
    team = team_of(member("ann"))
    within = team
    for level in range(depth):
        within = team_of(within, slug=f"around-{level}")
    with pytest.raises(ValidationError, match="cannot be a member of itself"):
        save_team(Team.objects.get(slug="crew"), [within])
    assert [one.teammate.slug for one in team.members.all()] == ["ann"]


@pytest.mark.parametrize("how", ["disabled", "deleted"])
def test_a_member_that_is_gone_meanwhile_is_told_to_the_leader(fake, member, team_of, owner, how):
    ann = member("ann")
    fake.reply = told(("leader", [delegate(("ann", "count")), Script().say("Without her, then.")]))
    run = start(owner=owner, teammate=team_of(ann), message="Do it")
    gone(ann, how)
    assert (carry_tree(run).status, run.output) == ("completed", "Without her, then.")
    [call] = run.calls.all()
    assert call.state == "failed" and "ann" in call.result.casefold()


@pytest.mark.parametrize("how", ["disabled", "deleted"])
def test_a_step_whose_teammate_is_gone_meanwhile_fails_by_its_name(fake, member, workflow_of, owner, how):
    ann = member("ann")
    run = start(owner=owner, teammate=workflow_of({"name": "facts", "teammate": "ann"}), message="Do it")
    gone(ann, how)
    assert carry_tree(run).status == "failed"
    assert "“facts”" in run.error and "ann" in run.error.casefold()
    assert fake.requests == []


def test_a_router_that_names_nobody_fails_by_its_name(says, shout, workflow_of, owner, fake):
    says("elsewhere")
    run = ended(owner, workflow_of({"name": "way", "router": "decide_way", "choices": [LOUD]}))
    assert (run.status, run.error) == ("failed", "Step “way”: there is no choice 'elsewhere'.")


def test_a_condition_that_raises_fails_by_its_name(says, shout, workflow_of, owner, fake):
    says(ValueError("no scale"))
    run = ended(owner, workflow_of({"name": "heavy", "condition": "decide_way", "then": [LOUD]}))
    assert run.status == "failed" and "“heavy” could not be decided" in run.error and "no scale" in run.error
    assert not run.calls.filter(tool="shout").exists()


def test_a_loop_without_an_end_is_bounded(says, shout, workflow_of, owner, fake):
    says("no")
    again = {"name": "again", "loop": [LOUD], "until": "decide_way", "max": 4}
    run = ended(owner, workflow_of(again))
    assert (run.status, run.calls.filter(tool="shout").count()) == ("completed", 4)
    assert run.output == "HELLO\n\n(“again” found no end and was cut after 4 rounds.)"
    run = ended(owner, workflow_of(again, {"name": "last", "tool": "shout"}, slug="longer"))
    assert run.calls.get(step="1@0").arguments == {"input": "HELLO"}
    assert run.output.endswith("was cut after 4 rounds.)")
    says("yes")
    assert ended(owner, workflow_of(again, slug="other")).output == "HELLO"


def test_a_loop_may_not_be_written_without_a_bound(db, shout):
    loop = {"name": "again", "loop": [LOUD], "max": 51}
    with pytest.raises(ValidationError, match="less than or equal to 50"):
        save_workflow(Workflow(slug="flow", name="Flow", definition=[loop]))


def test_an_input_that_breaks_the_schema_names_the_field(shout, workflow_of, owner):
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    with pytest.raises(Refused, match="n: 'x' is not of type 'integer'") as refused:
        start(owner=owner, teammate=workflow_of(LOUD, input_schema=schema), message='{"n": "x"}')
    assert refused.value.field == "n" and not Run.objects.exists()


def test_a_failing_step_in_a_branch_fails_the_run_by_its_name(own_tool, shout, workflow_of, owner, fake):
    @own_tool(effect="pure", title="Break")
    def broken(input: str) -> str:
        """Always fails."""
        raise ValueError("no luck")

    block = {"name": "both", "parallel": [LOUD, {"name": "risky", "tool": "broken"}]}
    run = ended(owner, workflow_of(block))
    assert run.status == "failed" and "“risky” failed" in run.error and "no luck" in run.error
    block["parallel"][1]["on_error"] = "skip"
    assert ended(owner, workflow_of(block, slug="other")).output == f"## loud\nHELLO\n\n## risky\n{NOTHING}"


def test_a_workflow_that_is_edited_while_its_run_is_paused_goes_on_as_it_was(shout, workflow_of, owner, fake):
    workflow = workflow_of({**LOUD, "confirm": True}, {"name": "end", "tool": "shout"})
    run = ended(owner, workflow)
    assert run.status == "paused"
    workflow.definition = [{"name": "other", "teammate": "nobody"}]
    with pytest.raises(ValidationError):
        save_workflow(workflow)
    workflow.definition = [{**LOUD, "name": "other"}]
    save_workflow(workflow)
    approval = ToolApproval.objects.get()
    decide(approval, "allow", by=owner, digest=approval.digest)
    assert carry_tree(run).output == "HELLO"
    assert [call.step for call in run.calls.all()] == ["0@0", "1@0"]
    assert ended(owner, workflow).calls.get().step == "0@0"


def test_a_team_that_nests_without_an_end_is_refused(member, team_of):
    team = team_of(member("ann"), slug="team-0")
    with pytest.raises(ValidationError, match="nested 5 deep"):
        for level in range(1, 8):
            team = team_of(team, slug=f"team-{level}")
