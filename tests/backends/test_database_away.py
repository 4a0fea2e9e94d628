"""PostgreSQL stops and comes back under one process: everybody is told to come again, and nothing is half-made."""

import asyncio
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from bench.wire import Socket
from tests.backends.shapes import Embedded
from tests.backends.test_conformance import by_turn, letter
from tests.eventually import eventually
from tests.fake_script import Script
from tests.services import Postgres

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]


class OnPostgres(Embedded):
    def __init__(self, data, fake, postgres):
        self.database = postgres
        super().__init__(data, fake, DATABASE_URL=postgres.url)

    def rows(self, query):
        import psycopg  # an extra: only where these tests run

        with psycopg.connect(self.database.url) as database:
            return database.execute(query).fetchall()


@pytest.fixture(scope="module")
def house(tmp_path_factory, fake_model):
    with Postgres() as postgres:
        house = OnPostgres(tmp_path_factory.mktemp("away"), fake_model, postgres)
        yield house
        house.close()


@pytest.fixture
def waiting(house, fake):
    """A run at its gate, and the names of both."""
    fake.reply = by_turn(letter(), Script().say("It is sent"))
    run = house.start("clerk", "Write to Ada")
    house.becomes(run, "paused")
    yield run, house.gate(run)
    house.ledger.unlink(missing_ok=True)


@pytest.fixture
def stopped(house, waiting):
    house.person  # noqa: B018 - it signs in while it can
    house.database.end()
    yield house.database
    if house.database.process.poll() is not None:
        house.database.start()


def asked(house, method, path, **given):
    answer = house.http.request(method, house.webs[0] + path, **given)
    return answer.status_code, answer.headers.get("Retry-After"), answer


def test_doors_and_pages_say_when_to_come_again_and_go_on_when_it_is_back(house, waiting, stopped):
    run, gate = waiting
    approve = {"request_id": f"approval-{gate}", "decision": "allow"}
    with ThreadPoolExecutor(9) as clients:  # each of them waits for the database in vain
        m8tes = [
            clients.submit(asked, house, "GET", "/api/v2/runs"),
            clients.submit(asked, house, "POST", "/api/v2/runs", json={"message": "Hello"}),
            clients.submit(asked, house, "POST", f"/api/v2/runs/{run}/approve", json=approve),
        ]
        agentos = [
            clients.submit(asked, house, "GET", "/agents"),
            clients.submit(asked, house, "POST", "/agents/clerk/runs", data={"message": "Hello", "stream": "false"}),
            clients.submit(asked, house, "POST", f"/approvals/approval-{gate}/resolve", json={"status": "approved"}),
        ]
        page = clients.submit(house.person.http.get, f"/runs/{run}/")
        ready = clients.submit(asked, house, "GET", "/-/ready")
    for future in m8tes:
        status, after, answer = future.result()
        assert (status, after, answer.json()["error"]["error_code"]) == (503, "5", "database_away")
    for future in agentos:
        status, after, answer = future.result()
        assert (status, after, answer.json()["error_code"]) == (503, "5", "SERVICE_UNAVAILABLE")
    assert (page.result().status_code, page.result().headers["Retry-After"]) == (503, "5")
    assert "cannot be reached" in page.result().text
    assert ready.result()[0] == 503
    assert asked(house, "GET", "/health")[0] == 200
    stopped.start()
    assert eventually(lambda: asked(house, "GET", "/-/ready")[0] == 200, 15)
    assert house.rows("SELECT count(*) FROM runs_run") == [(1,)]
    assert house.rows(f"SELECT status FROM approvals_toolapproval WHERE id = {gate}") == [("pending",)]
    assert house.rows("SELECT count(*) FROM approvals_decision") == [(0,)]
    house.person.decide(gate, "allow")
    house.becomes(run, "completed")
    assert len(house.effects()) == 1
    assert "All is well" in house.python("manage.py", "doctor")


def test_a_page_that_can_hear_no_more_is_told_to_come_back(house, waiting):
    """A socket that cannot read the log is not left open in silence: it closes, and the page connects again."""
    web = urlsplit(house.webs[0])
    cookie = "; ".join(f"{each.name}={each.value}" for each in house.person.http.cookies.jar)

    async def closes():
        heard, headers = asyncio.Event(), {"Origin": web.geturl(), "Cookie": cookie}
        path = f"/ws/runs/{waiting[0]}"
        socket = await Socket.open(web.hostname, web.port, path, headers, lambda events, at: heard.set())
        await asyncio.wait_for(heard.wait(), 10)
        house.database.end()
        await asyncio.wait_for(socket.ended, 30)

    try:
        asyncio.run(closes())
    finally:
        house.database.start()


def test_clients_that_come_again_through_restarts_get_each_run_once(house, fake):
    """F43 and F44: with the same key as often as it takes; whatever was half-made has gone with its transaction."""
    fake.default = Script().say("Here you are.")
    told, over = Counter(), threading.Event()

    def until_begun(number):
        body, key = {"message": f"Errand {number}", "name": "Errands", "stream": False}, f"errand-{number}"
        while not over.is_set():
            status, _, answer = asked(house, "POST", "/api/v2/runs", json=body, headers={"Idempotency-Key": key})
            told[status] += 1
            if status in (200, 201):
                return answer.json()["id"]

    before = house.rows("SELECT count(*) FROM runs_run")[0][0]
    with ThreadPoolExecutor(4) as clients:
        begun = [clients.submit(until_begun, number) for number in range(120)]
        for part in (20, 60):
            assert eventually(lambda part=part: sum(future.done() for future in begun) >= part, 60)
            house.database.restart()
        try:
            runs = [future.result(90) for future in begun]
        finally:
            over.set()
    assert set(told) <= {200, 201, 503} and len(set(runs)) == 120, told
    assert house.rows("SELECT count(*) FROM runs_run") == [(before + 120,)]
    finished = "SELECT count(*) FROM runs_run WHERE status = 'completed' AND message LIKE 'Errand %'"
    assert eventually(lambda: house.rows(finished) == [(120,)], 60)
    assert "All is well" in house.python("manage.py", "doctor")
