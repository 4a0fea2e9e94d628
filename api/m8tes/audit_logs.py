"""What keys of the account have asked for (contract 3); written in `api/audit.py`."""

from typing import Any, Literal

from django.http import HttpResponse
from ninja import Query, Router

from api.auth import READ, Request
from api.m8tes.answers import iso
from api.m8tes.pages import Page, page_of
from api.models import AuditLog

router = Router(tags=["audit logs"])
EXACT = ("action", "resource_type", "status_code")


class AuditFilter(Page):
    action: str | None = None
    resource_type: str | None = None
    method: str | None = None
    status_code: int | None = None
    auth: Literal["all", "api_key", "dashboard"] = "all"


@router.get("", auth=READ, summary="List what was asked for, newest first")
def audit_list(request: Request, query: Query[AuditFilter]) -> HttpResponse:
    wanted = {field: getattr(query, field) for field in EXACT if getattr(query, field) is not None}
    if query.method is not None:
        wanted["method"] = query.method.upper()
    if query.auth != "all":  # the pages keep no log of their own yet, so "dashboard" finds nothing
        wanted["auth"] = query.auth
    return page_of(AuditLog.objects.filter(owner=request.auth.user, **wanted), query, audit_shape)


def audit_shape(entry: AuditLog) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "method": entry.method,
        "path": entry.path,
        "status_code": entry.status_code,
        "duration_ms": entry.duration_ms,
        "action": entry.action or None,
        "resource_type": entry.resource_type or None,
        "resource_id": entry.resource_id or None,
        "auth": entry.auth,
        "api_key_prefix": f"sayso_{entry.key}" if entry.key else None,
        "created_at": iso(entry.at),
    }
