"""Files that come with a run, from the form to the model and back (contract 2.7)."""

import base64
import json
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from api.agentos.media import AUDIO, DOCUMENTS, IMAGES, TEXTS, VIDEO
from runs.models import Event, Run, RunFile, Session
from tests import papers
from tests.api.agentos.door import events_of, names, problem_of, row
from tests.source import text

EDGE = "edge"


def form(files, field="files", **fields):
    """A multipart form as clients send it: `files` are (name, content type, bytes)."""
    whole = b""
    for name, value in {"message": "Look", "stream": "false", **fields}.items():
        whole += f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for name, kind, data in files:
        typed = f"Content-Type: {kind}\r\n" if kind else ""
        head = f'--{EDGE}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n{typed}\r\n'
        whole += head.encode() + data + b"\r\n"
    return whole + f"--{EDGE}--\r\n".encode()


def send(door, *files, to="/agents/helper", **fields):
    return door.post(f"{to}/runs", form(files, **fields), f"multipart/form-data; boundary={EDGE}")


def asked(fake):
    """What the model was shown of the message."""
    return [message["content"] for message in fake.requests[-1]["messages"] if message["role"] == "user"][-1]


def stored():
    try:
        return set(default_storage.listdir("runs")[1])
    except FileNotFoundError:
        return set()


@pytest.fixture
def nothing_left(transactional_db):
    """A refused request leaves neither rows nor events nor bytes."""
    before = stored()
    yield
    assert [model.objects.count() for model in (Run, Session, RunFile, Event)] == [0, 0, 0, 0]
    assert stored() == before


@pytest.fixture
def helper(fake, teammate_with):
    return teammate_with()


PNG = ("a.png", "image/png", papers.PNG)


def test_a_run_with_files_shows_them_to_the_model_and_tells_of_them(fake, helper, door):
    files = [
        PNG,
        ("b.wav", "audio/wav", papers.wav()),
        ("c.pdf", "application/pdf", papers.pdf("Buy milk")),
        ("d.csv", "text/csv", b"x,y"),
    ]
    told = send(door, *files).json()
    assert told["status"] == "COMPLETED"
    assert [part["type"] for part in asked(fake)] == [
        "text",
        "text",
        "image_url",
        "text",
        "input_audio",
        "text",
        "text",
    ]
    assert "Buy milk" in asked(fake)[5]["text"]
    given = told["input"]
    assert given["input_content"] == "Look"
    assert [[one["filename"] for one in given[field]] for field in ("images", "audios", "files")] == [
        ["a.png"],
        ["b.wav"],
        ["c.pdf", "d.csv"],
    ]
    assert given["images"][0]["mime_type"] == "image/png"
    assert given["images"][0]["size"] == len(papers.PNG)
    assert "content" not in given["images"][0]
    assert door.look(told).json()["input"] == given


def test_a_run_without_files_tells_of_none(helper, door):
    assert door.run()["input"] == {"input_content": "Do it"}


@pytest.mark.parametrize(
    "kind",
    [
        f"{family}/{name}"
        for family, every in {
            "image": IMAGES,
            "audio": AUDIO,
            "video": VIDEO,
            "text": TEXTS,
            "application": DOCUMENTS,
        }.items()
        for name in every.split()
    ],
)
def test_every_type_of_the_contract_is_taken(helper, door, kind):
    response = send(door.leave(), ("x", kind, b"x"), background="true")
    assert response.status_code == 202
    assert list(row(response.json()).files.values_list("kind", "name", "media_type")) == [("input", "x", kind)]


@pytest.mark.parametrize("kind", ["image/gif", "image/heic", "audio/flac", "video/mp4", "text/csv", "application/pdf"])
def test_a_team_takes_what_an_agent_takes(member, team_of, door, kind):
    team_of(member("ann"))
    response = send(door.leave(), ("x", kind, b"x"), to="/teams/crew", background="true")
    assert response.status_code == 202
    run = Run.objects.get(uuid=response.json()["run_id"])
    assert list(run.files.values_list("name", "media_type")) == [("x", kind)]


