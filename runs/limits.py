"""What an end user may use up: runs and cost of a calendar month, runs of a minute (contract 2.12)."""

from datetime import timedelta
from math import ceil

from django.contrib.auth.models import User
from django.db.models import FloatField, QuerySet
from django.utils import timezone

from runs.errors import Limited
from runs.models import Run
from runs.usage import begun_in, month_of, total
from teammates.accounts import alone
from teammates.end_users import limits_of

MINUTE = timedelta(minutes=1)


def check(owner: User, user_id: str) -> None:
    """`Limited` when this end user may not start a run now. Inside the transaction that starts it."""
    if not user_id or not (limits := limits_of(owner, user_id)):
        return
    alone(owner)  # the next run of this user is counted after this one
    month, runs = month_of(timezone.now()), Run.objects.filter(owner=owner, user_id=user_id)
    asked = runs.roots()  # runs below cost, and were asked for by nobody
    if limits.run_limit is not None and begun_in(asked, month).count() >= limits.run_limit:
        words = f"{user_id} has had the {limits.run_limit} runs of this month."
        raise Limited(words, code="run_limit", until=month.end)
    if limits.cost_limit_cents is not None and cents_of(begun_in(runs, month)) >= limits.cost_limit_cents:
        words = f"{user_id} has spent the {limits.cost_limit_cents / 100:.2f} USD of this month."
        raise Limited(words, code="cost_limit", until=month.end)
    if limits.rate_per_minute is not None and (wait := wait_of(asked, limits.rate_per_minute)):
        words = f"{user_id} may start {limits.rate_per_minute} runs in a minute."
        raise Limited(words, code="rate_limited", retry_after=wait)


def cents_of(runs: "QuerySet[Run]") -> float:
    """As far as the prices of the models are known."""
    return 100 * float(runs.aggregate(spent=total("cost", FloatField()))["spent"])


def wait_of(runs: "QuerySet[Run]", rate: int) -> int:
    """Seconds until one more may start; 0: now."""
    now = timezone.now()
    newest = runs.filter(created_at__gt=now - MINUTE).order_by("-created_at").values_list("created_at", flat=True)
    begun = list(newest[: rate or 1])
    if len(begun) < rate:
        return 0
    wait = begun[-1] + MINUTE - now if begun else MINUTE
    return max(1, ceil(wait.total_seconds()))
