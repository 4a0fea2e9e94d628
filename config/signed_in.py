"""Who a browser's cookie speaks for: Django's own ways with prepared queries, as each request and socket asks."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from teammates.prepared import Select


class SessionStore(DatabaseStore):
    """As Django's, which this is for `SESSION_ENGINE`."""

    def _get_session_from_db(self) -> Session | None:
        found = _session.first(key=self.session_key, now=timezone.now())
        if found is None:
            self._session_key = None
        return found


class Accounts(ModelBackend):
    def get_user(self, user_id: Any) -> User | None:
        user = _user.first(pk=int(user_id))
        return user if user and self.user_can_authenticate(user) else None


@Select
def _session(key: Any, now: Any) -> "QuerySet[Session]":
    return Session.objects.filter(session_key=key, expire_date__gt=now)


@Select
def _user(pk: Any) -> "QuerySet[User]":
    return User.objects.filter(pk=pk)
