"""Another mode for a run that goes on (contract 1.8): what waits because of the mode no longer waits in autonomous."""

import pytest

from runs.states import RunStatus
from tests.api.door import problem_of
from tests.machine import kinds, no_news, results, together


def mode(api, run, word):
    return api.patch(f"/runs/{run.pk}/permission-mode", {"permission_mode": word})


def test_to_autonomous_allows_what_waits_and_lets_the_run_go_on(two, api, carry, posted):
    run, _ = two
    response = mode(api, run, "autonomous")
    assert (response.status_code, response.json()) == (200, {"permission_mode": "autonomous"})
    assert [gate["status"] for gate in api.gates(run)] == ["allowed", "allowed"]
    assert api.get(f"/runs/{run.pk}").json()["permission_mode"] == "autonomous"
    assert carry(run).status == RunStatus.COMPLETED
    assert posted == ["one", "two"]
    assert kinds(run).count("run.resumed") == 1


def test_to_autonomous_leaves_open_what_has_fields_for_a_person(
    own_tool, fake, posted, teammate_with, start, carry, api, allow
):
    @own_tool(effect="effect", user_input=["seat"])
    def book(city: str, seat: str) -> str:
        """Book."""
        return f"{seat} in {city}"

    fake.calls(("post", {"text": "hello"}), ("book", {"city": "Oslo"}))
    run = carry(start(teammate_with("post", "book", mode="approval")))
    assert mode(api, run, "autonomous").status_code == 200
    assert [gate["status"] for gate in api.gates(run)] == ["allowed", "pending"]
    allow(run.approvals.last(), arguments={"city": "Oslo", "seat": "3a"})
    assert carry(run).status == RunStatus.COMPLETED
    assert results(run) == [("succeeded", "Posted hello"), ("succeeded", "3a in Oslo")]


def test_to_a_stricter_mode_the_next_call_asks(fake, posted, teammate_with, api, carry):
    run = api.run(teammate_with("post"), human_in_the_loop=True)
    assert mode(api, run, "approval").status_code == 200
    fake.call("post", {"text": "hello"})
    assert carry(run).status == RunStatus.PAUSED


@pytest.mark.parametrize("word", ["yolo", "", None, 1])
def test_an_unknown_mode_is_refused(asked, api, word):
    with no_news(asked):
        assert problem_of(mode(api, asked, word)) == (422, "invalid")


@pytest.mark.parametrize("word", ["approval", "plan"])
def test_a_run_without_people_takes_no_mode_that_asks(api, word):
    run = api.run()
    with no_news(run):
        assert problem_of(mode(api, run, word)) == (422, "needs_people")


def test_a_run_that_is_over_takes_no_mode(asked, api):
    api.post(f"/runs/{asked.pk}/cancel")
    with no_news(asked):
        assert problem_of(mode(api, asked, "autonomous")) == (409, "run_not_active")


def test_a_switch_and_a_denial_at_once_have_one_outcome(asked, api, carry, posted):
    name = api.gates(asked)[0]["request_id"]
    tries = [
        lambda: mode(api, asked, "autonomous"),
        lambda: api.post(f"/runs/{asked.pk}/approve", {"request_id": name, "decision": "deny"}),
    ]
    switched, denied = together(2, lambda place: tries[place]())
    assert switched.status_code == 200
    assert denied.status_code == 200 or problem_of(denied) == (404, "gate_resolved_otherwise")
    carry(asked)
    assert posted == ([] if denied.status_code == 200 else ["hello"])
    assert results(asked)[0][0] == ("denied" if denied.status_code == 200 else "succeeded")
