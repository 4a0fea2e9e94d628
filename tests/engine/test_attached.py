"""The files of a message reach the model: pictures and sound as they are, documents as text; read once."""

import base64
import threading

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from runs import documents, services
from runs.document_models import DocumentText
from runs.models import RunFile
from runs.uploads import laid_down
from tests import papers
from tests.machine import kinds, told


@pytest.fixture
def begin(owner, teammate_with):
    """A run with files, given as name=bytes."""

    def begin(files, *tools, teammate=None, message="What is it?", **more):
        teammate = teammate or teammate_with(*tools)
        with laid_down([ContentFile(data, name) for name, data in files.items()]) as given:
            return services.start(owner=owner, teammate=teammate, message=message, files=given, **more)

    return begin


def asked(fake, request=-1):
    """What the person said, as the model was shown it."""
    return [message["content"] for message in fake.requests[request]["messages"] if message["role"] == "user"][-1]


def data_url(kind, data):
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def test_without_files_the_message_is_plain_text(fake, start, carry, teammate_with):
    carry(start(teammate_with(), "Hello"))
    assert asked(fake) == "Hello"


def test_pictures_are_shown(fake, begin, carry):
    run = carry(begin({"a.png": papers.PNG, "b.jpg": papers.JPEG}))
    assert run.status == "completed"
    assert asked(fake) == [
        {"type": "text", "text": "What is it?"},
        {"type": "text", "text": "a.png:"},
        {"type": "image_url", "image_url": {"url": data_url("png", papers.PNG)}},
        {"type": "text", "text": "b.jpg:"},
        {"type": "image_url", "image_url": {"url": data_url("jpeg", papers.JPEG)}},
    ]


@pytest.mark.parametrize(("name", "data", "form"), [("a.wav", papers.wav(), "wav"), ("a.mp3", papers.MP3, "mp3")])
def test_sound_is_played(fake, begin, carry, name, data, form):
    carry(begin({name: data}))
    assert asked(fake)[-1] == {
        "type": "input_audio",
        "input_audio": {"data": base64.b64encode(data).decode(), "format": form},
    }


def test_a_picture_is_what_its_bytes_say(fake, begin, carry):
    carry(begin({"a.png": papers.JPEG, "b.png": b"<html>", "c.wav": b""}))
    shown = asked(fake)
    assert shown[2]["image_url"]["url"] == data_url("jpeg", papers.JPEG)
    assert shown[3:] == [
        {"type": "text", "text": "b.png: (It is no image that a model can take, whatever its type says.)"},
        {"type": "text", "text": "c.wav: (It is no audio that a model can take, whatever its type says.)"},
    ]


def test_documents_are_read_to_it(fake, begin, carry):
    carry(begin({"a.pdf": papers.pdf("Buy milk"), "b.docx": papers.docx("Buy tea"), "c.csv": b"x,y\n1,2"}))
    assert [part["text"] for part in asked(fake)] == [
        "What is it?",
        "--- a.pdf ---\nBuy milk\n\n--- end of a.pdf ---",
        "--- b.docx ---\nBuy tea\n\n--- end of b.docx ---",
        "--- c.csv ---\nx,y\n1,2\n--- end of c.csv ---",
    ]


def test_what_cannot_be_read_is_told_to_the_model(fake, begin, carry):
    run = carry(begin({"a.pdf": papers.pdf("Secret", password="x"), "b.zip": b"PK\x00\x00"}))
    assert run.status == "completed"
    words = [part["text"] for part in asked(fake)]
    assert "encrypted" in words[1]
    assert "no text" in words[2]


def test_all_documents_of_a_message_share_one_room(fake, begin, carry):
    carry(begin({"a.txt": b"a" * 150_000, "b.txt": b"b" * 150_000, "c.txt": b"c" * 10}))
    shown = "".join(part["text"] for part in asked(fake))
    assert (shown.count("a" * 150_000), shown.count("b" * 50_000), shown.count("c" * 10)) == (1, 1, 0)
    assert shown.count("Cut here") == 2


