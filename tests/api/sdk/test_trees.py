"""Runs of a team and of a workflow, with the SDK: seen, followed, decided and stopped like any other.

They are started at the other door, by the same account: the SDK has no call that names a team.
"""

import json
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from tests.api.sdk.conftest import SdkError
from tests.eventually import eventually
from tests.fake_script import Script
from tests.trees import delegate, told

SOON = {"interval": 0.02}
ROSTER = """
[[teammates]]
id = "ann"
name = "Ann"
model = "ann"
tools = ["announce"]

[[teams]]
id = "crew"
name = "Crew"
model = "leader"
members = ["ann"]

[[workflows]]
id = "flow"
name = "Flow"
steps = [{ name = "Tell", team = "crew" }, { name = "Again", teammate = "ann", confirm = true }]
"""


@pytest.fixture(scope="module")
def roster(server, tmp_path_factory):
    path = tmp_path_factory.mktemp("roster") / "roster.toml"
    path.write_text(ROSTER)
    server.manage("roster", "load", str(path))


@pytest.fixture
def begin(roster, server, keys, sdk, model):
    """A run of the team or the workflow, by the number that the SDK knows it by."""
    model.reply = told(
        ("leader", [delegate(("ann", "tell them")), Script().say("All told.")] * 2),
        ("ann", [announced(), Script().say("They know.")]),
    )

    def begin(path):
        body = urlencode({"message": f"Begin {path}", "background": "true"}).encode()
        request = Request(f"{server.url}/{path}/runs", body, {"Authorization": f"Bearer {keys[0]}"})
        with urlopen(request) as response:
            assert json.load(response)["status"] == "PENDING"
        return sdk.runs.list().data[0].id

    return begin


def announced():
    return Script().call("announce", {"channel": "#all", "text": "hello"})


def pending(sdk, run):
    """What waits, once something does."""
    assert eventually(lambda: sdk.runs.get(run).status == "awaiting_approval")
    return [request for request in sdk.runs.permissions(run) if request.status == "pending"]


def test_a_team_run_waits_for_its_member_and_goes_on_when_that_is_allowed(sdk, begin, model):
    run = begin("teams/crew")
    [asked] = pending(sdk, run)
    assert (asked.tool_name, asked.tool_input.text) == ("announce", "hello")
    assert run in [one.id for one in sdk.runs.list(status="awaiting_approval").data]
    assert sdk.runs.approve(run, request_id=asked.request_id).status == "allowed"
    done = sdk.runs.poll(run, **SOON)
    assert (done.status, done.output) == ("completed", "All told.")
    assert [request.status for request in sdk.runs.permissions(run)] == ["allowed"]
    assert [one.id for one in sdk.runs.list(all=True).data].count(run) == 1  # its member is no run of the list


def test_a_workflow_run_has_the_gates_of_its_steps_and_of_those_below(sdk, begin, model):
    run = begin("workflows/flow")
    [member] = pending(sdk, run)
    sdk.runs.approve(run, request_id=member.request_id)
    [step] = pending(sdk, run)
    assert step.request_id != member.request_id
    sdk.runs.approve(run, request_id=step.request_id)
    assert sdk.runs.poll(run, **SOON).output == "They know."


def test_a_denial_reaches_the_member_and_a_contradiction_is_refused(sdk, begin, model):
    run = begin("teams/crew")
    [asked] = pending(sdk, run)
    sdk.runs.approve(run, request_id=asked.request_id, decision="deny")
    assert sdk.runs.poll(run, **SOON).status == "completed"
    with pytest.raises(SdkError) as refused:
        sdk.runs.approve(run, request_id=asked.request_id)
    assert (refused.value.status, "decided already" in refused.value.message) == (404, True)


def test_a_team_run_is_stopped_with_all_below_it(sdk, begin, model):
    run = begin("teams/crew")
    assert pending(sdk, run)
    assert sdk.runs.cancel(run).status == "cancelled"
    assert [request.status for request in sdk.runs.permissions(run)] == ["cancelled"]
