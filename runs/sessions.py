"""Conversations: found by the client's own key for them, or begun; named, changed and deleted."""

import uuid
from contextlib import suppress
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError
from django.db.models import F, FloatField, Min, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from runs import services
from runs.errors import Refused
from runs.locks import write
from runs.models import Run, Session, SessionKind, WrongStatus
from teammates.exact import clean
from teammates.legible import without_misleading
from teammates.prepared import insert

KEY_LIMIT = NAME_LIMIT = 200
WRONG_USER = "This session has runs of another user_id, or of none. Choose another session_id."


def open_session(
    owner: User, key: str = "", *, user_id: str = "", kind: str = SessionKind.AGENT, state: dict[str, Any] | None = None
) -> Session:
    """The account's conversation of this key, begun when there is none; `state` is merged into what it keeps.

    An end user is given a conversation of their own, or one without runs. `Refused` (wrong_user) when it has runs of
    another or of none, and when the key cannot be one.
    """
    check(key, user_id)
    with write(savepoint=False):
        if not key:
            fields = {"key": str(uuid.uuid4()), "user_id": user_id, "session_state": state or {}}
            return insert(Session(owner=owner, kind=kind, **fields))
        session = found_or_begun(owner, key, user_id, kind)
        changes: dict[str, Any] = {}
        if user_id and session.user_id != user_id:
            if session.user_id or Run.objects.filter(session=session).exists():
                raise Refused(WRONG_USER, field="user_id", code="wrong_user")
            changes["user_id"] = user_id
        if state:
            changes["session_state"] = {**session.session_state, **state}
        if changes:
            # Another user may have become its first one since it was read.
            if not Session.objects.filter(pk=session.pk, user_id=session.user_id).update(**changes):
                raise Refused(WRONG_USER, field="user_id", code="wrong_user")
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


def begin(owner: User, key: str = "", *, user_id: str = "", **fields: Any) -> Session:
    """A new conversation without a run. `Refused` (exists) when the account has one of this key."""
    check(key, user_id)
    fields["name"] = fitting(fields.get("name", ""))
    try:
        with write():
            return Session.objects.create(owner=owner, key=key or str(uuid.uuid4()), user_id=user_id, **fields)
    except IntegrityError:
        raise Refused(f"There is a session {key!r} already.", field="session_id", code="exists") from None


def change(session: Session, **fields: Any) -> Session:
    """Set `name`, `session_state`, `metadata` or `summary`. `Refused` (deleted) when it is gone."""
    if "name" in fields:
        fields["name"] = fitting(fields["name"])
    with write():
        services.touch(session, **fields)
        session.refresh_from_db()
    return session


def delete(session: Session, *, by: User) -> None:
    """Hide it with all its runs and stop those that live, in one transaction; once more changes nothing.

    Decisions and events stay until retention removes them. Its key is free for another conversation.
    """
    with write(durable=True):
        live = Run.objects.filter(session=session).live()
        # Tops before what is below them, and runs before their session: the order in which workers lock them.
        live.roots().update(last_seq=F("last_seq"))
        live.update(last_seq=F("last_seq"))
        Session.objects.filter(pk=session.pk).update(hidden=True)
        for run in live:
            with suppress(WrongStatus):
                services.cancel(run, by=by, reason="The conversation was deleted.")
    session.hidden = True


def check(key: str, user_id: str) -> None:
    if len(key) > KEY_LIMIT or len(user_id) > KEY_LIMIT or clean(key + user_id) != key + user_id:
        raise Refused(f"session_id and user_id may have {KEY_LIMIT} characters, and no NUL.", field="session_id")


def fitting(name: str) -> str:
    name = name.strip()
    if len(name) > NAME_LIMIT:
        raise Refused(f"A name may have {NAME_LIMIT} characters.", field="session_name")
    return name


def names_of(sessions: list[Session]) -> dict[int, str]:
    """What each is called: its name, or the first line of its first message; "" before there is one."""
    unnamed = [session.pk for session in sessions if not session.name]
    oldest = Run.objects.filter(session__in=unnamed).values("session").annotate(first=Min("pk")).values("first")
    runs = Run.objects.filter(pk__in=oldest).only("session_id", "message")
    named = {session.pk: without_misleading(session.name) for session in sessions}
    return named | {run.session_id: run.title for run in runs}


def tokens_of(session: Session) -> dict[str, int]:
    """What its runs have used up together, by the names of `Run.usage`."""
    names = ("prompt_tokens", "completion_tokens")
    sums = {name: Sum(Cast(KT(f"usage__{name}"), FloatField())) for name in names}
    found = Run.objects.filter(session=session).aggregate(**sums)
    return {name: int(total or 0) for name, total in found.items()}
