"""What an account sets for its clients: limits for its end users, and whether one has to be named."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from teammates.models import AccountSettings
from teammates.prepared import Select


def settings_of(owner: User) -> AccountSettings:
    """The account's settings, or the defaults as a row that is not written."""
    return AccountSettings.objects.filter(pk=owner.pk).first() or AccountSettings(owner=owner)


def change(owner: User, changes: dict[str, Any], kept: dict[str, bool]) -> AccountSettings:
    """Set what is given and leave the rest; `kept` are switches that are only remembered."""
    row, _ = AccountSettings.objects.get_or_create(owner=owner)
    for field, value in changes.items():
        setattr(row, field, value)
    row.kept |= kept
    row.save(update_fields=[*changes, "kept"])
    return row


def needs_end_user(owner: User) -> bool:
    """Must everything that is made name the end user that it is for?"""
    return bool(_strict(owner=owner.pk))


@Select
def _strict(owner: Any) -> "QuerySet[AccountSettings, int]":
    return AccountSettings.objects.filter(pk=owner, require_end_user_id=True).values_list("pk", flat=True)
