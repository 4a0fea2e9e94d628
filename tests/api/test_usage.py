"""What the account and its end users have used in this calendar month."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.timezone import now

from runs.models import Run
from runs.usage import month_of
from teammates.models import EndUser
from tests.api.door import problem_of


def used(run, cost, tokens=(10, 5)):
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens), "cost": cost}
    Run.objects.filter(pk=run.pk).update(usage=usage)
    return run


def last_month(run):
    Run.objects.filter(pk=run.pk).update(created_at=month_of(now()).start - timedelta(seconds=1))


def test_an_account_without_runs_has_used_nothing(api):
    told = api.get("/usage").json()
    assert (told["plan"], told["runs_used"], told["cost_used"]) == ("self-hosted", 0, "0.000000")
    assert told["unlimited_runs"] is True and told["runs_limit"] > 10**9 and float(told["cost_limit"]) > 10**9


def test_the_runs_of_this_month_are_counted_and_no_others(api, api_of, outsider):
    last_month(used(api.run(), 100))
    used(api.run(), 0.25)
    used(api.run(user_id="ada"), 0.5)
    used(api_of(outsider).run(), 1000)
    api.run()  # has used nothing yet
    told = api.get("/usage/").json()
    assert (told["runs_used"], told["cost_used"], told["concurrent_runs"]) == (3, "0.750000", 4)


@pytest.mark.parametrize(
    ("moment", "end"), [(datetime(2026, 1, 31, 23, 59), (2026, 2)), (datetime(2026, 12, 1), (2027, 1))]
)
def test_the_month_ends_with_the_calendar(moment, end):
    month = month_of(moment.replace(tzinfo=UTC))
    assert (month.end.year, month.end.month, month.end.day) == (*end, 1)
    assert month.start <= moment.replace(tzinfo=UTC) < month.end


def test_end_users_are_told_one_by_one_with_their_limits(api):
    EndUser.objects.create(owner=api.user, user_id="ada", run_limit=9, cost_limit_cents=100, rate_per_minute=2)
    last_month(used(api.run(user_id="old"), 1))
    for name, cost in [("ada", 0.5), ("bob", 0.125), ("ada", 0.25)]:
        used(api.run(user_id=name), cost)
    bob, ada = api.get("/usage/end-users").json()["data"]
    assert ada.items() >= {"user_id": "ada", "runs_used": 2, "cost_used": "0.750000", "total_tokens": 30}.items()
    assert (ada["runs_limit"], ada["cost_limit_cents"], ada["rate_per_minute"]) == (9, 100, 2)
    assert (bob["user_id"], bob["runs_limit"], bob["input_tokens"], bob["output_tokens"]) == ("bob", None, 10, 5)


def test_what_the_account_has_set_for_all_is_told_of_each(api):
    api.patch("/settings", {"per_end_user_run_limit": 5, "per_end_user_rate_per_minute": 50})
    EndUser.objects.create(owner=api.user, user_id="ada", run_limit=9)
    for name in ("ada", "bob"):
        api.run(user_id=name)
    told = api.get("/usage/end-users").json()["data"]
    assert [(one["user_id"], one["runs_limit"], one["rate_per_minute"]) for one in told] == [
        ("bob", 5, 50),
        ("ada", 9, 50),
    ]


def test_pages_of_end_users_neither_repeat_nor_skip(api):
    for number in range(5):
        api.run(user_id=f"user {number}")
    seen, cursor = [], {}
    while True:
        page = api.get("/usage/end-users", limit=2, **cursor).json()
        seen += [entry["user_id"] for entry in page["data"]]
        if not page["has_more"]:
            break
        cursor = {"starting_after": page["next_starting_after"]}
    assert seen == [f"user {number}" for number in reversed(range(5))]


def test_one_end_user_is_told_by_name_even_without_runs(api, api_of, outsider):
    used(api_of(outsider).run(user_id="ada"), 5)
    (ada,) = api.get("/usage/end-users", user_id="ada").json()["data"]
    assert (ada["user_id"], ada["runs_used"], ada["cost_used"], ada["last_active_at"]) == ("ada", 0, "0.000000", None)


def test_an_account_needs_no_verification(api):
    assert api.get("/verify/status").json() == {"is_verified": True}
    assert "verified" in api.post("/verify/resend").json()["message"]


@pytest.mark.parametrize("path", ["/signup", "/token"])
def test_accounts_are_not_made_here(client, db, path):
    assert problem_of(client.post(f"/api/v2{path}", {})) == (404, "not_found")
