"""Who sees a run, and who may steer it: one answer for pages, sockets and the admin."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.http import Http404

from approvals.access import approval_for, may_decide, question_for, waiting_count, waiting_for
from runs.access import may_control, run_for, visible_runs
from runs.models import Run, Session

pytestmark = pytest.mark.django_db(transaction=True)

SEES = [("owner", True), ("reviewer", True), ("staff", True), ("outsider", False)]


@pytest.fixture
def person(request):
    return lambda name: request.getfixturevalue(name)


@pytest.mark.parametrize(("who", "sees"), SEES)
def test_these_see_the_run_and_its_gates(asked, person, who, sees):
    user, gate = person(who), asked.approvals.get()
    assert visible_runs(user).filter(pk=asked.pk).exists() is sees
    assert (gate in waiting_for(user), waiting_count(user)) == (sees, int(sees))
    if sees:
        assert (run_for(user, asked.pk), approval_for(user, gate.pk)) == (asked, gate)


def test_for_a_stranger_what_is_there_and_what_is_not_look_alike(asked, outsider):
    gate = asked.approvals.get()
    for find, there, absent in [(run_for, asked.pk, 10**6), (approval_for, gate.pk, 10**6), (question_for, 1, 10**6)]:
        with pytest.raises(Http404) as first:
            find(outsider, there)
        with pytest.raises(Http404) as second:
            find(outsider, absent)
        assert str(first.value).replace(str(there), "N") == str(second.value).replace(str(absent), "N")


@pytest.mark.parametrize("pk", [0, -1, 10**30])
def test_an_odd_number_is_no_run(owner, pk):
    with pytest.raises(Http404):
        run_for(owner, pk)


def test_nobody_sees_nothing(asked):
    assert not visible_runs(AnonymousUser()).exists()


@pytest.mark.parametrize(
    ("who", "steers"), [("owner", True), ("staff", True), ("reviewer", False), ("outsider", False)]
)
def test_a_reviewer_decides_and_does_not_steer(asked, person, who, steers):
    assert may_control(person(who), asked) is steers


@pytest.mark.parametrize(("who", "decides"), SEES)
def test_these_decide(asked, person, who, decides):
    assert may_decide(person(who), asked.approvals.get()) is decides


def test_another_group_sees_nothing(asked, outsider):
    outsider.groups.add(Group.objects.create(name="reviewers"))
    assert not visible_runs(outsider).exists()
    assert not may_decide(outsider, asked.approvals.get())


def test_a_hidden_conversation_is_gone_for_its_owner_and_waits_for_nobody(asked, owner):
    Session.objects.update(hidden=True)
    with pytest.raises(Http404):
        run_for(owner, asked.pk)
    assert (waiting_for(owner), waiting_count(owner)) == ([], 0)


def test_what_is_dangerous_waits_on_top_and_then_what_waits_longest(
    own_tool, fake, teammate_with, start, carry, owner, posted
):
    own_tool(name="wipe", risk="destroy")(lambda: None)
    own_tool(name="note", effect="effect", risk="write_external")(lambda: None)
    fake.calls(("note", {}), ("post", {"text": "a"}), ("wipe", {}))
    carry(start(teammate_with("note", "post", "wipe", mode="approval")))
    assert [gate.title for gate in waiting_for(owner)] == ["Wipe", "Note", "Post"]


def test_what_was_decided_waits_no_more(asked, owner, allow):
    allow(asked.approvals.get())
    assert (waiting_for(owner), waiting_count(owner)) == ([], 0)


def test_the_list_of_runs_is_the_owners_own(asked, owner, outsider, reviewer):
    assert set(visible_runs(reviewer)) == set(Run.objects.all())
    assert set(visible_runs(owner)) == {asked}
    assert set(visible_runs(outsider)) == set()
