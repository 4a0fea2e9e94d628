"""Whatever clients do to a run that waits, in whatever order and at once: one outcome, and the codes of contract 1.8.

What came of the requests must be what comes of the same ones one after the other, in some order; `Story` tells what.
"""

from contextlib import aclosing
from copy import deepcopy
from itertools import permutations

import pytest
from asgiref.sync import async_to_sync
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approvals.models import Decision
from runs.models import Run
from tests.api.door import framed, problem_of
from tests.machine import gap_free, kinds, together

CALLS = ["one", "two"]
QUESTION = {"question": "Which?", "header": "Which", "options": [{"label": "A"}, {"label": "B"}], "multiSelect": False}
ACTS = st.one_of(
    st.tuples(st.just("approve"), st.sampled_from(CALLS), st.sampled_from(["allow", "deny"])),
    st.tuples(st.just("answer"), st.sampled_from(["A", "B"])),
    st.just(("cancel",)),
    # Not plan: with it the run would ask for a plan before it ends, which is another story.
    st.tuples(st.just("mode"), st.sampled_from(["autonomous", "approval"])),
)
# Not the same act twice at once: of equal answers each may be told that it is the one that holds.
TOGETHER = st.lists(ACTS, min_size=2, max_size=3, unique=True).map(tuple)
STEPS = st.one_of(ACTS, st.just(("look",)), st.just(("carry",)), TOGETHER)


class Story:
    """What the contract says has become of the run, its gates and each request."""

    def __init__(self):
        self.status = "awaiting_approval"
        self.gates = dict.fromkeys([*CALLS, "ask"], "pending")

    def tell(self, act, *rest):
        return getattr(self, act)(*rest)

    def approve(self, call, word):
        wanted, now = {"allow": "allowed", "deny": "denied"}[word], self.gates[call]
        if now == "cancelled":
            return 404, "gate_cancelled"
        if now not in ("pending", wanted):
            return 404, "gate_resolved_otherwise"
        self.decide(call, wanted)
        return 200, wanted

    def answer(self, word):
        if self.gates["ask"] != "pending":
            return 409, "already_answered"
        self.decide("ask", "allowed")
        return 200, "ok"

    def cancel(self):
        if self.status in ("awaiting_approval", "running"):
            self.status = "cancelled"
            self.gates = {name: "cancelled" if now == "pending" else now for name, now in self.gates.items()}
        return 200, self.status

    def mode(self, word):
        if self.status in ("completed", "cancelled"):
            return 409, "run_not_active"
        for call in CALLS:
            if word == "autonomous" and self.gates[call] == "pending":
                self.decide(call, "allowed")
        return 200, word

    def decide(self, name, now):
        self.gates[name] = now
        if self.status == "awaiting_approval" and "pending" not in self.gates.values():
            self.status = "running"

    @property
    def decided(self):
        return [name for name, now in self.gates.items() if now in ("allowed", "denied")]


class Door:
    """The same through the door."""

    def __init__(self, api, run):
        self.api, self.run, self.seen = api, run, []
        self.names = dict(zip([*CALLS, "ask"], [gate["request_id"] for gate in api.gates(run)], strict=True))

    def tell(self, act, *rest):
        response = getattr(self, act)(*rest)
        if response.status_code != 200:
            return problem_of(response)
        told = response.json()
        return 200, told.get("permission_mode" if act == "mode" else "status")

    def approve(self, call, word):
        return self.api.post(f"/runs/{self.run.pk}/approve", {"request_id": self.names[call], "decision": word})

    def answer(self, word):
        body = {"answers": {"Which?": word}, "request_id": self.names["ask"]}
        return self.api.post(f"/runs/{self.run.pk}/answer", body)

    def cancel(self):
        return self.api.post(f"/runs/{self.run.pk}/cancel")

    def mode(self, word):
        return self.api.patch(f"/runs/{self.run.pk}/permission-mode", {"permission_mode": word})

    def look(self, story):
        """Open the stream, read what has happened so far, and leave. What was seen before comes again, in its order."""
        response = self.api.get(f"/runs/{self.run.pk}/stream")
        if story.status in ("completed", "cancelled"):
            assert problem_of(response) == (409, "run_ended")
            return
        frames = [frame_name(frame) for frame in framed(first_two(response))]
        assert frames[: len(self.seen)] == self.seen
        opened = [name for kind, name in frames if kind == "awaiting_approval"]
        closed = [name for kind, name in frames if kind == "permission_resolved"]
        assert opened == list(self.names.values())
        assert sorted(closed) == sorted(self.names[name] for name in story.decided)
        self.seen = frames

    def agrees_with(self, story):
        now = {name: gate["status"] for name, gate in zip(self.names, self.api.gates(self.run), strict=True)}
        return (self.api.get(f"/runs/{self.run.pk}").json()["status"], now) == (story.status, story.gates)


def frame_name(frame):
    return frame["type"], frame.get("request_id") or frame.get("toolCallId") or frame.get("id")


def first_two(response):
    """The first frame, and in one piece all that had happened before the stream was opened."""

    async def read():
        parts = []
        async with aclosing(response.streaming_content) as stream:
            async for part in stream:
                parts.append(part)
                if len(parts) == 2:
                    break
        return parts

    return async_to_sync(read)()


def at_once(door, story, acts):
    """Do them at the same moment; the story that some order of them tells."""
    results = together(len(acts), lambda place: door.tell(*acts[place]))
    for order in permutations(range(len(acts))):
        possible = deepcopy(story)
        expected = {place: possible.tell(*acts[place]) for place in order}
        if [expected[place] for place in range(len(acts))] == results and door.agrees_with(possible):
            return possible
    raise AssertionError(f"no order of {acts} explains {results} and {door.api.gates(door.run)}")


@pytest.fixture
def waiting(fake, posted, teammate_with, api, carry):
    """A new run that waits for two decisions and an answer."""
    teammate = teammate_with("post")

    def waiting():
        posted.clear()
        fake.scripts.clear()
        asks = [("post", {"text": text}) for text in CALLS]
        fake.calls(*asks, ("AskUserQuestion", {"questions": [QUESTION]}))
        return Door(api, carry(api.run(teammate, human_in_the_loop=True, permission_mode="approval")))

    return waiting


@settings(max_examples=25, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=7))
def test_every_interleaving_has_one_outcome(waiting, carry, posted, steps):
    door, story = waiting(), Story()
    for step in [*steps, ("look",), ("carry",)]:
        if step == ("look",):
            door.look(story)
        elif step == ("carry",):
            carry(door.run)
            story.status = "completed" if story.status == "running" else story.status
        elif isinstance(step[0], tuple):
            story = at_once(door, story, step)
        else:
            assert door.tell(*step) == story.tell(*step)
        assert door.agrees_with(story)
    assert posted == [call for call in CALLS if story.gates[call] == "allowed" and story.status == "completed"]
    all_is_written(door.run, story)


def all_is_written(run, story):
    log = kinds(run)
    assert gap_free(run)
    assert log.count("gate.opened") == 3
    assert log.count("gate.decided") == Decision.objects.filter(run=run).count() == len(story.decided)
    assert log.count("gate.closed") == list(story.gates.values()).count("cancelled")
    assert log.count("run.resumed") == (len(story.decided) == 3)
    assert Run.objects.get(pk=run.pk).open_gates == list(story.gates.values()).count("pending")
