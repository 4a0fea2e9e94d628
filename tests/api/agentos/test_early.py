"""What is refused before the body is read: to a client that sends headers only, one that lies, one that goes on."""

import http.client
import json
import re
import socket
from urllib.parse import urlsplit

import pytest

from tests.serving import serving

MB = 1024**2
RUNS = "/agents/release-writer/runs"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}
KEY = {"Authorization": "Bearer some-key"}
PATIENCE = 5


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Its doors are closed: there is a key."""
    with serving(tmp_path_factory.mktemp("guarded"), OS_SECURITY_KEY="some-key") as served:
        yield served


class Line:
    """One connection, byte by byte."""

    def __init__(self, url):
        address = urlsplit(url)
        self.socket = socket.create_connection((address.hostname, address.port), PATIENCE)
        self.host = address.netloc

    def begin(self, path, method="POST", **headers):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        return self

    def send(self, data):
        self.socket.sendall(data)
        return self

    def answer(self):
        """Status, headers and body; the connection is closed after it where it says so."""
        response = http.client.HTTPResponse(self.socket)
        response.begin()
        return response, response.read()


@pytest.fixture
def line(server):
    made = Line(server.url)
    yield made
    made.socket.close()


def told(line):
    response, body = line.answer()
    return response.status, json.loads(body)


def test_a_length_that_is_too_large_is_refused_at_once(line):
    line.begin(RUNS, Content_Length=4 * MB + 1, **FORM, **KEY)
    response, body = line.answer()
    assert (response.status, json.loads(body)["error_code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert response.headers["Connection"] == "close"
    assert response.headers["X-Request-Id"]
    assert line.socket.recv(1) == b""


def test_forms_with_files_may_be_larger(line):
    line.begin(RUNS, Content_Length=32 * MB + 1, **MULTIPART, **KEY)
    assert told(line)[0] == 413


def test_a_body_that_turns_out_too_large_is_refused_while_it_arrives(line):
    line.begin(RUNS, Transfer_Encoding="chunked", **FORM, **KEY)
    for _ in range(65):
        line.send(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
    assert told(line)[0] == 413


def test_whoever_goes_on_sending_can_still_read_the_refusal(line):
    line.begin(RUNS, Content_Length=40 * MB, **MULTIPART, **KEY)
    for _ in range(40):
        line.send(b"x" * MB)
    assert told(line)[0] == 413


def test_a_length_that_is_too_small_ends_the_body_there(line):
    line.begin(RUNS, Content_Length=len("background=true"), **FORM, **KEY).send(b"background=true&message=Hello\r\n")
    everything = b"".join(iter(lambda: line.socket.recv(4096), b""))  # until the server hangs up
    assert re.findall(rb"HTTP/1.1 (\d+)", everything) == [b"422", b"400"]  # the rest is no request


def test_without_a_key_no_body_is_read(line):
    line.begin(RUNS, Content_Length=MB, **FORM)
    assert told(line) == (
        401,
        {"detail": "Authorization header required: Bearer and a key", "error_code": "UNAUTHENTICATED"},
    )


def test_without_a_key_the_other_door_reads_no_body_either(line):
    line.begin("/api/v2/runs", Content_Length=MB, Content_Type="application/json")
    response, body = line.answer()
    assert (response.status, json.loads(body)["error"]["type"]) == (401, "authentication_error")
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_nobody_is_asked_for_the_body_that_will_be_refused(line):
    line.begin(RUNS, Content_Length=MB, Expect="100-continue", **FORM)
    assert line.answer()[0].status == 401
    assert line.socket.recv(1) == b""


def test_the_body_of_an_address_that_does_not_exist_is_read(line):
    line.begin("/agents/a/b/c/d", Content_Length=2, **FORM).send(b"a=")
    assert told(line)[0] == 404


def test_pages_have_a_limit_too(line):
    line.begin("/sign-in/", Content_Length=5 * MB, **FORM)
    response, body = line.answer()
    assert (response.status, response.headers.get_content_type()) == (413, "text/plain")
    assert body == b"The body is larger than 4 MB."


def test_a_browser_is_shown_a_page_that_says_how_much_may_be_sent(line):
    line.begin("/sign-in/", Content_Length=5 * MB, Accept="text/html,application/xhtml+xml,*/*;q=0.8", **FORM)
    response, body = line.answer()
    assert (response.status, response.headers.get_content_type()) == (413, "text/html")
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "A form may hold 4 MB, and yours is larger. Nothing was sent" in body.decode()


def test_an_address_that_is_no_path_is_no_fault_of_the_server(line):
    assert line.begin("agents", method="GET").answer()[0].status in (400, 404)


def test_front_ends_of_other_origins_can_read_the_refusal(line):
    line.begin(RUNS, Content_Length=MB, Origin="http://localhost:3000", **FORM)
    assert line.answer()[0].headers["Access-Control-Allow-Origin"] == "http://localhost:3000"


def test_requests_on_one_connection_follow_each_other(line):
    for _ in range(3):
        line.begin(RUNS, Content_Length=0, **FORM, **KEY)
        assert told(line)[0] == 422
    assert line.begin("/agents", method="GET", **KEY).answer()[0].status == 200


def test_nothing_of_this_troubles_the_server(server):
    assert not [text for text in server.output if "Traceback" in text or "ERROR" in text], "".join(server.output)