def test_the_leader_of_a_team_is_shown_its_files(fake, member, team_of, door):
    team_of(member("ann"))
    given = send(door, PNG, ("d.csv", "text/csv", b"x,y"), to="/teams/crew").json()["input"]
    assert [one["filename"] for one in [*given["images"], *given["files"]]] == ["a.png", "d.csv"]
    assert "image_url" in [part["type"] for part in asked(fake)]


@pytest.mark.parametrize(
    ("family", "every"),
    [("image", IMAGES), ("audio", AUDIO), ("video", VIDEO), ("text", TEXTS), ("application", DOCUMENTS)],
)
def test_every_type_that_is_taken_is_documented(family, every):
    assert f"| {family}/ | {every} |" in text(Path("docs/files.md"))


@pytest.mark.parametrize("kind", ["Text/Plain", "text/plain; charset=utf-8"])
def test_a_type_is_known_in_any_spelling(helper, door, kind):
    assert send(door, ("x", kind, b"x")).json()["input"]["files"][0]["mime_type"] == "text/plain"


def test_where_the_type_says_nothing_the_name_is_asked(helper, door):
    names = ["a.docx", "b.md", "c.csv", "d.webp", "e.m4a", "f.wmv"]
    response = send(door.leave(), *[(name, "application/octet-stream", b"x") for name in names], background="true")
    assert list(row(response.json()).files.order_by("pk").values_list("media_type", flat=True)) == [
        papers.DOCX,
        "text/markdown",
        "text/csv",
        "image/webp",
        "audio/m4a",
        "video/wmv",
    ]


@pytest.mark.parametrize(
    "bad",
    [
        ("a.zip", "application/zip", b"PK"),
        ("a.png", "", papers.PNG),
        ("a.bin", "application/octet-stream", papers.PNG),
        ("a.docx", "application/msword", papers.docx("Hi")),
        ("a.svg", "image/svg+xml", b"<svg/>"),
        ("a.exe", "nonsense", b"MZ"),
        ("x" * 201, "text/plain", b"x"),
    ],
    ids=["zip", "no type", "octets", "doc", "svg", "nonsense", "long name"],
)
@pytest.mark.usefixtures("nothing_left")
def test_one_bad_file_refuses_the_whole_request(fake, helper, door, bad):
    assert problem_of(send(door, PNG, bad)) == (400, "BAD_REQUEST")
    assert fake.requests == []


@pytest.mark.usefixtures("nothing_left")
def test_files_under_another_name_are_not_lost_silently(helper, door):
    assert problem_of(send(door, PNG, field="file")) == (400, "BAD_REQUEST")


@pytest.mark.usefixtures("nothing_left")
def test_what_is_wrong_beside_the_files_is_told_first(helper, door, door_of):
    assert problem_of(send(door_of(door.user, ["runs:read"]), PNG)) == (403, "FORBIDDEN")
    assert problem_of(send(door, PNG, message="")) == (422, "VALIDATION_ERROR")
    assert problem_of(send(door, PNG, to="/agents/nobody")) == (404, "NOT_FOUND")
    assert problem_of(send(door, PNG, version="999")) == (404, "NOT_FOUND")


@pytest.mark.usefixtures("nothing_left")
def test_too_many_and_too_much_is_refused(helper, door, settings):
    assert problem_of(send(door, *[PNG] * 101)) == (413, "PAYLOAD_TOO_LARGE")
    one = {"content": "eA==", "mime_type": "image/png"}
    assert problem_of(door.create(images=json.dumps([one] * 101))) == (413, "PAYLOAD_TOO_LARGE")
    settings.UPLOAD_LIMIT = 1000
    assert problem_of(send(door, ("a.txt", "text/plain", b"a" * 1000))) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("place", [b"--edge--", b"x" * 40, b"Content-Type: image", b"ook", b"--\r\n"])
def test_a_form_that_is_cut_off_starts_nothing(fake, helper, door, place):
    """Half a message, or a message without its file, is another request than was meant."""
    whole = form([PNG, ("a.txt", "text/plain", b"x" * 100)])
    cut = whole[: whole.index(place)]
    assert problem_of(door.post("/agents/helper/runs", cut, f"multipart/form-data; boundary={EDGE}")) == (
        400,
        "BAD_REQUEST",
    )
    assert fake.requests == []


