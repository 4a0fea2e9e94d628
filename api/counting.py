"""Counts what must not be done too often: for all processes together, or for this one while Redis is away."""

import logging

from django.conf import settings
from limits import RateLimitItem
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

logger = logging.getLogger("sayso.api")


class Counter:
    def __init__(self) -> None:
        self.storage = storage_from_string(settings.LIMITS_URL, wrap_exceptions=True)
        self._shared = MovingWindowRateLimiter(self.storage)
        self._own = MovingWindowRateLimiter(MemoryStorage())

    def hit(self, limit: RateLimitItem, *who: str) -> bool:
        """Count one more; False when that is too many."""
        try:
            return self._shared.hit(limit, *who)
        except StorageError as error:
            logger.warning("Redis is away (%s): attempts are counted in each process.", error)
            return self._own.hit(limit, *who)

    def clear(self, limit: RateLimitItem, *who: str) -> None:
        try:
            self._shared.clear(limit, *who)
        except StorageError:
            self._own.clear(limit, *who)
