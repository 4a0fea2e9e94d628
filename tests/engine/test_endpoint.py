"""How an endpoint is asked: what the package has put together arrives there as it is."""

import socket
import threading

import httpx2
import pytest

from runs.engine import endpoint
from runs.engine.model import close_clients

pytestmark = pytest.mark.django_db(transaction=True)

LAST_WORDS = b'data: {"choices": [{"delta": {"content": "That is all"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'


@pytest.fixture
def ask(teammate_with, start, carry):
    teammate = teammate_with()
    return lambda message="Say it": carry(start(teammate, message)).output


def test_the_key_and_the_question_arrive(fake, ask, settings):
    settings.OPENAI_API_KEY = "sk-of-the-house"
    fake.say("Heard")
    assert ask() == "Heard"
    assert [headers["Authorization"] for headers in fake.headers] == ["Bearer sk-of-the-house"]
    assert fake.requests[0]["stream"] is True


def test_an_endpoint_that_has_moved_is_found_where_it_says(fake, ask):
    fake.error(307).headers["Location"] = f"{fake.base_url}/chat/completions"
    fake.say("I live here now")
    assert ask() == "I live here now"
    assert fake.requests[0] == fake.requests[1]


def test_a_base_address_may_have_a_slash_at_its_end(fake, ask, settings):
    settings.OPENAI_BASE_URL = f"{fake.base_url}/"
    fake.say("The same")
    assert ask() == "The same"


def test_each_question_is_its_own(fake, ask):
    """Its headers are those of the first; its length is not."""
    for text in ("one", "two", "three"):
        fake.say(text)
        assert ask(f"Say {text}, {len(text)} letters. ä") == text
    assert [asked["messages"][-1]["content"] for asked in fake.requests] == [
        f"Say {text}, {len(text)} letters. ä" for text in ("one", "two", "three")
    ]


def test_it_is_told_how_often_a_question_was_asked(fake, ask, monkeypatch):
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    for _ in range(2):
        fake.error(500)
        fake.say("At last")
        assert ask() == "At last"
    assert [headers["x-stainless-retry-count"] for headers in fake.headers] == ["0", "1", "0", "1"]


def test_a_proxy_is_asked_in_its_place(fake, ask, settings, monkeypatch):
    """Only the proxy is there: it is the fake, which gives no heed to whose address it is asked for."""
    monkeypatch.setenv("http_proxy", fake.base_url.removesuffix("/v1"))
    settings.OPENAI_BASE_URL = "http://models.test/v1"
    fake.say("By way of the proxy")
    assert ask() == "By way of the proxy"
    endpoint._proxy.cache_clear()
    monkeypatch.setenv("no_proxy", "models.test")
    assert endpoint._proxy(httpx2.URL("http://models.test/v1")) is None
    endpoint._proxy.cache_clear()


def test_one_connection_serves_question_after_question(fake, ask, monkeypatch):
    monkeypatch.setattr(endpoint, "END_WITHIN", 10)  # of a machine that has more to do than this
    close_clients()  # an earlier test may have left two connections, which take turns
    for _ in range(10):
        assert ask() == "Here you are."
    assert len(set(fake.peers)) == 1


def test_an_answer_that_has_said_its_last_word_need_not_end(fake, ask, settings):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        held = []

        def serve():
            held.append(listening.accept()[0])
            held[0].recv(65536)
            held[0].sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + LAST_WORDS)

        threading.Thread(target=serve, daemon=True).start()
        assert ask() == "That is all"
        held[0].close()
