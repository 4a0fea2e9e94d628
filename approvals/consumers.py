"""What waits for this person, pushed to every page: the count, and which gates opened or closed."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from channels.db import database_sync_to_async

from approvals.access import waiting_count
from approvals.asking import INBOX
from runs.consumers import PageConsumer, RunConsumer
from runs.live.hub import hub
from teammates.accounts import oversees

PAUSE = 0.2  # seconds in which further news gather, so that a burst of gates costs each page a few counts
SILENCE = 30.0  # seconds after which the count is looked up all the same


class InboxConsumer(PageConsumer):
    def pipes(self, user: Any) -> list[Coroutine[Any, Any, None]]:
        return [self.watch_inbox(user)]

    async def watch_inbox(self, user: Any) -> None:
        """Push {"inbox": {"count", "new"}} soon and whenever it may have changed; `new` names the touched gates.

        {"late": true} says that news are held up, and the page only hears what is looked for every few seconds.
        """
        look, told, told_late = database_sync_to_async(standing), -1, False
        with hub.follow(INBOX) as follower:
            names: list[str] = []
            while True:
                await asyncio.sleep(PAUSE)  # at the beginning too: the page has just been counted
                if hub.is_late != told_late:
                    told_late = hub.is_late
                    await self.tell({"late": told_late})
                waiting, sees_all = await look(user)
                if names or waiting != told:
                    await self.tell({"inbox": {"count": waiting, "new": names}})
                told = waiting
                items = await follower.next(SILENCE)
                names = [name for owner_id, name in items if sees_all or owner_id == user.pk]


def standing(user: Any) -> tuple[int, bool]:
    """How many gates wait for this person, and whether those of everybody's runs count."""
    return waiting_count(user), oversees(user)


class RunPageConsumer(InboxConsumer, RunConsumer):
    """The run page's one socket: its run's events and the inbox."""

    def pipes(self, user: Any) -> list[Coroutine[Any, Any, None]]:
        return [*RunConsumer.pipes(self, user), *InboxConsumer.pipes(self, user)]
