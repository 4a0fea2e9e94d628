"""A tree of runs followed as one: live, late and from any place, it is the same."""

import asyncio

import pytest
from channels.db import database_sync_to_async

from runs.live.trees import Reader, follow_tree, tree_lines
from runs.models import Run
from runs.services import start
from tests.fake_script import Script
from tests.trees import carry_tree, delegate, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def team_run(fake, member, team_of, owner):
    team = team_of(member("ann"), member("bob"))
    fake.reply = told(
        ("leader", [delegate(("ann", "count"), ("bob", "sum")), Script().say("Both done.")]),
        ("ann", [Script().say("one two three")]),
        ("bob", [Script().say("six")]),
    )
    return start(owner=owner, teammate=team, message="Do it")


def followed(run, after=0, beside=None):
    """All that a follower gets, while `beside` works in a thread."""

    async def follow():
        work = asyncio.create_task(database_sync_to_async(beside, thread_sensitive=False)()) if beside else None
        lines = [line async for batch in follow_tree(run.pk, after) for line in batch]
        if work:
            await work
        return lines

    return asyncio.run(follow())


def test_whoever_follows_live_misses_nothing_and_hears_nothing_twice(team_run):
    lines = followed(team_run, beside=lambda: carry_tree(team_run))
    assert sorted(line.place for line in lines) == sorted(line.place for line in tree_lines(team_run.pk))
    assert lines[-1].kind == "run.completed" and lines[-1].run_id == team_run.pk


def test_a_child_ends_before_its_parent_hears_of_it(team_run):
    lines = followed(team_run, beside=lambda: carry_tree(team_run))
    for at, line in enumerate(lines):
        if line.kind == "child.ended":
            ends = [each.kind for each in lines[:at] if each.run_id == line.data["run"]]
            assert ends[-1] == "run.completed"


def test_from_any_place_the_rest_comes(team_run):
    carry_tree(team_run)
    everything = tree_lines(team_run.pk)
    for at in range(0, len(everything) - 1, 3):
        assert followed(team_run, everything[at].place) == everything[at + 1 :]


def test_behind_the_end_there_is_nothing(team_run):
    carry_tree(team_run)
    assert followed(team_run, tree_lines(team_run.pk)[-1].place) == []


def test_a_run_that_has_ended_is_not_asked_for_again(fake, member, workflow_of, owner):
    """A look at a long workflow costs what moves in it, not what has been done."""
    member("ann")
    steps = [{"name": f"step {place}", "teammate": "ann"} for place in range(20)]
    run = carry_tree(start(owner=owner, teammate=workflow_of(*steps), message="Do it"))
    lines = tree_lines(run.pk)
    assert {line.run_id for line in lines} == set(Run.objects.tree_of(run).values_list("pk", flat=True))
    reader = Reader.behind(run.pk, lines[-2].place)
    assert list(reader.read) == [run.pk]
    assert [line.kind for line in reader.lines()] == ["run.completed"]
