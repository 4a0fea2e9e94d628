"""How the machine is doing, in figures from rows: for the page of health in the admin, and for Prometheus."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Max, Min
from django.utils import timezone

from approvals.models import Question, ToolApproval
from runs import clock
from runs.models import Run
from runs.recovery import RESEND_SECONDS
from runs.states import RUN_LIVE, GateStatus, RunStatus

STUCK = timedelta(days=1)  # that a person lets a gate wait
Worker = dict[str, object]


def seconds_since(moment: datetime | None) -> float:
    return max(0.0, round((timezone.now() - moment).total_seconds(), 1)) if moment else 0.0


def figures() -> dict[str, float]:
    """The name of each figure and its value now; ages are in seconds, 0 where there is nothing that could be old."""
    counted = dict(Run.objects.live().order_by().values_list("status").annotate(Count("pk")))
    queued = Run.objects.filter(status=RunStatus.QUEUED)
    waiting = queued.annotate(since=Max("events__at"))
    late = queued.filter(woken_at__lt=timezone.now() - timedelta(seconds=2 * RESEND_SECONDS))
    gates = [model.objects.filter(status=GateStatus.PENDING) for model in (ToolApproval, Question)]
    opened = [gate.aggregate(first=Min("created_at"))["first"] for gate in gates]
    return {
        **{f"runs_{status}": float(counted.get(status, 0)) for status in RUN_LIVE},
        "queue_age_seconds": seconds_since(waiting.aggregate(first=Min("since"))["first"]),
        "late_wakeups": float(late.count()),
        "workers": float(len(workers())),
        "deaf_workers": float(sum(bool(worker["deaf"]) for worker in workers())),
        "open_gates": float(sum(gate.count() for gate in gates)),
        "stuck_gates": float(sum(gate.filter(created_at__lt=timezone.now() - STUCK).count() for gate in gates)),
        "oldest_gate_seconds": seconds_since(min((moment for moment in opened if moment), default=None)),
    }


def workers() -> list[Worker]:
    """Those that hold runs, by the first part of their leases, and how long ago each renewed them."""
    found: dict[str, list[datetime]] = {}
    now = clock.read()
    held = Run.objects.filter(status=RunStatus.RUNNING, lease_until__isnull=False)
    for lease, until in held.values_list("lease", "lease_until"):
        if until is not None:
            found.setdefault(lease.partition(":")[0], []).append(until)
    return [
        {"name": name, "runs": len(ends), "age": age, "deaf": age > 2 * settings.RENEW_SECONDS}
        for name, ends in sorted(found.items())
        for age in [max(0.0, round(settings.LEASE_SECONDS - (min(ends) - now).total_seconds(), 1))]
    ]
