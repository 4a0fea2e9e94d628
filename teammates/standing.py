"""Standing permissions: tools that need no approval any more in the runs of one account and, maybe, one end user.

They lift what a mode or a teammate's setting asks. Tools that always ask go on asking, questions are still asked, and
what is denied stays denied (`teammates.permissions.verdict`).
"""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import QuerySet

from teammates.catalog import check_tools
from teammates.models import PermissionRule
from teammates.tools.registry import registry


def rules_of(owner: User) -> QuerySet[PermissionRule]:
    return PermissionRule.objects.filter(owner=owner)


def grant(owner: User, user_id: str, tool: str, source: str = "api") -> PermissionRule:
    """The rule, made if it is not there yet. `Refused` where there is no such tool."""
    check_tools([tool])
    rule, _ = PermissionRule.objects.get_or_create(owner=owner, user_id=user_id, tool=tool, defaults={"source": source})
    return rule


def revoke(rule: PermissionRule) -> None:
    """From the next call on it is asked again, in runs that have begun as well."""
    rule.delete()


@dataclass(frozen=True)
class Line:
    """One rule, for a list."""

    rule: PermissionRule
    title: str
    always_asks: bool  # the rule changes nothing


def line(rule: PermissionRule) -> Line:
    tool = registry.get(rule.tool)
    return Line(rule, tool.title if tool else rule.tool, bool(tool and (tool.needs_approval or tool.gate)))
