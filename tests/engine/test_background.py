"""What a run is told before its message: memories of its scope, and earlier work, where it wants them."""

import pytest

from runs.options import Options
from teammates.models import Memory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told(fake, start, carry):
    """The system message of a run with these options."""

    def told(teammate, message="Do it", **options):
        carry(start(teammate, message, options=Options(**options)))
        first = fake.requests[-1]["messages"][0]
        return first["content"] if first["role"] == "system" else ""

    return told


@pytest.fixture
def helper(teammate_with):
    return teammate_with()


@pytest.fixture
def facts(owner, outsider, helper, teammate_with):
    """One memory for each scope that there is, beside the one for ada."""
    other = teammate_with(slug="other")
    for text, who, user_id, teammate in [
        ("of ada", owner, "ada", None),
        ("of ada with the helper", owner, "ada", helper),
        ("of ada with another", owner, "ada", other),
        ("of bob", owner, "bob", None),
        ("of the account", owner, "", None),
        ("of a stranger's ada", outsider, "ada", None),
    ]:
        Memory.objects.create(owner=who, user_id=user_id, teammate=teammate, text=text)


def lines(system):
    return [line.removeprefix("- ") for line in system.splitlines() if line.startswith("- ")]


def test_a_run_with_memory_sees_exactly_its_own_scope(facts, helper, told):
    assert lines(told(helper, user_id="ada", memory=True)) == ["of ada", "of ada with the helper"]
    assert lines(told(helper, user_id="bob", memory=True)) == ["of bob"]
    assert lines(told(helper, memory=True)) == ["of the account"]
    assert lines(told(helper, user_id="nobody", memory=True)) == []


def test_a_run_without_memory_sees_none(facts, helper, told):
    assert told(helper, user_id="ada", memory=False) == ""


def test_many_memories_are_cut_to_the_newest(owner, helper, told):
    for number in range(60):
        Memory.objects.create(owner=owner, text=f"{number:03} " + "x" * 296)
    shown = lines(told(helper, memory=True))
    assert 20 <= len(shown) < 30 and shown[-1].startswith("059") and shown == sorted(shown)


def test_a_run_with_history_sees_earlier_work_of_its_own_scope(helper, told, fake):
    told(helper, "for ada one", user_id="ada")
    told(helper, "for bob", user_id="bob")
    told(helper, "for the account")
    told(helper, "for ada two", user_id="ada")
    system = told(helper, "now", user_id="ada", history=True)
    assert system.index("for ada one") < system.index("for ada two")
    assert "Here you are." in system and "for bob" not in system and "for the account" not in system
    assert "for ada" not in told(helper, "now", history=True)


def test_a_run_without_history_sees_no_earlier_work(helper, told):
    told(helper, "earlier", user_id="ada")
    assert told(helper, user_id="ada", history=False) == ""


def test_history_is_the_last_five_of_this_teammate(helper, told, teammate_with):
    told(teammate_with(slug="other"), "another's work")
    for number in range(7):
        told(helper, f"work {number}")
    system = told(helper, history=True)
    assert [number for number in range(7) if f"work {number}" in system] == [2, 3, 4, 5, 6]
    assert "another's" not in system


def test_runs_that_came_to_no_answer_are_no_history(helper, told, fake):
    fake.new().error(400)
    told(helper, "that failed")
    assert "that failed" not in told(helper, history=True)
