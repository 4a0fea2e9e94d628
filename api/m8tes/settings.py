"""What the account sets for its clients (contract 3)."""

from typing import Annotated, Any, Literal

from django.http import HttpResponse
from ninja import Field, Router, Schema

from api.auth import READ, WRITE, Request
from api.m8tes.answers import answer
from runs.locks import write
from teammates import account_settings
from teammates.models import AccountSettings

router = Router(tags=["settings"])

LIMITS = {
    "per_end_user_run_limit": "run_limit",
    "per_end_user_cost_limit_cents": "cost_limit_cents",
    "per_end_user_rate_per_minute": "rate_per_minute",
}
# Kept for clients that set them and read them again; Sayso sends no mail and looks nobody up.
SWITCHES = (
    "company_research",
    "approval_email_enabled",
    "approval_slack_enabled",
    "result_email_enabled",
    "result_slack_enabled",
)

Limit = Annotated[int, Field(ge=0, lt=2**31)]


class NewSettings(Schema):
    """What is left out stays as it is; null takes a limit away."""

    per_end_user_run_limit: Limit | None = None
    per_end_user_cost_limit_cents: Limit | None = None
    per_end_user_rate_per_minute: Limit | None = None
    # The other mode of the hosted service promises that nothing is stored, and here the database is the truth.
    retention_mode: Literal["standard"] = "standard"
    require_end_user_id: bool = False
    company_research: bool = False
    approval_email_enabled: bool = False
    approval_slack_enabled: bool = False
    result_email_enabled: bool = False
    result_slack_enabled: bool = False


@router.get("", auth=READ, summary="What the account has set for its clients")
def settings(request: Request) -> HttpResponse:
    return answer(settings_shape(account_settings.settings_of(request.auth.user)))


@router.patch("", auth=WRITE, summary="Set what is given, leave the rest")
def change_settings(request: Request, body: NewSettings) -> HttpResponse:
    given = body.model_dump(exclude_unset=True)
    changes = {field: given[word] for word, field in LIMITS.items() if word in given}
    if "require_end_user_id" in given:
        changes["require_end_user_id"] = given["require_end_user_id"]
    with write():
        row = account_settings.change(
            request.auth.user, changes, {word: given[word] for word in SWITCHES if word in given}
        )
    return answer(settings_shape(row))


def settings_shape(row: AccountSettings) -> dict[str, Any]:
    return {
        **{word: getattr(row, field) for word, field in LIMITS.items()},
        "retention_mode": "standard",
        "require_end_user_id": row.require_end_user_id,
        **{word: row.kept.get(word, False) for word in SWITCHES},
    }
