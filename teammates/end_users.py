"""Whom the clients of an account work for: a profile under the client's own name, and what they may use up."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from teammates.account_settings import settings_of
from teammates.errors import Refused
from teammates.models import AccountSettings, EndUser


@dataclass(frozen=True)
class Limits:
    """Runs and cost of a calendar month, runs of a minute; None: as many as they like."""

    run_limit: int | None
    cost_limit_cents: int | None
    rate_per_minute: int | None

    def __bool__(self) -> bool:
        return (self.run_limit, self.cost_limit_cents, self.rate_per_minute) != (None, None, None)


def limits_of(owner: User, user_id: str) -> Limits:
    """The end user's own, and where there is none, what the account has set for each of them."""
    return limits_of_all(owner, [user_id])[user_id]


def limits_of_all(owner: User, user_ids: list[str]) -> dict[str, Limits]:
    usual = settings_of(owner)
    known = {user.user_id: user for user in EndUser.objects.filter(owner=owner, user_id__in=user_ids)}
    return {user_id: limits_from(known.get(user_id, usual), usual) for user_id in user_ids}


def limits_from(own: EndUser | AccountSettings, usual: AccountSettings) -> Limits:
    return Limits(
        usual.run_limit if own.run_limit is None else own.run_limit,
        usual.cost_limit_cents if own.cost_limit_cents is None else own.cost_limit_cents,
        usual.rate_per_minute if own.rate_per_minute is None else own.rate_per_minute,
    )


def add(owner: User, user_id: str, **fields: Any) -> EndUser:
    """`Refused` (exists) where the account has one of this name already."""
    user, made = EndUser.objects.get_or_create(owner=owner, user_id=user_id, defaults=fields)
    if not made:
        raise Refused(f"There is a user {user_id!r} already.", field="user_id", code="exists")
    return user


def change(user: EndUser, **fields: Any) -> EndUser:
    for name, value in fields.items():
        setattr(user, name, value)
    user.save(update_fields=[*fields, "updated_at"])
    return user
