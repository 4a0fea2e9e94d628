"""Runs and replies that come with files: multipart, the JSON as a form field (contract 2.1)."""

import json

import pytest
from django.core.files.storage import default_storage

from api.models import Idempotency
from runs.models import Run, RunFile, Session
from tests.api.door import ROOT, frames_of, problem_of
from tests.machine import together, told

pytestmark = pytest.mark.django_db(transaction=True)

BOUNDARY = "edge"


def form(body, *files, field="files"):
    """The bytes of a form as the SDK sends it: `files` are (name, content)."""
    parts = [("payload", None, (body if isinstance(body, str) else json.dumps(body)).encode())] if body else []
    parts += [(field, name, content) for name, content in files]
    written = b""
    for part, name, content in parts:
        named = "" if name is None else f'; filename="{name}"\r\nContent-Type: text/plain'
        written += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{part}"{named}\r\n\r\n'.encode()
        written += content + b"\r\n"
    return written + f"--{BOUNDARY}--\r\n".encode()


def send(api, path, *parts, field="files", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return api.client.generic("POST", ROOT + path, form(*parts, field=field), content_type=kind, headers=named)


def stored():
    """The names in the storage, of all files of runs."""
    try:
        return set(default_storage.listdir("runs")[1])
    except FileNotFoundError:
        return set()


@pytest.fixture
def nothing_left():
    """A start that was refused leaves neither rows nor bytes."""
    before = stored()
    yield
    assert (Run.objects.count(), Session.objects.count(), RunFile.objects.count()) == (0, 0, 0)
    assert Idempotency.objects.count() == 0
    assert stored() == before


@pytest.fixture
def reader(teammate_with):
    return teammate_with("read_file", "list_files")


def wish(teammate, **more):
    return {"message": "Sum it up", "stream": False, "teammate_id": teammate.pk, **more}


def test_the_model_is_told_of_the_files_and_reads_them(api, fake, reader, carry):
    fake.call("read_file", {"name": "notes.txt"})
    response = send(api, "/runs/with-files", wish(reader), ("notes.txt", b"buy milk"), ("réçu.txt", "á".encode()))
    assert response.status_code == 201
    run = carry(Run.objects.get(pk=response.json()["id"]))
    assert run.status == "completed"
    assert told(fake) == ["buy milk"]
    system = fake.requests[0]["messages"][0]["content"]
    assert "- notes.txt (8 bytes)\n- réçu.txt (2 bytes)" in system


def test_only_what_a_run_wrote_is_listed_as_its_files(api, fake, reader):
    run = Run.objects.get(pk=send(api, "/runs/with-files", wish(reader), ("a.txt", b"a")).json()["id"])
    assert list(run.files.values_list("kind", "name", "size")) == [("input", "a.txt", 1)]
    assert api.get(f"/runs/{run.pk}/files").json() == []
    assert api.get(f"/runs/{run.pk}").json()["files"] == []
    assert problem_of(api.get(f"/runs/{run.pk}/files/a.txt/download")) == (404, "not_found")


def test_it_streams_like_a_create(api, fake, reader, carry, aside):
    response = send(api, "/runs/with-files", wish(reader, stream=True), ("a.txt", b"a"))
    run = Run.objects.get(pk=int(response["X-Run-Id"]))
    aside(carry, run)
    frames = frames_of(response)
    assert frames[0] == {"type": "metadata", "run_id": run.pk, "payload": {"run_id": run.pk}}
    assert frames[-1]["type"] == "done"


def test_a_reply_is_a_new_run_that_sees_the_files_of_both(api, fake, reader, carry):
    first = carry(Run.objects.get(pk=send(api, "/runs/with-files", wish(reader), ("a.txt", b"a")).json()["id"]))
    again = {"message": "And this?", "stream": False}
    response = send(api, f"/runs/{first.pk}/reply/with-files", again, ("b.txt", b"bb"))
    second = Run.objects.get(pk=response.json()["id"])
    assert (response.status_code, second.session_id) == (201, first.session_id)
    assert second.pk != first.pk
    carry(second)
    system = fake.requests[-1]["messages"][0]["content"]
    assert "- a.txt (1 bytes)\n- b.txt (2 bytes)" in system


def test_a_reply_to_a_run_that_lives_is_refused_and_leaves_nothing(api, fake, reader):
    run = Run.objects.get(pk=send(api, "/runs/with-files", wish(reader), ("a.txt", b"a")).json()["id"])
    before = stored()
    response = send(api, f"/runs/{run.pk}/reply/with-files", {"message": "Now?"}, ("b.txt", b"b"))
    assert problem_of(response) == (409, "run_active")
    assert (stored(), RunFile.objects.count(), Run.objects.count()) == (before, 1, 1)


def test_another_accounts_run_takes_no_reply(api, api_of, outsider, reader):
    run = Run.objects.get(pk=send(api, "/runs/with-files", wish(reader), ("a.txt", b"a")).json()["id"])
    response = send(api_of(outsider), f"/runs/{run.pk}/reply/with-files", {"message": "Mine?"}, ("b.txt", b"b"))
    assert problem_of(response) == (404, "not_found")
    assert RunFile.objects.count() == 1


@pytest.mark.parametrize("name", ["../../etc/passwd", "folder/a.txt", "a\\\\b.txt", "..", " . ", "x" * 201, "a\u202eb"])
@pytest.mark.usefixtures("nothing_left")
def test_a_name_that_is_not_flat_is_refused(api, reader, name):
    assert problem_of(send(api, "/runs/with-files", wish(reader), ("ok.txt", b"ok"), (name, b"x"))) == (422, "invalid")


@pytest.mark.usefixtures("nothing_left")
def test_two_files_of_one_name_are_refused(api, reader):
    response = send(api, "/runs/with-files", wish(reader), ("a.txt", b"1"), ("a.txt", b"2"))
    assert problem_of(response) == (422, "invalid")
    assert "a.txt" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{", (400, "invalid_json")),
        ("[1]", (422, "invalid")),
        ("[" * 100_000, (400, "invalid_json")),
        ({"stream": False}, (422, "invalid")),
        ('{"message": "x", "metadata": {"a": NaN}}', (400, "invalid_json")),
        ('{"message": "x", "user_id": "\\ud800"}', (422, "invalid")),
        ('{"message": "x", "metadata": {"a": "\\u0000"}}', (422, "invalid")),
        ('{"message": "x", "metadata": {"a": ' + "[" * 500 + "]" * 500 + "}}", (422, "invalid")),
        ({"message": ""}, (422, "empty")),
        ({"message": "x", "teammate_id": 999}, (404, "not_found")),
        ({"message": "x", "permission_mode": "approval"}, (422, "needs_people")),
        (None, (422, "invalid")),
    ],
    ids=str,
)
@pytest.mark.usefixtures("nothing_left")
def test_a_payload_that_does_not_fit_is_refused(api, body, expected):
    assert problem_of(send(api, "/runs/with-files", body, ("a.txt", b"a"))) == expected


