"""What cannot be done with a run; `Refused` is of the room below and known here by the same name."""

from datetime import datetime
from typing import Any

from teammates.errors import Refused

__all__ = ["Limited", "Refused"]


class Limited(Refused):
    """An end user has used up what is theirs. `retry_after`: seconds until it may work again, where waiting helps."""

    def __init__(self, message: str, *, code: str, retry_after: int | None = None, until: datetime | None = None):
        super().__init__(message, field="user_id", code=code)
        self.retry_after = retry_after
        self.details: dict[str, Any] = {"period_end": until.isoformat()} if until else {}
