"""Who calls: an API key, and the account that it belongs to."""

from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.timezone import now
from ninja.security import HttpBearer

from runs.locks import write
from teammates import keys
from teammates.models import ApiKey

MARK_EVERY = timedelta(minutes=1)  # how exact "last used" is, so that not every request writes


class MissingScope(Exception):
    """The key is good, and not for this."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"This key lacks the scope {scope}. Make one that has it, with manage.py apikey create.")


@dataclass(frozen=True)
class Caller:
    """A key sees its owner's rows and the house's teammates, nothing else, whatever else its owner may see."""

    user: User
    key: ApiKey

    def may(self, scope: str) -> bool:
        return holds(self.key, scope)


def holds(key: ApiKey, scope: str) -> bool:
    family = scope.partition(":")[0]
    return bool({scope, f"{family}:*"} & set(key.scopes))


class Request(HttpRequest):
    """A request that `Bearer` has let in."""

    auth: Caller


class Bearer(HttpBearer):
    """Lets in a working key with `scope`, where one is named.

    Malformed, unknown, revoked and expired keys are all the same.
    """

    openapi_name = "ApiKey"

    def __init__(self, scope: str = "") -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Caller | None:
        """As ninja's, without the names of all headers."""
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        return self.authenticate(request, token) if scheme.lower() == "bearer" else None

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        key = keys.authenticate(token.strip())
        if key is None:
            return None
        mark_used(key)
        caller = Caller(key.owner, key)
        cast(Request, request).auth = caller  # already here, so that the audit log knows whom a scope refused
        if self.scope and not caller.may(self.scope):
            raise MissingScope(self.scope)
        return caller


def mark_used(key: ApiKey) -> None:
    moment = now()
    if key.last_used_at is None or moment - key.last_used_at > MARK_EVERY:
        with write():
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=moment)


READ, WRITE = Bearer("runs:read"), Bearer("runs:write")
SEE, DECIDE = Bearer("approvals:read"), Bearer("approvals:decide")
FILES, HOOKS = Bearer("files:*"), Bearer("webhooks:manage")
ANY = Bearer()