@pytest.mark.usefixtures("nothing_left")
def test_a_file_under_another_field_is_not_lost_silently(api, reader):
    assert problem_of(send(api, "/runs/with-files", wish(reader), ("a.txt", b"a"), field="file")) == (422, "invalid")


@pytest.mark.usefixtures("nothing_left")
def test_too_many_files_are_refused(api, reader):
    many = [(f"{number}.txt", b"") for number in range(101)]
    assert problem_of(send(api, "/runs/with-files", wish(reader), *many)) == (413, "too_large")


@pytest.mark.usefixtures("nothing_left")
def test_json_instead_of_a_form_is_refused(api):
    assert problem_of(api.post("/runs/with-files", {"message": "x"})) == (400, "invalid_form")


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.usefixtures("nothing_left")
def test_a_form_that_is_cut_off_starts_nothing(api, fake, reader):
    whole = form(wish(reader), ("a.txt", b"x" * 100))
    for end in (whole.index(b"--edge--"), whole.index(b"x" * 50), whole.index(b'"message"'), len(whole) - 4):
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        cut = api.client.generic("POST", f"{ROOT}/runs/with-files", whole[:end], content_type=kind)
        assert problem_of(cut) == (400, "invalid_form")
    assert fake.requests == []


def test_a_body_over_the_limit_is_refused(api, reader, settings):
    settings.UPLOAD_LIMIT = 1000
    assert problem_of(send(api, "/runs/with-files", wish(reader), ("a.txt", b"a" * 1000))) == (413, "too_large")


def test_a_big_file_arrives_whole(api, fake, reader):
    content = bytes(range(256)) * 4 * 4096  # above the size that is kept in memory
    run = Run.objects.get(pk=send(api, "/runs/with-files", wish(reader), ("big.bin", content)).json()["id"])
    with run.files.get().content.open("rb") as kept:
        assert kept.read() == content


def test_the_same_key_again_gives_the_same_run_and_keeps_no_second_copy(api, fake, reader):
    first = send(api, "/runs/with-files", wish(reader), ("a.txt", b"a"), idempotency_key="k")
    kept = stored()
    again = send(api, "/runs/with-files", wish(reader, stream=True), ("a.txt", b"a"), idempotency_key="k")
    assert (again["Idempotent-Replay"], again.json()["id"]) == ("true", first.json()["id"])
    assert (Run.objects.count(), RunFile.objects.count(), stored()) == (1, 1, kept)


def test_the_same_key_with_another_file_is_refused(api, fake, reader):
    send(api, "/runs/with-files", wish(reader), ("a.txt", b"a"), idempotency_key="k")
    kept = stored()
    other = send(api, "/runs/with-files", wish(reader), ("a.txt", b"b"), idempotency_key="k")
    assert problem_of(other) == (409, "key_reused")
    assert (Run.objects.count(), RunFile.objects.count(), stored()) == (1, 1, kept)


def test_of_two_at_once_with_one_key_one_run_begins(api, fake, reader):
    before = stored()

    def post(_):
        return send(api, "/runs/with-files", wish(reader), ("a.txt", b"a"), idempotency_key="k").json()["id"]

    assert len(set(together(2, post))) == 1
    assert (Run.objects.count(), RunFile.objects.count(), len(stored() - before)) == (1, 1, 1)


def test_the_run_page_shows_what_was_given(api, client_of, owner, reader):
    run = Run.objects.get(pk=send(api, "/runs/with-files", wish(reader), ("a.txt", b"a")).json()["id"])
    html = client_of(owner).get(f"/runs/{run.pk}/").content.decode()
    assert "given with the message" in html
    assert f"/runs/{run.pk}/files/{run.files.get().pk}/" in html
