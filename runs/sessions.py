"""Conversations: found by the client's own key for them, or begun."""

import uuid
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError

from runs.engine.reply import clean
from runs.errors import Refused
from runs.locks import write
from runs.models import Session, SessionKind

KEY_LIMIT = 200


def open_session(
    owner: User, key: str = "", *, user_id: str = "", kind: str = SessionKind.AGENT, state: dict[str, Any] | None = None
) -> Session:
    """The account's conversation of this key, begun when there is none; `state` is merged into what it keeps.

    `Refused` (wrong_user) when it belongs to another end user, or when the key cannot be one.
    """
    if len(key) > KEY_LIMIT or len(user_id) > KEY_LIMIT or clean(key + user_id) != key + user_id:
        raise Refused(f"session_id and user_id may have {KEY_LIMIT} characters, and no NUL.", field="session_id")
    with write():
        session = found_or_begun(owner, key or str(uuid.uuid4()), user_id, kind)
        if user_id and session.user_id and session.user_id != user_id:
            raise Refused("This session belongs to another user_id.", field="user_id", code="wrong_user")
        changes: dict[str, Any] = {}
        if user_id and not session.user_id:
            changes["user_id"] = user_id
        if state:
            changes["session_state"] = {**session.session_state, **state}
        if changes:
            Session.objects.filter(pk=session.pk).update(**changes)
            session.refresh_from_db()
    return session


def found_or_begun(owner: User, key: str, user_id: str, kind: str) -> Session:
    name = {"owner": owner, "kind": kind, "key": key, "hidden": False}
    if found := Session.objects.filter(**name).first():
        return found
    try:
        with write():
            return Session.objects.create(**name, user_id=user_id)
    except IntegrityError:  # another process began it at this moment
        return Session.objects.get(**name)
