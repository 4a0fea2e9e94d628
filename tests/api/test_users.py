"""End users at the m8tes door: profiles under the client's own names, and what each may use up."""

from datetime import timedelta

import pytest
from django.utils import timezone

from api.middleware import doors
from runs import services
from runs.models import Run
from runs.usage import month_of
from teammates.models import EndUser
from tests.api.door import ROOT, problem_of
from tests.machine import together

pytestmark = pytest.mark.django_db(transaction=True)
WHOLE = {
    "user_id": "ada@x.example/1",
    "name": "Ada",
    "email": "ada@x.example",
    "company": "X",
    "metadata": {"deep": {"ü": [1]}},
    "run_limit": 5,
    "cost_limit_cents": 100,
    "rate_per_minute": 3,
}


@pytest.fixture
def known(api):
    def known(user_id="ada", **body):
        response = api.post("/users", {"user_id": user_id, **body})
        assert response.status_code == 201, response.content
        return response.json()

    return known


@pytest.fixture
def helper(teammate_with):
    return teammate_with()


@pytest.fixture
def ask(api, helper):
    """Ask for a run of this end user; the answer."""

    def ask(user_id="ada", **headers):
        body = {"teammate_id": helper.pk, "message": "Do it", "user_id": user_id, "stream": False}
        return api.post("/runs", body, **headers)

    return ask


@pytest.fixture
def as_sent(api, rf):
    """A request whose address the server tells as it was sent, too."""

    def as_sent(method, path):
        made = rf.generic(
            method, f"{ROOT}{path}", "{}", "application/json", headers={"Authorization": f"Bearer {api.key}"}
        )
        made.scope = {"raw_path": f"{ROOT}{path}".encode()}
        return doors(None)(made)

    return as_sent


def rows():
    return list(EndUser.objects.order_by("pk").values())


# --- profiles ---


def test_a_user_is_given_back_as_it_was_made(known, api):
    told = known(**WHOLE)
    assert {key: told[key] for key in WHOLE} == WHOLE and told["id"] and told["created_at"]
    assert api.get("/users/ada%40x.example%2F1").json() == told


def test_what_is_not_given_is_empty(known):
    told = known()
    limits = ("run_limit", "cost_limit_cents", "rate_per_minute")
    assert all(told[key] is None for key in ("name", "email", "company", *limits)) and told["metadata"] == {}


def test_a_name_may_be_any_text(known, api):
    for name in ("Ärger mit Leerzeichen", "a.b", "42", "ツ"):
        known(name)
        assert api.get(f"/users/{name}").json()["user_id"] == name


def test_the_same_name_twice_is_a_conflict(known, api, api_of, outsider):
    known(name="Ada")
    before = rows()
    assert problem_of(api.post("/users", {"user_id": "ada"})) == (409, "exists")
    assert rows() == before
    assert api_of(outsider).post("/users", {"user_id": "ada"}).status_code == 201


@pytest.mark.parametrize(
    "body",
    [{}, {"user_id": ""}, {"user_id": "x" * 201}, {"user_id": "a", "run_limit": -1}, {"user_id": "a", "metadata": []}],
)
def test_what_does_not_fit_makes_nobody(api, body):
    assert problem_of(api.post("/users", body))[0] == 422
    assert rows() == []


def test_the_list_is_newest_first_in_pages(known, api):
    for name in ("a", "b", "c"):
        known(name)
    first = api.get("/users/", limit=2).json()
    rest = api.get("/users/", limit=2, starting_after=first["next_starting_after"]).json()
    assert [each["user_id"] for each in first["data"] + rest["data"]] == ["c", "b", "a"]
    assert rest["has_more"] is False


def test_what_is_not_sent_stays_and_null_takes_a_limit_away(known, api):
    told = known(**WHOLE)
    path = "/users/ada%40x.example%2F1"
    assert api.patch(path, {"name": "Ada L."}).json() | {"name": "Ada", "updated_at": ""} == {**told, "updated_at": ""}
    changed = api.patch(path, dict.fromkeys(WHOLE)).json()
    assert {key for key in WHOLE if changed[key] is None} == {"run_limit", "cost_limit_cents", "rate_per_minute"}
    assert changed["user_id"] == WHOLE["user_id"] and changed["email"] == WHOLE["email"]


def test_who_is_deleted_is_gone_and_the_runs_stay(known, api, ask):
    known()
    run = ask().json()["id"]
    assert api.delete("/users/ada").status_code == 204
    assert problem_of(api.get("/users/ada")) == (404, "not_found")
    assert problem_of(api.delete("/users/ada")) == (404, "not_found")
    assert api.get(f"/runs/{run}").json()["user_id"] == "ada"


