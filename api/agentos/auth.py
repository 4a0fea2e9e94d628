"""Who may come in here: any API key of ours, `OS_SECURITY_KEY`, or everybody while the door stands open."""

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from ninja.errors import AuthenticationError
from ninja.security.base import AuthBase

from api.agentos import opening
from api.auth import MissingScope, holds, mark_used
from teammates import keys
from teammates.accounts import local_owner
from teammates.models import ApiKey

NO_HEADER = "Authorization header required: Bearer and a key"
WRONG = "Invalid authentication token"


@dataclass(frozen=True)
class Caller:
    """An account; it sees its own rows and the house's teammates, nothing else."""

    user: User
    key: ApiKey | None = None


class Request(HttpRequest):
    """A request that `Enter` has let in."""

    auth: Caller


class Enter(AuthBase):
    """Lets in who may do what `scope` names. The shared key, and the open door, act for the local owner."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Caller:
        if opening.is_open(request):
            return as_owner()
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise AuthenticationError(401, NO_HEADER)
        return self.holder(token.strip())

    def holder(self, token: str) -> Caller:
        shared = settings.OS_SECURITY_KEY
        sent = token.encode("latin-1", "replace")  # headers are bytes, read as if each were a character
        if shared and secrets.compare_digest(sent, shared.encode()):
            return as_owner()
        key = keys.authenticate(token)
        if key is None:
            raise AuthenticationError(401, WRONG)
        mark_used(key)
        if not holds(key, self.scope):
            raise MissingScope(self.scope)
        return Caller(key.owner, key)


def as_owner() -> Caller:
    owner = local_owner()
    if not owner.is_active:
        raise AuthenticationError(401, WRONG)
    return Caller(owner)


READ, WRITE = Enter("runs:read"), Enter("runs:write")
SEE, DECIDE = Enter("approvals:read"), Enter("approvals:decide")
