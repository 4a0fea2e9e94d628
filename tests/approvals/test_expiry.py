"""Tool calls that wait for a bounded time: what comes too late, on whatever clock, is not allowed."""

from datetime import timedelta

import pytest

from approvals.doctor import examine
from approvals.services import AlreadyDecided, decide, switch_mode
from runs import clock, recovery
from runs.models import Run
from tests.api.agentos.door import Door
from tests.api.door import Api, problem_of
from tests.machine import gap_free, kinds, no_news, together, told

pytestmark = pytest.mark.django_db(transaction=True)
MOMENT = timedelta(milliseconds=1)


@pytest.fixture(autouse=True)
def eight_hours(settings):
    settings.APPROVAL_HOURS = 8


@pytest.fixture
def gate(asked):
    return asked.approvals.get()


@pytest.fixture
def at(gate, monkeypatch):
    """Let it be so long after the end of the gate's time, by the database's clock."""

    def at(after):
        for name in ("now", "read"):
            monkeypatch.setattr(clock, name, lambda: gate.expires_at + after)

    return at


def test_without_the_setting_a_call_waits_for_as_long_as_it_takes(settings, fake, posted, teammate_with, start, carry):
    settings.APPROVAL_HOURS = 0
    fake.call("post", {"text": "hello"})
    run = carry(start(teammate_with("post", mode="approval")))
    assert run.approvals.get().expires_at is None
    with no_news(run):
        recovery.sweep()


def test_the_time_is_counted_from_the_moment_at_which_it_asks(gate):
    assert gate.expires_at - gate.created_at == pytest.approx(timedelta(hours=8), abs=timedelta(seconds=5))


@pytest.mark.parametrize("verdict", ["allow", "deny"])
def test_a_decision_in_the_last_millisecond_counts(gate, at, carry, owner, posted, verdict):
    """F14."""
    at(-MOMENT)
    recovery.sweep()
    decide(gate, verdict, by=owner, digest=gate.digest)
    carry(gate.run)
    assert (gate.status, posted) == ("decided", ["hello"] if verdict == "allow" else [])


@pytest.mark.parametrize("swept", [True, False], ids=["swept", "not swept"])
@pytest.mark.parametrize("verdict", ["allow", "deny"])
def test_a_decision_a_millisecond_later_does_not(gate, at, asked, carry, allow, owner, posted, fake, swept, verdict):
    """F14: whether a sweep was there or not."""
    at(MOMENT)
    if swept:
        recovery.sweep()
    with pytest.raises(AlreadyDecided) as late:
        decide(gate, verdict, by=owner, digest=gate.digest)
    assert (late.value.gate.status, late.value.gate.decided_by) == ("expired", None)
    run = carry(asked)
    assert (run.status, posted) == ("completed", [])
    assert told(fake)[0].startswith("Nobody decided about this call in time")
    assert run.events.get(kind="gate.closed").data["status"] == "expired"
    assert kinds(run).count("gate.decided") == 0 and not run.decisions.exists()
    assert (gap_free(run), examine()) == (True, [])


def test_of_a_decision_and_the_end_of_its_time_one_wins(gate, at, asked, owner, carry, posted):
    """F14: ten who allow, and ten sweeps that find its time over."""
    at(-MOMENT)

    def either(place):
        if place % 2:
            at(MOMENT)
            recovery.sweep()
            return "swept"
        try:
            return decide(asked.approvals.get(), "allow", by=owner, digest=gate.digest).status
        except AlreadyDecided as late:
            late.gate.refresh_from_db()
            return late.gate.status

    statuses = set(together(20, either)) - {"swept"}
    gate.refresh_from_db()
    assert statuses == {gate.status}
    carry(asked)
    assert posted == (["hello"] if gate.status == "decided" else [])
    assert examine() == []


def test_one_that_expired_among_several_is_told_in_its_place(fake, posted, teammate_with, start, carry, owner):
    """F32, with one that nobody decided about."""
    fake.calls(*[("post", {"text": text}) for text in ("one", "two", "three")])
    run = carry(start(teammate_with("post", mode="approval")))
    first, second, third = run.approvals.order_by("pk")
    decide(first, "allow", by=owner, digest=first.digest)
    decide(second, "deny", by=owner, digest=second.digest)
    third.expires_at = clock.now() - MOMENT
    third.save(update_fields=["expires_at"])
    recovery.sweep()
    assert (carry(run).status, posted) == ("completed", ["one"])
    first_told, second_told, third_told = told(fake)
    assert "Denied" not in first_told and "Denied" in second_told and "in time" in third_told


def test_a_switch_to_autonomous_allows_nothing_whose_time_is_over(gate, at, asked, owner, carry, posted):
    at(MOMENT)
    switch_mode(asked, "autonomous", by=owner)
    assert (carry(asked).status, posted) == ("completed", [])


# --- as the doors and the pages tell it ---


def test_the_m8tes_door_says_that_it_was_resolved_otherwise(gate, at, asked, owner):
    api, name = Api(owner), f"approval-{gate.pk}"
    [waiting] = api.get(f"/runs/{asked.pk}/permissions").json()
    assert (waiting["status"], waiting["timeout_seconds"]) == ("pending", pytest.approx(8 * 3600, abs=5))
    at(MOMENT)
    answer = api.post(f"/runs/{asked.pk}/approve", {"request_id": name, "decision": "allow"})
    assert problem_of(answer) == (404, "gate_resolved_otherwise")
    [closed] = api.get(f"/runs/{asked.pk}/permissions").json()
    assert (closed["status"], closed["reason"], closed["auto_resolved"]) == ("timeout", "expired", True)


def test_the_agentos_door_says_409_and_lists_it_as_expired(gate, at, asked, owner):
    door, name = Door(owner), f"approval-{gate.pk}"
    at(MOMENT)
    answer = door.client.post(f"/approvals/{name}/resolve", {"status": "approved"}, content_type="application/json")
    assert answer.status_code == 409
    recovery.sweep()
    [listed] = door.client.get("/approvals", {"status": "expired"}).json()["data"]
    assert (listed["id"], listed["status"]) == (name, "expired")
    assert listed["expires_at"] == int(gate.expires_at.timestamp())


def test_the_page_says_until_when_and_that_a_late_press_did_nothing(gate, at, asked, client_of, owner, posted):
    browser, page = client_of(owner), f"/inbox/approvals/{gate.pk}/"
    assert "Unless somebody decides, it is not allowed after" in browser.get(page).content.decode()
    at(MOMENT)
    answer = browser.post(f"{page}allow/", {"digest": gate.digest})
    assert answer.status_code == 409
    said = answer.content.decode()
    assert "Your click did nothing." in said and "expired" in said
    assert "never, nobody decided in time" in browser.get(page).content.decode()
    assert Run.objects.get(pk=asked.pk).status == "queued"
