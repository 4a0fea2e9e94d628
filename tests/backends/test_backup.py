"""A dump of a running installation is all that it takes: what waited when it was made waits again, and goes on."""

import subprocess

import pytest

from tests.backends.test_conformance import by_turn, letter
from tests.backends.test_database_away import OnPostgres
from tests.fake_script import Script
from tests.services import Postgres, program

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]


@pytest.fixture
def house(tmp_path, fake):
    with Postgres() as postgres:
        house = OnPostgres(tmp_path, fake, postgres)
        yield house
        house.close()


def run(*command):
    subprocess.run([program(command[0]), *command[1:]], check=True, capture_output=True)


def move_to_a_copy(house, dump):
    """A new installation on what the dump holds, with the folder and the secrets of the old one."""
    import psycopg  # an extra: only where these tests run

    assert house.serve.stop() == 0
    with psycopg.connect(house.database.url, autocommit=True) as database:
        database.execute("CREATE DATABASE copy")
    copy = house.database.url.replace("/postgres", "/copy")
    run("pg_restore", "--exit-on-error", "-d", copy.replace("postgres://", "postgresql://"), dump)
    house.serve.environment["DATABASE_URL"] = copy
    house.serve.start()


def test_what_waited_when_it_was_made_waits_again_and_goes_on(house, fake, tmp_path):
    fake.reply = by_turn(letter(), Script().say("It is sent"))
    waits, goes = house.start("clerk", "Write to Ada"), house.start("clerk", "Write to Ada")
    for each in (waits, goes):
        house.becomes(each, "paused")
    dump = str(tmp_path / "dump")
    run("pg_dump", "-Fc", "-f", dump, house.database.url.replace("postgres://", "postgresql://"))
    assert house.call("POST", f"/runs/{goes}/cancel").status_code == 200
    move_to_a_copy(house, dump)
    assert [house.call("GET", f"/runs/{each}").json()["status"] for each in (waits, goes)] == ["awaiting_approval"] * 2
    [gate] = house.call("GET", f"/runs/{waits}/permissions").json()
    body = {"request_id": gate["request_id"], "decision": "allow"}
    assert house.call("POST", f"/runs/{waits}/approve", **body).status_code == 200
    assert list(house.stream(waits))[-1]
    assert house.call("GET", f"/runs/{waits}").json()["status"] == "completed"
    assert len(house.effects()) == 1
    assert "All is well" in house.python("manage.py", "doctor")
