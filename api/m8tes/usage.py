"""What the account and its end users have used this month (contract 3)."""

from typing import Any

from django.http import HttpResponse
from django.utils.timezone import now
from ninja import Query, Router

from api.auth import READ, Caller, Request
from api.m8tes.answers import answer, iso
from api.m8tes.pages import Page
from runs.models import Run
from runs.usage import Month, begun_in, month_of, sums
from teammates.end_users import Limits, limits_of_all

router = Router(tags=["usage"])
NO_LIMIT = 2**31 - 1  # clients do sums with the limits, so "none" has to be a number


@router.get("", auth=READ, summary="What the account has used this month")
def usage(request: Request) -> HttpResponse:
    month, runs = month_of(now()), Run.objects.filter(owner=request.auth.user)
    used = begun_in(runs, month).aggregate(**sums())
    return answer(
        {
            "plan": "self-hosted",
            "runs_used": used["runs"],
            "runs_limit": NO_LIMIT,
            "cost_used": money(used["cost"]),
            "cost_limit": money(NO_LIMIT),
            "period_end": iso(month.end),
            "subscription_status": None,
            "unlimited_runs": True,
            "concurrent_runs": runs.live().count(),
            "concurrent_runs_limit": None,
        }
    )


class UsageFilter(Page):
    user_id: str | None = None


@router.get("/end-users", auth=READ, summary="What end users have used this month, the last to begin first")
def end_users(request: Request, query: Query[UsageFilter]) -> HttpResponse:
    """One entry for each end user with a run this month; a `user_id` that is asked for by name always has one."""
    month = month_of(now())
    found = used_by(request.auth, month, query)
    limits = limits_of_all(request.auth.user, [used["user_id"] for used in found])
    data = [end_user_shape(used, limits[used["user_id"]], month) for used in found[: query.limit]]
    more = len(found) > query.limit
    return answer({"data": data, "has_more": more, "next_starting_after": data[-1]["id"] if more else None})


def used_by(caller: Caller, month: Month, query: UsageFilter) -> list[dict[str, Any]]:
    """By end user, named by the first run of the month: that number stays, so a cursor does too."""
    runs = begun_in(Run.objects.filter(owner=caller.user), month).exclude(user_id="")
    if query.user_id is not None:
        runs = runs.filter(user_id=query.user_id)
    groups: Any = runs.values("user_id").annotate(**sums())
    if query.starting_after is not None:
        groups = groups.filter(first__lt=query.starting_after)
    found: list[dict[str, Any]] = list(groups.order_by("-first")[: query.limit + 1])
    if found or not query.user_id or query.starting_after is not None:
        return found
    nothing = {"runs": 0, "input_tokens": 0, "output_tokens": 0, "cost": 0.0, "first": 0, "last_at": None}
    return [{"user_id": query.user_id, **nothing}]


def end_user_shape(used: dict[str, Any], limits: Limits, month: Month) -> dict[str, Any]:
    return {
        "id": used["first"],
        "user_id": used["user_id"],
        "runs_used": used["runs"],
        "cost_used": money(used["cost"]),
        "input_tokens": used["input_tokens"],
        "output_tokens": used["output_tokens"],
        "total_tokens": used["input_tokens"] + used["output_tokens"],
        "last_active_at": iso(used["last_at"]),
        "runs_limit": limits.run_limit,
        "cost_limit_cents": limits.cost_limit_cents,
        "rate_per_minute": limits.rate_per_minute,
        "period_end": iso(month.end),
    }


def money(amount: float) -> str:
    return f"{amount:.6f}"
