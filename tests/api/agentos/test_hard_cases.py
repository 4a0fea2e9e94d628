"""The hard cases at the end of the contract, by the names that they have there."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from api.agentos.tools import tool_shape
from approvals.models import Decision, ToolApproval
from runs.engine import driver
from runs.models import Run, ToolCall
from tests.api.agentos.door import (
    Door,
    confirmed,
    names,
    problem_of,
    rejected,
    row,
    waiting,
    work,
)
from tests.machine import eventually, no_news, together

RACES = 200


@pytest.fixture
def waiting_runs(fake, posted, teammate_with, start, carry):
    """So many runs that wait for the same kind of call, each with a text of its own; as their client knows them."""

    def make(count):
        teammate = teammate_with("post", mode="approval")
        for place in range(count):
            fake.call("post", {"text": str(place)})
        runs = [carry(start(teammate)) for _ in range(count)]
        gates = {gate.run_id: gate for gate in ToolApproval.objects.select_related("call")}
        return [
            ({"run_id": str(run.uuid), "session_id": run.session.key}, tool_shape(gates[run.pk].call, gates[run.pk]))
            for run in runs
        ]

    return make


class Racers:
    """Two clients with a thread each, which begin at the same instant."""

    def __init__(self, user):
        self.doors = [Door(user).leave(), Door(user).leave()]
        self.pool, self.line = ThreadPoolExecutor(2), Barrier(2)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for done in [self.pool.submit(self.leave) for _ in self.doors]:
            done.result(10)
        self.pool.shutdown()

    def leave(self):
        self.line.wait(10)  # both threads are here
        connection.close()

    def race(self, told, *tools):
        """The statuses of the continues of one run, with these tools each."""

        def go(door, item):
            self.line.wait(10)
            return door.go_on(told, [item], stream=True).status_code

        running = [self.pool.submit(go, door, item) for door, item in zip(self.doors, tools, strict=True)]
        return [done.result(20) for done in running]


def test_double_continue_runs_the_tool_once(posted, owner, waiting_runs):
    """Each of 200 paused runs is continued twice at the same instant: one is told the run, the other 409."""
    with Racers(owner) as racers:
        statuses = [sorted(racers.race(told, *[confirmed(tool)] * 2)) for told, tool in waiting_runs(RACES)]
    work()
    assert [status for status in statuses if status != [200, 409]] == []
    assert len(posted) == len(set(posted)) == RACES
    assert Decision.objects.count() == RACES
    assert not Run.objects.exclude(status="completed").exists()


def test_opposite_continues_at_once_leave_one_decision(posted, owner, waiting_runs):
    with Racers(owner) as racers:
        for told, tool in waiting_runs(20):
            assert sorted(racers.race(told, confirmed(tool), rejected(tool))) == [200, 409]
    work()
    assert Decision.objects.count() == 20
    assert len(posted) == Decision.objects.filter(verdict="allow").count()


def test_two_parts_of_one_pause_at_once_wake_the_run_once(fake, posted, teammate_with, door):
    teammate_with("post", mode="approval")
    with Racers(door.user) as racers:
        for _ in range(10):
            posted.clear()
            fake.calls(("post", {"text": "a"}), ("post", {"text": "b"}))
            paused = door.run()
            assert racers.race(paused, *[confirmed(tool) for tool in waiting(paused)]) == [200, 200]
            work()
            assert sorted(posted) == ["a", "b"]
            assert row(paused).events.filter(kind="run.resumed").count() == 1


def test_concurrent_runs_in_one_session_all_kept(fake, teammate_with, door):
    teammate_with()
    doors = [Door(door.user).leave() for _ in range(3)]
    made = together(
        3, lambda place: doors[place].create(session_id="s-1", message=str(place), background="true").json()
    )
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(driver.carry_forward, Run.objects.values_list("pk", flat=True)))
        list(pool.map(lambda _: connection.close(), range(3)))
    looked = [door.look(told).json() for told in made]
    assert [(run["status"], run["session_id"]) for run in looked] == [("COMPLETED", "s-1")] * 3
    assert sorted(run["input"]["input_content"] for run in looked) == ["0", "1", "2"]


def test_run_is_visible_while_streaming(fake, teammate_with, door, aside):
    teammate_with()
    gate = fake.say("one two three").gate(after=2)
    told = door.leave().create(background="true").json()
    working = aside(driver.carry_forward, row(told).pk)
    gate.wait()
    assert eventually(lambda: door.look(told).json().get("content", "").startswith("one two"))
    seen = door.look(told).json()
    assert (seen["status"], names(seen["events"])) == ("RUNNING", ["RunStarted", "ModelRequestStarted"])
    gate.release()
    working.result(10)
    assert door.look(told).json()["content"] == "one two three"


def test_client_disconnect_does_not_lose_the_run(fake, teammate_with, door):
    """The bytes of the stream are never read; with a real client that hangs up: `test_clients`."""
    teammate_with()
    response = door.create(stream=True)
    [run] = Run.objects.all()
    assert run.status == "completed"
    assert response.status_code == 200
    assert door.look({"run_id": str(run.uuid), "session_id": run.session.key}).json()["content"] == "Here you are."


def test_empty_tools_do_not_decide(posted, door, gated):
    for tools in ("", "[]"):
        with no_news(row(gated)):
            assert problem_of(door.go_on(gated, tools)) == (400, "BAD_REQUEST")
    assert door.look(gated).json()["status"] == "PAUSED"


def test_partial_decision_keeps_the_rest_open(fake, posted, teammate_with, door):
    teammate_with("post", mode="approval")
    fake.calls(("post", {"text": "a"}), ("post", {"text": "b"}))
    paused = door.run()
    first, second = waiting(paused)
    partly = door.go_on(paused, [confirmed(first)]).json()
    assert (partly["status"], posted) == ("PAUSED", [])
    assert [tool["tool_call_id"] for tool in waiting(partly)] == [second["tool_call_id"]]
    assert door.go_on(paused, [confirmed(second)]).json()["status"] == "COMPLETED"
    assert sorted(posted) == ["a", "b"]


def test_foreign_tool_call_is_refused(posted, door, gated):
    [tool] = waiting(gated)
    for foreign in (
        {**tool, "tool_call_id": "call_31_0"},
        {**tool, "tool_name": "add", "tool_args": {"a": 40, "b": 2}},
    ):
        with no_news(row(gated)):
            assert problem_of(door.go_on(gated, [confirmed(foreign)])) == (400, "BAD_REQUEST")
    assert ToolCall.objects.get().state == "waiting"


def test_cancel_paused_run_ends_it(posted, door, gated):
    assert door.cancel(gated).json() == {}
    seen = door.look(gated).json()
    assert (seen["status"], names(seen["events"])[-1]) == ("CANCELLED", "RunCancelled")
    assert problem_of(door.go_on(gated, [confirmed(*waiting(gated))])) == (409, "CONFLICT")
    assert posted == []


def test_continue_without_session_id(posted, door, gated):
    assert door.go_on(gated, [confirmed(*waiting(gated))], session_id=None).json()["status"] == "COMPLETED"
    assert posted == ["hello"]


def test_run_of_one_agent_is_not_readable_through_another(posted, teammate_with, door, gated):
    teammate_with("post", slug="other")
    assert problem_of(door.look(gated, agent="other")) == (404, "NOT_FOUND")


def test_errors_carry_error_code(teammate_with, door):
    teammate_with()
    tried = [door.get("/agents/nobody"), door.post("/agents/helper/runs"), door.client.put("/agents")]
    assert [problem_of(response)[1] for response in tried] == ["NOT_FOUND", "VALIDATION_ERROR", "METHOD_NOT_ALLOWED"]
