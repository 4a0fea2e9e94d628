"""Deleting sessions: what is hidden, what is stopped, and that nothing lives on unseen (contract 6)."""

import pytest

from approvals.models import ToolApproval
from runs.models import Event, Run, Session
from runs.services import Refused, retry, start
from runs.sessions import delete
from tests.api.agentos.door import problem_of, row, sent
from tests.machine import together

pytestmark = pytest.mark.django_db(transaction=True)

GONE = (404, "NOT_FOUND")


def listed(door):
    return [item["session_id"] for item in door.get("/sessions").json()["data"]]


def test_a_deleted_session_is_gone_with_its_runs_and_what_lived_was_stopped(gated, door, posted, staff, client_of):
    run, key = row(gated), gated["session_id"]
    assert sent(door, "DELETE", f"/sessions/{key}").status_code == 204
    run.refresh_from_db()
    assert (run.status, run.session.hidden, posted) == ("cancelled", True, [])
    assert ToolApproval.objects.get().status == "cancelled"
    assert Event.objects.filter(run=run, kind="run.cancelled").count() == 1
    for path in (f"/sessions/{key}", f"/sessions/{key}/runs", f"/sessions/{key}/runs/{gated['run_id']}"):
        assert problem_of(door.get(path)) == GONE
    assert problem_of(door.look(gated)) == GONE
    assert problem_of(door.go_on(gated, [])) == GONE
    assert (listed(door), door.get("/approvals").json()["data"]) == ([], [])
    assert client_of(staff).get(f"/runs/{run.pk}/").status_code == 200


def test_outside_the_staff_a_deleted_run_is_nowhere(gated, door, owner, reviewer, client_of):
    run, gate = row(gated), ToolApproval.objects.get()
    sent(door, "DELETE", f"/sessions/{gated['session_id']}")
    for user in (owner, reviewer):
        browser = client_of(user)
        for page in (f"/runs/{run.pk}/", f"/inbox/approvals/{gate.pk}/", f"/conversations/{run.session_id}/"):
            assert browser.get(page).status_code == 404, page
        assert f"/runs/{run.pk}/" not in browser.get("/runs/").content.decode()


def test_deleting_again_changes_nothing_and_the_id_is_free(said, door):
    for _ in range(2):
        assert sent(door, "DELETE", "/sessions/s-1").status_code == 204
    assert Session.objects.count() == 1
    again = door.run(session_id="s-1", user_id="ben")
    assert [run["run_id"] for run in door.get("/sessions/s-1/runs").json()] == [again["run_id"]]
    assert problem_of(door.look(said)) == GONE


def test_nobody_deletes_what_is_not_theirs(said, door, door_of, outsider):
    assert sent(door_of(outsider), "DELETE", "/sessions/s-1").status_code == 204
    assert sent(door, "DELETE", "/sessions/s-1?user_id=ben").status_code == 204
    many = {"session_ids": ["s-1"], "session_types": ["agent"]}
    assert sent(door_of(outsider), "DELETE", "/sessions", many).status_code == 204
    assert not Session.objects.get().hidden


def test_several_are_deleted_together(db, door):
    for key in ("a", "b", "c"):
        assert sent(door, "POST", "/sessions", {"session_id": key}).status_code == 201
    body = {"session_ids": ["a", "b", "nowhere"], "session_types": ["agent"] * 3}
    assert sent(door, "DELETE", "/sessions", body).status_code == 204
    assert listed(door) == ["c"]
    for wrong in ({"session_ids": [], "session_types": []}, {"session_ids": ["c"]}):
        assert problem_of(sent(door, "DELETE", "/sessions", wrong)) == (422, "VALIDATION_ERROR")
    unequal = {"session_ids": ["c"], "session_types": ["agent", "agent"]}
    assert problem_of(sent(door, "DELETE", "/sessions", unequal)) == (400, "BAD_REQUEST")
    assert listed(door) == ["c"]


def test_no_run_begins_in_a_session_that_was_deleted_at_that_moment(said, owner, door):
    run, session = row(said), Session.objects.get()
    delete(session, by=owner)
    with pytest.raises(Refused, match="deleted"):
        retry(run, by=owner)
    assert Run.objects.count() == 1


def test_of_many_runs_and_a_deletion_at_once_nothing_lives_on_unseen(said, owner, door):
    run, session = row(said), Session.objects.get()

    def do(place):
        if place == 2:
            return delete(session, by=owner)
        return start(owner=owner, teammate=run.teammate, message="Go on", session=session)

    results = together(6, do)
    session.refresh_from_db()
    assert session.hidden
    assert not Run.objects.filter(session=session).live().exists()
    begun = Run.objects.filter(session=session, status="cancelled").count()
    assert begun + sum(isinstance(result, Refused) for result in results) == 5
