"""What is said, on its way into the log."""

import pytest
from django.utils import timezone

from runs import journal
from runs.journal import Line
from tests.machine import eventually


@pytest.mark.parametrize("delta", ["a word ", '"quoted" \\ back', "\n\t\x01\x7f", "ä 漢 😀 \u2028", ""])
def test_a_word_is_written_as_json_like_everything_else(delta):
    line = Line(7, 1, "text", {"turn": 3, "delta": delta}, timezone.now())
    assert line.body == journal.encode(line.data)
    assert Line.read(7, line.frame) == line


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_writer_that_dies_is_followed_by_another(monkeypatch):
    fresh, written = journal.Writer(), []

    def commit(batch):
        written.append(list(batch))
        if len(written) == 1:
            raise RuntimeError("Nobody foresaw this")
        return []

    monkeypatch.setattr(fresh, "_commit", commit)
    fresh.say(1, "me:1", "text", {"turn": 1, "delta": "lost"})
    eventually(lambda: written and fresh._thread is None)
    fresh.say(2, "me:2", "text", {"turn": 1, "delta": "kept"})
    fresh.hurry()
    eventually(lambda: written[1:] == [[(2, "me:2")]])
