"""Standing permissions that come from decisions: "allow this, and do not ask again"."""

from approvals.models import ToolApproval, Verdict
from teammates.standing import grant
from teammates.tools.registry import registry


def can_remember(approval: ToolApproval) -> bool:
    """Did the mode or the teammate's setting make the call wait? A tool that always asks goes on asking."""
    tool = registry.get(approval.call.tool)
    return tool is not None and not tool.needs_approval and not approval.call.must_ask


def only_the_mode_asks(approval: ToolApproval) -> bool:
    """Is there nothing about the call that a person would have to say in any mode?"""
    tool = registry.get(approval.call.tool)
    return tool is not None and not tool.user_input and can_remember(approval)


def remembered(approval: ToolApproval) -> ToolApproval:
    """Store the standing permission of an allowed call, for later runs of its account and end user.

    Inside the decision's transaction. Changes nothing where it cannot be remembered; `remembered` says what is so.
    """
    if approval.verdict != Verdict.ALLOW or approval.remembered or not can_remember(approval):
        return approval
    grant(approval.run.owner, approval.run.user_id, approval.call.tool, source="remembered")
    ToolApproval.objects.filter(pk=approval.pk).update(remembered=True)
    approval.remembered = True
    return approval
