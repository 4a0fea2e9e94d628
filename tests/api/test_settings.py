"""What an account sets for its clients."""

import pytest

from teammates.models import AccountSettings
from tests.api.door import problem_of

SWITCHES = [
    "company_research",
    "approval_email_enabled",
    "approval_slack_enabled",
    "result_email_enabled",
    "result_slack_enabled",
]
LIMITS = ["per_end_user_run_limit", "per_end_user_cost_limit_cents", "per_end_user_rate_per_minute"]


def test_an_account_that_has_set_nothing_has_the_usual(api):
    usual = dict.fromkeys(LIMITS) | dict.fromkeys(SWITCHES, False)
    assert api.get("/settings").json() == {**usual, "retention_mode": "standard", "require_end_user_id": False}
    assert not AccountSettings.objects.exists()


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_is_kept(api, switch):
    before = api.get("/settings").json()
    assert api.patch("/settings", {switch: True}).json() == {**before, switch: True}
    assert api.get("/settings/").json() == {**before, switch: True}


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_is_set_left_and_taken_away(api, limit):
    assert api.patch("/settings", {limit: 7}).json()[limit] == 7
    assert api.patch("/settings", {"company_research": True}).json()[limit] == 7
    assert api.patch("/settings", {limit: None}).json()[limit] is None


@pytest.mark.parametrize(
    "body", [{LIMITS[0]: -1}, {LIMITS[0]: 2**40}, {"retention_mode": "metadata_only"}, {"require_end_user_id": "so"}]
)
def test_what_cannot_be_set_is_refused(api, body):
    before = api.get("/settings").json()
    assert problem_of(api.patch("/settings", {"company_research": True, **body})) == (422, "invalid")
    assert api.get("/settings").json() == before


def test_another_account_has_its_own(api, api_of, outsider):
    api.patch("/settings", {"require_end_user_id": True})
    assert api_of(outsider).get("/settings").json()["require_end_user_id"] is False


def test_it_takes_a_key_that_may_write(api_of, owner):
    api = api_of(owner, ["runs:read"])
    assert api.get("/settings").status_code == 200
    assert problem_of(api.patch("/settings", {"company_research": True})) == (403, "missing_scope")