def test_another_accounts_user_is_not_there(known, api_of, outsider):
    known()
    before = rows()
    theirs = api_of(outsider)
    assert theirs.get("/users").json()["data"] == []
    for answer in (theirs.get("/users/ada"), theirs.patch("/users/ada", {"name": "Eve"}), theirs.delete("/users/ada")):
        assert problem_of(answer) == (404, "not_found")
    assert rows() == before


# --- limits ---


def limited(answer):
    """The code of a refusal that started nothing more, and the seconds to wait, if it names them."""
    status, code = problem_of(answer)
    assert status == 429
    return code, answer.headers.get("Retry-After")


def test_the_runs_of_a_month_are_counted(known, ask):
    known(run_limit=2)
    assert [ask().status_code for _ in range(2)] == [201, 201]
    refused = ask()
    # No Retry-After: clients would sleep until the month is over.
    assert limited(refused) == ("run_limit", None)
    assert refused.json()["error"]["details"]["period_end"] == month_of(timezone.now()).end.isoformat()
    assert Run.objects.count() == 2


def test_the_runs_of_last_month_are_not_counted(known, ask):
    known(run_limit=1)
    ask()
    Run.objects.update(created_at=month_of(timezone.now()).start - timedelta(seconds=1))
    assert ask().status_code == 201


def test_a_limit_of_none_at_all_blocks(known, ask):
    known(run_limit=0)
    assert limited(ask())[0] == "run_limit"
    assert not Run.objects.exists()


def test_what_was_spent_in_a_month_is_counted(known, ask):
    known(cost_limit_cents=150)
    for cost in (1.0, 0.4, None):
        run = ask().json()["id"]
        Run.objects.filter(pk=run).update(usage={} if cost is None else {"cost": cost})
    assert ask().status_code == 201
    Run.objects.filter(pk=run).update(usage={"cost": 0.1})
    assert limited(ask()) == ("cost_limit", None)
    assert Run.objects.count() == 4


def test_the_runs_of_a_minute_are_counted_and_waiting_helps(known, ask):
    known(rate_per_minute=2)
    ask(), ask()
    first = Run.objects.earliest("pk")
    Run.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(seconds=40))
    code, wait = limited(ask())
    assert code == "rate_limited" and 19 <= int(wait) <= 20
    Run.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(seconds=61))
    assert ask().status_code == 201


def test_a_limit_is_one_users_own(known, ask, api, helper):
    known(run_limit=1)
    ask()
    assert limited(ask())[0] == "run_limit"
    assert ask("bob").status_code == 201
    assert api.run(helper).user_id == ""


def test_who_has_no_limit_of_their_own_has_the_accounts(known, ask, api):
    api.patch("/settings", {"per_end_user_run_limit": 1})
    known("bob", run_limit=2)
    assert [ask(name).status_code for name in ("ada", "ada", "bob", "bob", "bob")] == [201, 429, 201, 201, 429]


def test_limits_of_another_account_do_not_count(ask, api_of, outsider):
    api_of(outsider).post("/users", {"user_id": "ada", "run_limit": 0})
    assert ask().status_code == 201


def test_replies_and_retries_are_runs_too(known, ask, api, owner):
    known(run_limit=1)
    run = Run.objects.get(pk=ask().json()["id"])
    services.cancel(run, by=owner)
    for path in ("reply", "retry"):
        assert limited(api.post(f"/runs/{run.pk}/{path}", {"message": "Again", "stream": True}))[0] == "run_limit"
    assert Run.objects.count() == 1


def test_a_refusal_leaves_the_idempotency_key_free(known, ask, api):
    known(run_limit=0)
    assert limited(ask(idempotency_key="k"))[0] == "run_limit"
    api.patch("/users/ada", {"run_limit": None})
    assert ask(idempotency_key="k").status_code == 201


def test_of_many_at_once_no_more_start_than_may(known, ask):
    known(run_limit=3)
    codes = sorted(answer.status_code for answer in together(6, lambda _: ask()))
    assert codes == [201, 201, 201, 429, 429, 429]
    assert Run.objects.count() == 3


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_name_that_ends_in_a_slash_is_nobody_elses(known, as_sent, method):
    known("ada")
    before = rows()
    assert as_sent(method, "/users/ada%2F").status_code == 404
    assert rows() == before
    assert as_sent("GET", "/users/ada/").status_code == 200
