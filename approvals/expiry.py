"""Tool calls that nobody decided about in time are not allowed. A sweep looks for them, and so does a decision.

The database's clock counts, whoever asks, so a decision that comes too late is too late on every machine.
"""

from typing import Any

from django.db.models import QuerySet
from django.dispatch import receiver
from django.utils import timezone

from approvals.access import lock
from approvals.asking import name_of, tell_inbox
from approvals.models import ToolApproval, Verdict
from runs import clock, journal, services, trees
from runs.engine.verdicts import MayNotRun
from runs.locks import write
from runs.signals import swept
from runs.states import GateStatus, RunStatus
from teammates.prepared import Select

BITE = 100  # in one sweep
TOLD = "Nobody decided about this call in time, so it was not allowed. Do not repeat this call."


def settle(approval: ToolApproval) -> None:
    """Close it if its time is over, though no sweep has seen it yet."""
    if approval.is_pending and approval.expires_at and approval.expires_at <= clock.now():
        expire(approval)


def expire(approval: ToolApproval) -> None:
    """Refuse the call as nobody's decision; nothing happens when somebody was first."""
    with write(durable=True):
        lock(approval)
        if not approval.is_pending or approval.run.status != RunStatus.PAUSED:
            return
        approval.move(GateStatus.EXPIRED, verdict=Verdict.DENY, reason="expired", decided_at=timezone.now())
        closed = {"gate": name_of(approval), "status": GateStatus.EXPIRED}
        journal.append(approval.run_id, "gate.closed", closed)
        trees.tell_root(approval.run, "gate.closed", closed)
        tell_inbox(approval.run, name_of(approval))
        services.resume(approval.run_id, MayNotRun(approval.call, TOLD))


@receiver(swept)
def expire_due(**kwargs: Any) -> None:
    for approval in _over(now=clock.now()):
        expire(approval)


@Select
def _over(now: Any) -> "QuerySet[ToolApproval]":
    return ToolApproval.objects.pending().filter(expires_at__lte=now).select_related("run").order_by("pk")[:BITE]
