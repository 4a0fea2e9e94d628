"""Who has lost the sight of a run hears no more of it."""

import pytest
from asgiref.sync import sync_to_async

from runs import consumers
from runs.live import visitors
from teammates import keys
from tests.live.test_sockets import last_word
from tests.live.wire import inside, on

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_key_with_a_new_text_holds_nothing_open_under_the_old_one(owner):
    key, _ = keys.create(owner, "robot")
    name = f"{visitors.KEY}{key.key_id}"
    assert visitors.holds(name)
    keys.rotate(key, by=key)
    assert not visitors.holds(name) and visitors.holds(f"{visitors.KEY}{key.key_id}")


def test_a_reviewer_who_is_none_any_more_is_shut_out_of_the_runs_of_others(asked, reviewer, monkeypatch):
    monkeypatch.setattr(visitors, "RECHECK", 0.02)

    async def lose_the_role(socket):
        await socket.events(1)
        await sync_to_async(reviewer.groups.clear)()
        return await last_word(socket)

    assert inside(on(asked), reviewer, lose_the_role) == consumers.NOT_FOUND
