"""API keys: `sayso_<id 12>_<secret 43><checksum 8>`. Only the digest of the secret is kept."""

import hashlib
import re
import secrets
import string
import zlib
from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import User
from django.utils.timezone import now

from teammates.models import ApiKey

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
# The clients of both doors decide with the key that starts, so a key of the terminal may.
DEFAULT_SCOPES = [scope for scope in SCOPES if scope != "admin:*"]


def create(
    owner: User, name: str, scopes: Iterable[str] = DEFAULT_SCOPES, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """The new key's row and its text, which cannot be had again."""
    wanted = list(dict.fromkeys(scopes))
    if unknown := [scope for scope in wanted if scope not in SCOPES]:
        raise ValueError(f"There is no scope {', '.join(unknown)}. Scopes are: {', '.join(SCOPES)}.")
    key_id, secret = random_text(12), random_text(43)  # 43 of 62 letters carry 256 bits
    key = ApiKey.objects.create(
        owner=owner, name=name, key_id=key_id, digest=digest_of(secret), scopes=wanted, expires_at=expires_at
    )
    text = f"sayso_{key_id}_{secret}"
    return key, text + checksum(text)


def authenticate(text: str) -> ApiKey | None:
    """The key, if it may be used now; one answer for malformed, unknown, wrong, revoked, expired and disabled."""
    match = SHAPE.fullmatch(text)
    if not match or checksum(match[1]) != match[4]:
        return None
    key = ApiKey.objects.select_related("owner").filter(key_id=match[2]).first()
    right = secrets.compare_digest(key.digest if key else digest_of(""), digest_of(match[3]))
    return key if key and right and is_usable(key) else None


def is_usable(key: ApiKey) -> bool:
    expired = key.expires_at is not None and key.expires_at <= now()
    return key.revoked_at is None and not expired and key.owner.is_active


def revoke(key: ApiKey) -> None:
    """From now on the key opens nothing; revoking again changes nothing."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now())
    key.refresh_from_db()


def revoke_all(owner: User) -> int:
    return ApiKey.objects.filter(owner=owner, revoked_at=None).update(revoked_at=now())


def random_text(length: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def checksum(text: str) -> str:
    """Lets scanners and log filters recognise a key without asking us."""
    return f"{zlib.crc32(text.encode()):08x}"