def test_a_video_fails_the_run_before_the_model_is_asked(fake, begin, carry):
    run = carry(begin({"a.mp4": papers.MP4}))
    assert (run.status, run.error_code) == ("failed", "unsupported_media")
    assert "a.mp4 is a video" in run.error
    assert kinds(run) == ["run.queued", "run.started", "run.failed"]
    assert fake.requests == []


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("status", "hint"), [(400, True), (401, False), (500, False)])
def test_a_model_that_refuses_pictures_fails_the_run_in_words(fake, begin, carry, status, hint):
    fake.default.error(status, retry_after=0)
    run = carry(begin({"a.png": papers.PNG}))
    assert (run.status, run.error_code) == ("failed", "model_refused")
    assert ("which not every model takes" in run.error) is hint


def test_a_refusal_of_plain_text_is_not_blamed_on_pictures(fake, start, carry, teammate_with):
    fake.error(400)
    assert "pictures" not in carry(start(teammate_with())).error


def test_after_a_pause_nothing_is_read_again(fake, begin, carry, teammate_with, posted, allow, monkeypatch):
    fake.call("post", {"text": "hello"})
    run = carry(begin({"a.pdf": papers.pdf("Buy milk")}, teammate=teammate_with("post", mode="approval")))
    assert run.status == "paused"
    assert DocumentText.objects.get().text == "Buy milk\n"
    monkeypatch.setattr(documents, "read", None)
    allow(run.approvals.get())
    assert carry(run).status == "completed"
    assert asked(fake, 0) == asked(fake, 1)


def test_only_the_runs_own_message_carries_its_files(fake, begin, carry, owner):
    first = carry(begin({"a.png": papers.PNG}))
    carry(services.reply(first, "And now?", by=owner))
    said = [message["content"] for message in fake.requests[-1]["messages"] if message["role"] == "user"]
    assert said == ["What is it?", "And now?"]


def test_a_retry_is_about_the_same_files(fake, begin, carry, owner):
    fake.error(400)
    first = carry(begin({"a.pdf": papers.pdf("Buy milk")}))
    second = carry(services.retry(first, by=owner))
    third = carry(services.retry(second, by=owner))
    assert third.status == "completed"
    assert "Buy milk" in asked(fake)[-1]["text"]
    assert RunFile.objects.count() == 1


def test_a_reply_may_read_what_a_document_said(fake, begin, carry, owner, teammate_with):
    first = carry(begin({"a.pdf": papers.pdf("Buy milk")}, teammate=teammate_with("read_file")))
    fake.call("read_file", {"name": "a.pdf"})
    carry(services.reply(first, "Again?", by=owner))
    assert told(fake) == ["Buy milk\n"]


def test_a_file_that_is_gone_is_told(fake, begin, carry):
    run = begin({"a.png": papers.PNG, "b.txt": b"b"})
    for file in run.files.all():
        default_storage.delete(file.content.name)
    assert carry(run).status == "completed"
    assert [part["text"].count("gone from the storage") for part in asked(fake)] == [0, 1, 1]


@pytest.mark.usefixtures("impatient")
def test_the_script_without_a_model_takes_files_too(begin, carry, settings):
    settings.DEFAULT_MODEL = "demo"
    run = carry(begin({"a.png": papers.PNG, "b.txt": b"b"}, message="A picnic", human_in_the_loop=False))
    assert run.status == "completed", run.error
    assert "A picnic" in run.output


def test_a_run_that_is_cancelled_while_a_document_is_read_ends_at_once(fake, begin, carry, aside, owner, monkeypatch):
    reading, done = threading.Event(), threading.Event()

    def read(*_):
        reading.set()
        done.wait(10)
        return "late"

    monkeypatch.setattr(documents, "read", read)
    run = begin({"a.pdf": papers.pdf("Buy milk")})
    carried = aside(carry, run)
    assert reading.wait(10)
    services.cancel(run, by=owner)
    carried.result(5)
    done.set()
    run.refresh_from_db()
    assert (run.status, fake.requests, DocumentText.objects.count()) == ("cancelled", [], 0)
