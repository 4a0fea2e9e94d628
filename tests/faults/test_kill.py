"""Kill -9 of the whole product, as a power cut would, and what the next start makes of it."""

import os
import sqlite3
import subprocess
import sys
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from config.env import ROOT
from tests.eventually import eventually
from tests.fake_model import FakeModel
from tests.person import Person
from tests.serving import Serve

ROSTER = """
[[teammates]]
id = "clerk"
name = "Clerk"
permission_mode = "autonomous"
tools = ["send_letter", "look_slowly", "announce"]
"""


class House:
    """A served product with a fake model, its database seen from outside, and an outside ledger of effects."""

    def __init__(self, data, fake):
        self.ledger, self.hold, self.data = data / "ledger", data / "hold", data
        roster = data / "roster.toml"
        roster.write_text(ROSTER)
        self.serve = Serve(
            data,
            OPENAI_BASE_URL=fake.base_url,
            SAYSO_MODEL="fake",
            SAYSO_TOOLS="tests.faults.slow_tools",
            LEDGER=str(self.ledger),
        )
        self.serve.start()
        self.serve.manage("roster", "load", str(roster))
        self.person = Person(self.serve.url).sign_in(self.serve.link)

    def rows(self, query, *values):
        with closing(sqlite3.connect(self.data / "sayso.sqlite3")) as database:
            return database.execute(query, values).fetchall()

    def status(self, run):
        return self.rows("SELECT status FROM runs_run WHERE id = ?", run)[0][0]

    def becomes(self, run, status, seconds=20):
        assert eventually(lambda: self.status(run) == status, seconds), (self.status(run), self.events(run))

    def events(self, run):
        return self.rows("SELECT seq, kind, data FROM runs_event WHERE run_id = ? ORDER BY seq", run)

    def gate(self, run):
        return self.rows("SELECT id FROM approvals_toolapproval WHERE status = 'pending' AND run_id = ?", run)[0][0]

    def effects(self, run):
        """The lines that this run's calls left outside the product."""
        lines = self.ledger.read_text().splitlines() if self.ledger.exists() else []
        keys = [
            str(uuid.UUID(key))
            for (key,) in self.rows("SELECT idempotency_key FROM runs_toolcall WHERE run_id = ?", run)
        ]
        return [line for line in lines if line.split()[1] in keys]

    def crash(self):
        self.serve.kill()
        self.serve.start()

    def has_no_gap(self, run):
        seqs = [seq for seq, _, _ in self.events(run)]
        return seqs == list(range(1, len(seqs) + 1))


@pytest.fixture(scope="module")
def fake():
    with FakeModel() as fake:
        yield fake


@pytest.fixture(scope="module")
def built(tmp_path_factory, fake):
    house = House(tmp_path_factory.mktemp("house"), fake)
    yield house
    house.person.http.close()
    house.serve.kill()


@pytest.fixture
def house(built):
    yield built
    built.hold.unlink(missing_ok=True)


def test_a_run_killed_in_mid_sentence_goes_on_after_the_next_start(house, fake):
    half = fake.new().say("one two three four five six seven eight").gate(after=4)
    run = house.person.start("clerk", "Count")
    half.wait()
    assert eventually(lambda: any(kind == "text" for _, kind, _ in house.events(run)))
    fake.say("one two three, and done")
    house.crash()
    house.becomes(run, "completed")
    kinds = [kind for _, kind, _ in house.events(run)]
    assert house.has_no_gap(run)
    assert kinds.count("turn.restarted") == 1
    assert kinds.count("run.completed") == 1
    assert house.rows("SELECT output FROM runs_run WHERE id = ?", run) == [("one two three, and done",)]


def test_a_paused_run_survives_and_its_tool_runs_once(house, fake):
    fake.call("send_letter", {"to": "Ada"})
    fake.say("It is sent")
    run = house.person.start("clerk", "Write to Ada")
    house.becomes(run, "paused")
    house.crash()
    house.person.decide(house.gate(run), "allow")
    house.becomes(run, "completed")
    assert house.has_no_gap(run)
    assert len(house.effects(run)) == 1


def test_a_call_killed_in_mid_effect_becomes_a_question_and_never_runs_again(house, fake):
    fake.call("send_letter", {"to": "Ada"})
    run = house.person.start("clerk", "Write to Ada")
    house.becomes(run, "paused")
    house.hold.touch()
    house.person.decide(house.gate(run), "allow")
    assert eventually(lambda: house.effects(run))
    house.crash()
    house.becomes(run, "paused")
    assert house.rows("SELECT kind FROM approvals_question WHERE run_id = ?", run) == [("unknown",)]
    assert house.rows("SELECT state FROM runs_toolcall WHERE run_id = ?", run) == [("outcome_unknown",)]
    assert len(house.effects(run)) == 1
    assert house.has_no_gap(run)


def test_a_reading_call_killed_in_the_middle_is_made_again(house, fake):
    fake.call("look_slowly", {})
    house.hold.touch()
    run = house.person.start("clerk", "Look")
    assert eventually(lambda: house.effects(run))
    house.hold.unlink()
    fake.say("Seen")
    house.crash()
    house.becomes(run, "completed")
    assert len(house.effects(run)) == 2
    assert house.has_no_gap(run)


def test_a_clean_stop_hands_back_what_runs(house, fake):
    """F23."""
    half = fake.new().say("one two three four five six").gate(after=3)
    run = house.person.start("clerk", "Count")
    half.wait()
    assert house.serve.stop() == 0
    assert house.status(run) == "queued"
    fake.say("one two three")
    house.serve.start()
    house.becomes(run, "completed")
    assert house.has_no_gap(run)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a thread choose its cores")
def test_its_threads_share_one_core_and_a_tool_may_use_all(house, fake):
    fake.call("look_slowly", {})
    fake.say("Seen")
    house.hold.touch()
    run = house.person.start("clerk", "Look")
    assert eventually(lambda: house.effects(run))
    threads = Path(f"/proc/{house.serve.process.pid}/task").iterdir()
    *ours, of_tool = sorted((os.sched_getaffinity(int(thread.name)) for thread in threads), key=len)
    assert len(ours) > 5 and of_tool == os.sched_getaffinity(0)
    assert {len(cores) for cores in ours} == {1} == {len(set.union(*ours))}


def test_a_second_server_on_the_same_data_is_refused(house):
    """F46."""
    command = [sys.executable, "manage.py", "serve", "--port", "0"]
    second = subprocess.run(command, cwd=ROOT, env=house.serve.environment, capture_output=True, text=True, timeout=60)
    assert second.returncode == 1
    assert "already runs" in second.stderr
