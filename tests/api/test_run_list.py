"""The list of runs (contract 1.4, 0.6): its pages, its filters, and whose runs are in it."""

import pytest
from django.utils.timezone import now

from runs.models import Run
from runs.states import RunStatus
from tests.api.door import problem_of
from tests.rows import run_of, teammate


def ids(response):
    return [item["id"] for item in response.json()["data"]]


@pytest.fixture
def three(api):
    return [api.run().pk for _ in range(3)]


# --- list ---


def test_the_newest_is_first(api, three):
    assert ids(api.get("/runs")) == three[::-1]


def test_a_page_says_whether_and_where_it_goes_on(api, three):
    page = api.get("/runs", limit=2).json()
    assert ([item["id"] for item in page["data"]], page["has_more"], page["next_starting_after"]) == (
        [three[2], three[1]],
        True,
        three[1],
    )
    rest = api.get("/runs", limit=2, starting_after=three[1]).json()
    assert ([item["id"] for item in rest["data"]], rest["has_more"]) == ([three[0]], False)


def test_a_page_that_is_just_full_has_no_more(api, three):
    assert api.get("/runs", limit=3).json()["has_more"] is False


def test_a_page_has_twenty_unless_it_is_told(api):
    for _ in range(21):
        api.run()
    page = api.get("/runs").json()
    assert (len(page["data"]), page["has_more"]) == (20, True)


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "", "1.5"])
def test_a_limit_is_from_one_to_a_hundred(api, limit):
    assert problem_of(api.get("/runs", limit=limit)) == (422, "invalid")


@pytest.mark.parametrize("limit", [1, 100])
def test_both_ends_of_the_limit_are_taken(api, three, limit):
    assert len(ids(api.get("/runs", limit=limit))) == min(limit, 3)


@pytest.mark.parametrize("cursor", [0, 1, -5, 10**30, -(10**30)])
def test_a_cursor_that_is_no_run_of_ours_is_a_place_in_the_list(api, three, cursor):
    response = api.get("/runs", starting_after=cursor)
    assert response.status_code in (200, 422)
    assert response.status_code == 422 or ids(response) == (three[::-1] if cursor > three[2] else [])


def test_a_run_that_begins_between_two_pages_shifts_nothing(api, three):
    cursor = api.get("/runs", limit=2).json()["next_starting_after"]
    api.run()
    assert ids(api.get("/runs", limit=2, starting_after=cursor)) == [three[0]]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("running", ["queued", "running"]),
        ("awaiting_approval", ["paused"]),
        ("completed", ["completed"]),
        ("failed", ["failed"]),
        ("cancelled", ["cancelled"]),
        ("queued", []),
        ("closed", []),
        ("nonsense", []),
    ],
)
def test_a_status_of_the_door_finds_ours(api, status, words):
    runs = {word: api.run().pk for word in RunStatus.values}
    for word, pk in runs.items():
        Run.objects.filter(pk=pk).update(status=word)
    assert sorted(ids(api.get("/runs", status=status))) == sorted(runs[word] for word in words)


def test_no_status_is_ever_one_that_no_client_knows(api):
    pk = api.run().pk
    known = {"running", "awaiting_approval", "completed", "failed", "cancelled"}
    for word in RunStatus.values:
        Run.objects.filter(pk=pk).update(status=word)
        assert api.get(f"/runs/{pk}").json()["status"] in known


def test_a_teammate_narrows_the_list_and_an_unknown_one_empties_it(api):
    first, second = api.run(name="A"), api.run(name="B")
    assert ids(api.get("/runs", teammate_id=first.teammate_id)) == [first.pk]
    assert ids(api.get("/runs", agent_id=second.teammate_id)) == [second.pk]
    for unknown in (12345, 0, -1, 10**20):
        assert ids(api.get("/runs", teammate_id=unknown)) == []


def test_every_page_keeps_the_filter(api):
    mine = [api.run(name="A").pk for _ in range(3)]
    teammate = Run.objects.get(pk=mine[0]).teammate_id
    for _ in range(3):
        api.run(name="B")
    page = api.get("/runs", teammate_id=teammate, limit=2).json()
    rest = api.get("/runs", teammate_id=teammate, limit=2, starting_after=page["next_starting_after"])
    assert [item["id"] for item in page["data"]] + ids(rest) == mine[::-1]


def test_archived_runs_are_left_out_unless_they_are_asked_for(api, three):
    Run.objects.filter(pk=three[0]).update(archived_at=now())
    assert ids(api.get("/runs")) == [three[2], three[1]]
    assert ids(api.get("/runs", archived="only")) == [three[0]]
    assert ids(api.get("/runs", archived="include")) == three[::-1]


# --- whose ---


def test_the_accounts_list_has_no_runs_of_end_users(api):
    own, anns = api.run().pk, api.run(user_id="ann").pk
    assert ids(api.get("/runs")) == [own]
    assert ids(api.get("/runs", user_id="ann")) == [anns]
    assert ids(api.get("/runs", user_id="bob")) == []
    assert ids(api.get("/runs", include_end_user_runs="true")) == [anns, own]


def test_another_accounts_runs_are_not_in_the_list(api, api_of, outsider):
    api.run()
    assert ids(api_of(outsider).get("/runs")) == []


def test_a_key_of_the_staff_sees_no_more(api, api_of, staff, reviewer):
    run = api.run()
    for overseer in (staff, reviewer):
        assert ids(api_of(overseer).get("/runs")) == []
        assert problem_of(api_of(overseer).get(f"/runs/{run.pk}")) == (404, "not_found")


def test_by_priority_what_waits_for_a_person_comes_first_page_by_page(api, owner):
    clerk = teammate()
    made = [run_of(owner, clerk) for _ in range(5)]
    for run in (made[1], made[2]):
        Run.objects.filter(pk=run.pk).update(status="paused", open_gates=1)
    wanted = [made[n].pk for n in (2, 1, 4, 3, 0)]
    assert ids(api.get("/runs", sort="priority")) == wanted
    seen, query = [], {}
    for _ in range(5):
        page = api.get("/runs", sort="priority", limit=1, **query).json()
        seen += [item["id"] for item in page["data"]]
        query = {"starting_after": page["next_starting_after"]}
    assert (seen, page["has_more"]) == (wanted, False)
    assert ids(api.get("/runs", sort="priority", status="running")) == wanted[2:]
    for odd in ({"teammate_id": 10**30}, {"task_id": 10**30}, {"starting_after": -(10**30)}):
        assert ids(api.get("/runs", sort="priority", **odd)) == []
    assert ids(api.get("/runs", sort="priority", starting_after=10**30)) == wanted[2:]
