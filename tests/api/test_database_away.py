"""No database, as a request meets it: each door and the pages say so in their own shape, and when to come again."""

import asyncio

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client

from api.agentos.errors import answer_to
from api.streams import Later
from runs.models import Run
from teammates import keys
from tests.api.test_held import silent

LOST = OperationalError("the connection is lost\nand more")


def refusing(error):
    def refuse(execute, *args):
        raise error

    return connection.execute_wrapper(refuse)


@pytest.fixture
def ask(owner):
    """A signed-in browser and a program in one; it sees the answer whatever a view raised."""
    _, key = keys.create(owner, "test", keys.DEFAULT_SCOPES)
    client = Client(headers={"Authorization": f"Bearer {key}"}, raise_request_exception=False)
    client.force_login(owner)

    def ask(method, path, error=LOST, **headers):
        with refusing(error):
            answer = client.generic(method, path, "{}", content_type="application/json", headers=headers)
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        return answer

    return ask


@pytest.mark.parametrize("error", [OperationalError("lost"), InterfaceError("the connection is closed")])
@pytest.mark.parametrize(("method", "path"), [("GET", "/runs"), ("POST", "/runs"), ("POST", "/runs/1/approve")])
def test_the_m8tes_door_answers_503_in_its_envelope(ask, method, path, error):
    told = ask(method, f"/api/v2{path}", error).json()["error"]
    assert (told["type"], told["code"], told["error_code"]) == ("api_error", 503, "database_away")
    assert "try again" in told["message"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/agents"), ("POST", "/agents/x/runs"), ("GET", "/sessions")])
def test_the_agentos_door_answers_503_in_its_shape(ask, method, path):
    told = ask(method, path).json()
    assert told["error_code"] == "SERVICE_UNAVAILABLE" and "try again" in told["detail"]


@pytest.mark.parametrize("path", ["/", "/runs/", "/inbox/", "/settings/", "/admin/"])
def test_a_page_is_a_plain_503(ask, path):
    page = ask("GET", path, Accept="text/html").content.decode()
    assert "<h1>The database cannot be reached</h1>" in page


def test_what_else_breaks_is_still_our_fault(client, db, monkeypatch):
    def broken(*args):
        raise ValueError("nobody foresaw this")

    client.raise_request_exception = False
    monkeypatch.setattr("config.health.MigrationExecutor", broken)
    answer = client.get("/-/ready")
    assert answer.status_code == 500 and b"Something broke on our side" in answer.content


def test_an_outage_is_a_line_of_the_log_and_no_trace(ask, caplog):
    ask("GET", "/api/v2/runs")
    [told] = [record for record in caplog.records if record.name == "sayso.api"]
    assert told.getMessage() == "A request could not use the database: the connection is lost" and not told.exc_info


def test_an_answer_that_is_waited_for_says_it_too(rf):
    sent = []

    async def away():
        raise OperationalError("lost")

    async def send(message):
        sent.append(message)

    held = Later(away, lambda error: answer_to(rf.get("/"), error))
    asyncio.run(held.serve(silent, send))
    assert sent[0]["status"] == 503 and b"SERVICE_UNAVAILABLE" in sent[1]["body"]


def test_nothing_is_half_made(ask):
    ask("POST", "/api/v2/runs")
    assert not Run.objects.exists()
