"""Two web processes and two workers, while a worker is killed, Redis is restarted and PostgreSQL is restarted."""

import json
import os
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.chaos.followers import Followers
from tests.eventually import eventually
from tests.person import Person

RUNS = int(os.environ.get("SAYSO_CHAOS_RUNS", "60"))  # docs/reliability.md has the figures of 200
PATIENCE = 300.0
pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.timeout(600)]


class Office:
    """Everybody who decides: each gate is decided through both doors and on its page, at once."""

    def __init__(self, shape):
        self.shape, self.told, self.stop = shape, Counter(), threading.Event()
        self.people, self.everybody = threading.local(), []
        self.session = shape.person.http.cookies

    def person(self):
        if not hasattr(self.people, "one"):
            self.people.one = Person(self.shape.webs[1])
            self.everybody.append(self.people.one)
            self.people.one.http.cookies.update(self.session)
        return self.people.one

    def tried(self, name, do):
        """A server whose database is away refuses; whoever decides tries again as long as the gate is open."""
        try:
            status = do()
        except (httpx2.TransportError, AssertionError):
            status = "away"
        self.told[f"{name} {status}"] += 1

    def through_m8tes(self, run, gate):
        body = {"request_id": f"approval-{gate}", "decision": "allow"}
        return self.shape.call("POST", f"/runs/{run}/approve", 0, **body).status_code

    def through_agentos(self, run, gate):
        address = f"{self.shape.webs[1]}/approvals/approval-{gate}/resolve"
        return self.shape.http.post(address, json={"status": "approved"}).status_code

    def through_page(self, run, gate):
        return self.person().decide(gate, "allow").status_code

    def answer(self, run, pk, kind, questions):
        """A call of unknown outcome: the ledger says whether it happened. A run that was begun too often: go on."""
        asked = questions if isinstance(questions, list) else json.loads(questions)
        choice = "It happened" if kind == "unknown" else "Go on"
        body = {"request_id": f"question-{pk}", "answers": {asked[0]["question"]: choice}}
        return self.shape.call("POST", f"/runs/{run}/answer", 0, **body).status_code

    def close(self):
        self.stop.set()
        for person in self.everybody:
            person.http.close()

    def work(self):
        waiting = "FROM approvals_{} g JOIN runs_run r ON r.id = g.run_id WHERE g.status = 'pending'"
        with ThreadPoolExecutor(6) as hands:
            while not self.stop.wait(0.1):
                try:
                    gates = self.shape.rows(f"SELECT r.id, g.id {waiting.format('toolapproval')} LIMIT 20")
                    asked = self.shape.rows(f"SELECT r.id, g.id, g.kind, g.questions {waiting.format('question')}")
                except Exception as error:  # noqa: BLE001 - psycopg may not be there to be named
                    self.told[type(error).__name__] += 1
                    continue
                ways = {"m8tes": self.through_m8tes, "agentos": self.through_agentos, "page": self.through_page}
                jobs = [
                    (name, lambda way=way, gate=gate: way(*gate))
                    for gate in gates
                    for name, way in random.sample([*ways.items()], len(ways))  # each of them is first at times
                ]
                jobs += [(each[2], lambda each=each: self.answer(*each)) for each in asked]
                list(hands.map(lambda job: self.tried(*job), jobs))


def begin(shape, number):
    """As a client does that repeats its request with the same key until it is answered."""
    [(pk,)] = shape.rows("SELECT id FROM teammates_teammate WHERE slug = 'clerk'")
    body = {"teammate_id": pk, "message": f"Letter {number}", "stream": False, "human_in_the_loop": True}
    address = f"{shape.webs[number % 2]}/api/v2/runs"
    answer = shape.http.post(address, json=body, headers={"Idempotency-Key": f"letter-{number}"})
    assert answer.status_code in (200, 201), answer.text
    return answer.json()["id"]


def ended(shape):
    try:
        return shape.rows("SELECT count(*) FROM runs_run WHERE status IN ('completed', 'failed', 'cancelled')")[0][0]
    except Exception:  # noqa: BLE001 - the database is being restarted
        return 0


def test_nothing_is_lost_doubled_or_out_of_order(scene):
    shape, postgres, redis = scene
    cookie = "; ".join(f"{each.name}={each.value}" for each in shape.person.http.cookies.jar)
    followers, office = Followers(shape.webs, cookie), Office(shape)
    deciding = threading.Thread(target=office.work, daemon=True)
    began = time.monotonic()
    deciding.start()
    with ThreadPoolExecutor(6) as hands:
        runs = []
        for run in hands.map(lambda number: begin(shape, number), range(RUNS)):
            followers.add(run)
            runs.append(run)
    for part, accident in enumerate([lambda: shape.kill("worker0"), redis.restart, postgres.restart], start=1):
        assert eventually(lambda part=part: ended(shape) >= RUNS * part // 4, PATIENCE)
        accident()
        if part == 1:
            shape.run_worker(0)
    assert eventually(lambda: ended(shape) == RUNS, PATIENCE), shape.rows("SELECT id, status FROM runs_run")
    took = time.monotonic() - began
    followers.wait(60)
    office.stop.set()
    deciding.join(30)
    office.close()
    followers.close()
    report(shape, office, followers, took)
    assert Counter(shape.rows("SELECT status FROM runs_run")) == {("completed",): RUNS}
    assert set(Counter(shape.effects()).values()) == {1}
    unknown = shape.rows("SELECT count(*) FROM approvals_question WHERE kind = 'unknown'")[0][0]
    assert RUNS - unknown <= len(shape.effects()) <= RUNS  # the killed worker's may not have happened
    assert [
        run for run in runs if shape.kinds(run).count("gate.decided") != shape.kinds(run).count("gate.opened")
    ] == []
    assert [name for name in office.told if name.endswith(" 500")] == []  # who finds no database is told so: 503
    assert "All is well" in shape.python("manage.py", "doctor")
    for follower in followers.all:
        last = shape.rows(f"SELECT last_seq FROM runs_run WHERE id = {follower.run}")[0][0]
        assert follower.seqs == list(range(1, last + 1)), follower.run


def report(shape, office, followers, took):
    asked = Counter(kind for (kind,) in shape.rows("SELECT kind FROM approvals_question"))
    restarted = shape.rows("SELECT count(*) FROM runs_event WHERE kind = 'turn.restarted'")[0][0]
    print(f"\n{RUNS} runs ended in {took:.0f} s; turns begun again: {restarted}; questions: {dict(asked)}")
    print(f"answers to those who decided: {dict(office.told)}")
    print(f"connections of followers: {sum(follower.connections for follower in followers.all)}")
