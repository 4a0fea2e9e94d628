"""Requests to addresses that clients name: where they may go, and how much may come back."""

import socket

import pytest

from runs import egress
from runs.errors import Refused
from tests.hearing import Hearing

PUBLIC, LOOPBACK = "93.184.216.34", "127.0.0.1"
HERE = """
    127.0.0.1 127.1 2130706433 0x7f.1 0x7f000001 0177.0.0.1 0.0.0.0 10.1.2.3 172.16.0.1 192.168.1.1
    169.254.169.254 100.64.0.1 192.0.0.8 192.0.2.1 198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255 [::] [::1]
    [::ffff:127.0.0.1] [::ffff:10.0.0.1] [::127.0.0.1] [fe80::1] [fe80::1%25eth0] [fc00::1] [fec0::1] [ff02::1]
    [64:ff9b::7f00:1] [2002:7f00:1::] [2001:0:7f00:1::] [2001:db8::1] localhost LOCALHOST localhost. a.localhost
    db.internal printer.local router nas.lan １２７.0.0.1
"""


@pytest.fixture
def hearing():
    with Hearing() as server:
        yield server


@pytest.fixture
def private(settings):
    settings.WEBHOOKS_PRIVATE = True


@pytest.fixture
def names(monkeypatch):
    """The system's answers for names, one list of addresses after the other; numbers it still reads itself."""
    answers, real = [], socket.getaddrinfo

    def looked_up(host, port, *args, **kwargs):
        if kwargs.get("flags", 0) & socket.AI_NUMERICHOST:
            return real(host, port, *args, **kwargs)
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    return answers


def refused(url):
    with pytest.raises(Refused) as caught:
        egress.check_url(url)
    return caught.value.code


@pytest.mark.parametrize("host", HERE.split())
def test_addresses_of_this_machine_and_its_networks_are_refused(host):
    assert refused(f"https://{host}/hook") in ("private_address", "bad_url")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "ftp://example.com/hook",
        "file:///etc/passwd",
        "gopher://example.com/",
        "example.com/hook",
        "//example.com/hook",
        "https://",
        "https:///hook",
        "https://user@example.com/hook",
        "https://user:word@example.com/hook",
        "https://example.com:99999/hook",
        "https://example.com/a b\nHost: other",
        "https://example.com/" + "a" * 2000,
        "",
        "https://[::1",
    ],
)
def test_what_is_no_plain_https_address_is_refused(url):
    assert refused(url) == "bad_url"


@pytest.mark.parametrize("url", ["https://example.com", "https://example.com:8443/a?b=c", "https://[2606:4700::1]/x"])
def test_addresses_out_there_are_taken(url):
    egress.check_url(url)


def test_a_private_address_may_be_allowed(private, hearing):
    answer = egress.post(hearing.url, b"{}", {"A": "b"})
    assert (answer.status, answer.text) == (200, "thanks")
    assert hearing.heard[0][2] == b"{}"


@pytest.mark.parametrize("found", [[LOOPBACK], [PUBLIC, LOOPBACK], [LOOPBACK, PUBLIC], ["169.254.169.254"]])
def test_a_name_with_one_address_in_here_is_not_asked(names, hearing, found):
    names.append(found)
    answer = egress.post(f"https://example.com:{hearing.port}/hook", b"{}", {})
    assert (answer.status, hearing.heard) == (None, [])
    assert "not an address on the public internet" in answer.text


def test_the_name_is_looked_up_once_and_the_checked_address_is_the_one_that_is_asked(names, hearing, monkeypatch):
    tried = []
    names.extend([[PUBLIC], [LOOPBACK]])

    def connected(address):
        tried.append(address[4][0])
        raise OSError("stopped here")

    real = egress.aiohttp.TCPConnector
    monkeypatch.setattr(egress.aiohttp, "TCPConnector", lambda **given: real(**given, socket_factory=connected))
    answer = egress.post(f"https://example.com:{hearing.port}/hook", b"{}", {})
    assert (answer.status, tried, names) == (None, [PUBLIC], [[LOOPBACK]])


def test_what_was_allowed_once_is_refused_when_the_setting_is_off_again(hearing):
    answer = egress.post(hearing.url, b"{}", {})
    assert (answer.status, hearing.heard) == (None, [])


def test_a_redirect_is_an_answer_and_not_followed(private, hearing):
    hearing.answers, hearing.extra = [307], {"Location": hearing.url + "/elsewhere"}
    assert (egress.post(hearing.url, b"{}", {}).status, len(hearing.heard)) == (307, 1)


def test_a_proxy_of_the_environment_is_not_used(private, hearing, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert egress.post(hearing.url, b"{}", {}).status == 200


def test_a_long_answer_is_cut(private, hearing):
    hearing.body = b"a\x00" * 1_000_000
    answer = egress.post(hearing.url, b"{}", {})
    assert (answer.status, answer.text) == (200, "a" * (egress.ANSWER // 2))


def test_an_answer_that_does_not_come_is_not_waited_for(private, hearing, monkeypatch):
    monkeypatch.setattr(egress, "SECONDS", 0.2)
    hearing.wait.clear()
    answer = egress.post(hearing.url, b"{}", {})
    assert answer.status is None
    assert "0.2 seconds" in answer.text


def test_nobody_there_is_told_in_words(private):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        answer = egress.post(f"http://127.0.0.1:{taken.getsockname()[1]}/", b"{}", {})
    assert answer.status is None
    assert "Cannot connect" in answer.text
