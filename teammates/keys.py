"""API keys: `sayso_<id 12>_<secret 43><checksum 8>`. Only the digest of the secret is kept."""

import hashlib
import re
import secrets
import string
import zlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from teammates.models import ApiKey
from teammates.prepared import Select

LETTERS = string.ascii_letters + string.digits
SHAPE = re.compile(r"(sayso_([A-Za-z0-9]{12})_([A-Za-z0-9]{43}))([0-9a-f]{8})")

SCOPES = {
    "runs:read": "see runs, conversations and teammates",
    "runs:write": "start, answer by reply, retry and stop runs",
    "approvals:read": "see what waits for a decision",
    "approvals:decide": "allow and deny tool calls, answer questions",
    "files:*": "read and add files",
    "webhooks:manage": "manage webhooks",
    "admin:*": "administer this installation",
}
DECIDE = "approvals:decide"
ADMIN = "admin:*"
# The clients of both doors decide with the key that starts, so a key of the terminal may.
DEFAULT_SCOPES = [scope for scope in SCOPES if scope != ADMIN]
AT_MOST = 50  # working keys of an account, before keys make no more of them


class KeyRefused(Exception):
    """A key may not do this to a key; nothing was changed."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def create(
    owner: User, name: str, scopes: Iterable[str] = DEFAULT_SCOPES, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """The new key's row and its text, which cannot be had again."""
    wanted = list(dict.fromkeys(scopes))
    if unknown := [scope for scope in wanted if scope not in SCOPES]:
        raise ValueError(f"There is no scope {', '.join(unknown)}. Scopes are: {', '.join(SCOPES)}.")
    identity, text = fresh()
    key = ApiKey.objects.create(owner=owner, name=name, scopes=wanted, expires_at=expires_at, **identity)
    return key, text


def fresh() -> tuple[dict[str, str], str]:
    """What a row keeps of a new key, and the key's text."""
    key_id, secret = random_text(12), random_text(43)  # 43 of 62 letters carry 256 bits
    text = f"sayso_{key_id}_{secret}"
    return {"key_id": key_id, "digest": digest_of(secret)}, text + checksum(text)


def authenticate(text: str) -> ApiKey | None:
    """The key, if it may be used now; one answer for malformed, unknown, wrong, revoked, expired and disabled."""
    match = SHAPE.fullmatch(text)
    if not match or checksum(match[1]) != match[4]:
        return None
    key = key_of.first(key_id=match[2])
    right = secrets.compare_digest(key.digest if key else digest_of(""), digest_of(match[3]))
    return key if key and right and is_usable(key) else None


@Select
def key_of(key_id: Any) -> "QuerySet[ApiKey]":
    return ApiKey.objects.select_related("owner").filter(key_id=key_id)


def is_usable(key: ApiKey) -> bool:
    expired = key.expires_at is not None and key.expires_at <= now()
    return key.revoked_at is None and not expired and key.owner.is_active


@transaction.atomic
def revoke(key: ApiKey) -> None:
    """From now on the key opens nothing, nor does any key that it made; revoking again changes nothing."""
    level = [key.pk]
    while level:  # whoever is revoked makes no more, so its keys are looked for afterwards
        ApiKey.objects.filter(pk__in=level, revoked_at=None).update(revoked_at=now())
        level = list(ApiKey.objects.filter(made_by__in=level).values_list("pk", flat=True))
    key.refresh_from_db()


def revoke_all(owner: User) -> int:
    """How many there were. One that was being made meanwhile is found at the next look."""
    usable, count = ApiKey.objects.filter(owner=owner, revoked_at=None), 0
    while found := usable.update(revoked_at=now()):
        count += found
    return count


# --- what a key may do to keys ---


def family(key: ApiKey) -> list[int]:
    """The key, the keys that it made, and theirs."""
    found, level = [key.pk], [key.pk]
    while level:
        level = list(ApiKey.objects.filter(made_by__in=level).values_list("pk", flat=True))
        found += level
    return found


def manageable(by: ApiKey) -> "QuerySet[ApiKey]":
    """Itself and its family; for a key with `admin:*` every key of its account."""
    mine = ApiKey.objects.filter(owner=by.owner)
    return mine if ADMIN in by.scopes else mine.filter(pk__in=family(by))


@transaction.atomic
def make_by(by: ApiKey, name: str, expires_at: datetime | None) -> tuple[ApiKey, str]:
    """A key that may what `by` may, less `admin:*`, and that dies with it at the latest."""
    _hold(by)
    if sum(is_usable(key) for key in ApiKey.objects.select_related("owner").filter(owner=by.owner)) >= AT_MOST:
        raise KeyRefused(f"The account has {AT_MOST} keys that work. Revoke one first.", "too_many_keys")
    ends = min((moment for moment in (expires_at, by.expires_at) if moment), default=None)
    key, text = create(by.owner, name, [scope for scope in by.scopes if scope != ADMIN], ends)
    key.made_by = by
    key.save(update_fields=["made_by"])
    return key, text


@transaction.atomic
def rotate(key: ApiKey, *, by: ApiKey) -> str:
    """The key's new text. The old one opens nothing from this moment; name, scopes and end stay."""
    _hold(by)
    if not set(key.scopes) <= set(by.scopes):
        raise KeyRefused("This key may more than yours: rotate it with itself.", "missing_scope")
    identity, text = fresh()
    same = ApiKey.objects.filter(pk=key.pk, key_id=key.key_id, revoked_at=None)
    if not is_usable(key) or not same.update(**identity):
        raise KeyRefused("This key does not work any more, or has just been rotated.", "key_not_active")
    key.refresh_from_db()
    return text


def _hold(by: ApiKey) -> None:
    """Refuse what a key does that has been revoked or rotated since it came; until the transaction ends it is not."""
    if not ApiKey.objects.filter(pk=by.pk, key_id=by.key_id, revoked_at=None).update(revoked_at=None):
        raise KeyRefused("This key does not work any more.", "key_not_active")


def random_text(length: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def checksum(text: str) -> str:
    """Lets scanners and log filters recognise a key without asking us."""
    return f"{zlib.crc32(text.encode()):08x}"
