"""The tools that every installation has, used by a model."""

import json

import pytest

from runs import services
from runs.files import TEXT_LIMIT, store
from runs.pages import blocks
from teammates.models import Memory
from tests.machine import results

pytestmark = pytest.mark.django_db(transaction=True)


# --- files ---


def test_a_file_that_is_written_can_be_listed_and_read(use):
    run = use(
        ("write_file", {"name": "a.md", "content": "héllo"}),
        ("list_files", {}),
        ("read_file", {"name": "a.md"}),
    )
    assert [result for _, result in results(run)] == ["Wrote a.md, 6 bytes.", "a.md", "héllo"]
    assert run.events.get(kind="file.written").data["name"] == "a.md"
    assert run.files.get().media_type == "text/markdown"


def test_to_write_a_name_again_replaces_the_file_and_its_bytes(use, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    run = use(*[("write_file", {"name": "a.md", "content": text}) for text in ("one", "two")])
    with run.files.get().content as stored:
        assert stored.read() == b"two"
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_a_file_knows_the_call_that_wrote_it_as_it_is_now(use):
    writes = [("write_file", {"name": "a.md", "content": text}) for text in ("one", "two")]
    run = use(*writes, ("announce", {"channel": "a.md", "text": "two"}), ("read_file", {"name": "a.md"}))
    assert run.files.get().call == run.calls.all()[1]
    [block] = [block for block in blocks(run.calls.all(), [run.files.get()], {}) if block.kind == "file"]
    assert block.things == [run.files.get()]


@pytest.mark.parametrize(
    "name",
    ["../../x", "a/b", "a\\b", "/etc/passwd", "..", ".", "...", " ", "a\nb", "a\u202eb", "a\u200bb", "é" * 101],
)
def test_a_name_that_is_not_flat_is_refused_in_words(use, name, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    run = use(("write_file", {"name": name, "content": "x"}))
    [(state, result)] = results(run)
    assert (state, run.status, run.files.count()) == ("failed", "completed", 0)
    assert "is not a file name" in result
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_files_of_the_conversation_are_readable_and_others_are_not(use, owner, carry, fake):
    first = use(("write_file", {"name": "a.md", "content": "ours"}))
    fake.call("write_file", {"name": "b.md", "content": "x"})
    reply = carry(services.reply(first, "More", by=owner))
    assert reply.files.count() == 1
    other = use(("read_file", {"name": "a.md"}))
    assert results(other) == [("failed", "There is no file 'a.md'. There are: none.")]
    again = use(("read_file", {"name": "a.md"}), ("list_files", {}), session=first.session)
    assert results(again) == [("succeeded", "ours"), ("succeeded", "b.md\na.md")]


def test_what_is_no_text_or_too_long_is_said(use, owner):
    first = use(("list_files", {}))
    store(first, "photo.png", b"\x89PNG\xff\xfe")
    store(first, "long.txt", b"x" * (TEXT_LIMIT + 1))
    run = use(("read_file", {"name": "photo.png"}), ("read_file", {"name": "long.txt"}), session=first.session)
    assert run.calls.first().result == "'photo.png' is not a text file."
    assert run.calls.last().result.endswith("(cut here)")


# --- clock, list, memory, announcement ---


def test_the_clock(use):
    run = use(("current_time", {"timezone": "Europe/Berlin"}), *[("current_time", {"timezone": z}) for z in BAD_ZONES])
    first, *others = results(run)
    assert first[0] == "succeeded" and first[1].split()[-1] in ("CET", "CEST")
    assert {state for state, _ in others} == {"failed"}


BAD_ZONES = ["Mars/Olympus", "", "../../etc/passwd", "/etc/localtime", "Europe"]


def test_the_list_of_steps_is_shown(use):
    items = [{"text": "Ask", "done": True}, {"text": "Write", "done": False}]
    run = use(("todo_write", {"items": items}), ("todo_write", {"items": [{"text": "x"}] * 51}))
    assert results(run)[0] == ("succeeded", "1 of 2 done.")
    assert [event.data for event in run.events.filter(kind="todos")] == [{"items": items}]


def test_what_is_remembered_is_found_by_all_its_words(use):
    facts = ["Ana likes tea", "Ben likes coffee"]
    use(*[("remember", {"text": fact}) for fact in facts], tools=["recall"])
    memories = {"likes": 2, "LIKES ana": 1, "": 2, "%": 0, "wine": 0}
    run = use(*[("recall", {"words": words}) for words in memories], tools=["remember"])
    found = [0 if text == "Nothing remembered." else len(text.splitlines()) for _, text in results(run)]
    assert found == list(memories.values())


def test_what_is_remembered_stays_with_teammate_and_person(use, outsider, fake):
    run = use(("remember", {"text": "a secret"}), ("recall", {}))
    Memory.objects.update(owner=outsider)
    assert results(use(("remember", {"text": "other"}), ("recall", {})))[1] == ("succeeded", "- other")
    assert run.calls.last().result == "- a secret"


@pytest.mark.parametrize("mode", ["autonomous", "approval"])
def test_an_announcement_asks_in_every_mode_and_is_written_once(use, allow, carry, settings, tmp_path, mode):
    settings.DATA_DIR = tmp_path
    run = use(("announce", {"channel": "news", "text": "Hi"}), mode=mode)
    assert (run.status, list(tmp_path.iterdir())) == ("paused", [])
    allow(run.approvals.get())
    carry(run)
    [line] = (tmp_path / "announcements.jsonl").read_text().splitlines()
    assert json.loads(line)["key"] == str(run.calls.get().idempotency_key)
