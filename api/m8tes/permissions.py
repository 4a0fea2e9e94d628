"""Standing permissions: tools that need no approval in the runs of one scope (contract 2.4)."""

from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Field, Path, Query, Router, Schema

from api.auth import DECIDE, SEE, Request
from api.m8tes.answers import answer, iso, nothing
from api.m8tes.pages import Page, page_of
from api.m8tes.scope import end_user, one_of
from runs.locks import write
from teammates import standing
from teammates.models import PermissionRule

router = Router(tags=["permissions"])
RuleId = Annotated[int, Path(ge=1, lt=2**63)]


class NewRule(Schema):
    tool: str
    user_id: Annotated[str, Field(max_length=200)] | None = None


class RuleFilter(Page):
    user_id: str | None = None


@router.post("", auth=DECIDE, summary="Allow a tool once for all")
def create(request: Request, body: NewRule) -> HttpResponse:
    """The same again gives the same. It lifts what a mode asks; a tool that always asks goes on asking."""
    with write():
        rule = standing.grant(request.auth.user, end_user(request.auth, body.user_id), body.tool)
    return answer(rule_shape(rule), 201)


@router.get("", auth=SEE, summary="List what is allowed once for all in one scope, newest first")
def rule_list(request: Request, query: Query[RuleFilter]) -> HttpResponse:
    return page_of(standing.rules_of(request.auth.user).filter(user_id=query.user_id or ""), query, rule_shape)


@router.delete("/{rule_id}", auth=DECIDE, summary="Ask again")
def revoke(request: Request, rule_id: RuleId, user_id: str | None = None) -> HttpResponse:
    """In exactly the scope that is given: without a `user_id`, in the account's own."""
    with write():
        standing.revoke(one_of(standing.rules_of(request.auth.user), rule_id, user_id or "", "permission"))
    return nothing()


def rule_shape(rule: PermissionRule) -> dict[str, Any]:
    return {
        "id": rule.pk,
        "tool_name": rule.tool,
        "user_id": rule.user_id or None,
        "source": "run_approval" if rule.source == "remembered" else rule.source,
        "created_at": iso(rule.created_at),
    }