def test_files_of_one_name_are_told_apart(fake, helper, door):
    told = send(door, PNG, PNG, ("a (2).png", "image/png", papers.PNG)).json()
    assert [one["filename"] for one in told["input"]["images"]] == ["a.png", "a (2).png", "a (2) (2).png"]


def test_of_a_path_only_the_name_is_kept(helper, door):
    told = send(door, ("../../etc/a.txt", "text/plain", b"x")).json()
    assert [one["filename"] for one in told["input"]["files"]] == ["a.txt"]


def test_a_lying_type_is_told_to_the_model(fake, helper, door):
    told = send(door, ("a.png", "image/png", b"<html>"), ("b.pdf", "application/pdf", papers.PNG)).json()
    assert told["status"] == "COMPLETED"
    assert ["cannot be read" in part["text"] or "no image" in part["text"] for part in asked(fake)] == [0, 1, 1]


def test_a_video_ends_in_an_error_event(fake, helper, door):
    events = events_of(send(door, ("a.mp4", "video/mp4", papers.MP4), stream="true"))
    assert names(events) == ["RunStarted", "RunError"]
    assert "a.mp4 is a video" in events[-1]["content"]
    assert fake.requests == []


def test_a_model_that_takes_no_pictures_ends_in_an_error_event(fake, helper, door):
    fake.error(400)
    events = events_of(send(door, PNG, stream="true"))
    assert names(events) == ["RunStarted", "ModelRequestStarted", "RunError"]
    assert "not every model takes" in events[-1]["content"]


# --- JSON in the fields, as AgentOSClient writes it ---


def encoded(data):
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("field", "item", "shown"),
    [
        ("images", {"content": encoded(papers.PNG), "mime_type": "image/png"}, ("images", "images-1.png")),
        ("images", {"content": encoded(papers.PNG), "format": "png", "id": None}, ("images", "images-1.png")),
        ("images", {"url": f"data:image/png;base64,{encoded(papers.PNG)}"}, ("images", "images-1.png")),
        ("audio", {"content": encoded(papers.MP3), "format": "mp3"}, ("audios", "audio-1")),
        ("files", {"content": "x,y", "mime_type": "text/csv", "filename": "a.csv"}, ("files", "a.csv")),
        ("files", {"content": "x,y", "filename": "a.csv"}, ("files", "a.csv")),
        ("files", {"content": encoded(papers.pdf("Hi")), "format": "pdf"}, ("files", "files-1.pdf")),
    ],
)
def test_json_in_a_field_is_taken(fake, helper, door, field, item, shown):
    told = door.run(**{field: json.dumps([item])})
    assert (told["status"], [one["filename"] for one in told["input"][shown[0]]]) == ("COMPLETED", [shown[1]])
    assert len(asked(fake)) > 1


@pytest.mark.parametrize("empty", ["", "[]"])
def test_an_empty_field_is_no_file(helper, door, empty):
    assert door.run(images=empty)["input"] == {"input_content": "Do it"}


@pytest.mark.parametrize(
    "junk",
    [
        "junk",
        "[" * 10_000,
        "{}",
        "[1]",
        "null",
        '[{"content": "%%%", "mime_type": "image/png"}]',
        '[{"content": "é", "mime_type": "image/png"}]',
        '[{"content": 1, "mime_type": "image/png"}]',
        '[{"content": "eA=="}]',
        '[{"content": "eA==", "mime_type": "image/svg+xml"}]',
        '[{"url": "https://example.org/a.png"}]',
        '[{"url": "data:image/png,x"}]',
        '[{"filepath": "/etc/passwd", "mime_type": "text/plain"}]',
        '[{"content": "eA==", "mime_type": "image/png", "filename": "../a.png"}]',
        '[{"content": "eA==", "mime_type": "image/png", "filename": "a\\u0000b"}]',
    ],
)
@pytest.mark.parametrize("field", ["images", "files"])
@pytest.mark.usefixtures("nothing_left")
def test_junk_in_a_field_is_refused(helper, door, field, junk):
    assert problem_of(door.create(**{field: junk})) == (400, "BAD_REQUEST")
