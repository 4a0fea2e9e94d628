"""The one way in which a teammate is written."""

import pytest
from django.core.exceptions import ValidationError

from teammates import services
from teammates.models import Mode, Revision, Teammate
from tests.teammates.conftest import TOOLS


def numbers(teammate) -> list[int]:
    return list(services.revisions(teammate).values_list("number", flat=True))


def test_a_new_teammate_has_its_rows_and_its_first_revision(clerk):
    assert services.tools_of(clerk) == TOOLS
    definition = services.current_revision(clerk).definition
    assert definition["instructions"] == "Keep the books."
    assert definition["tools"] == [{"name": "read_file", "permission": ""}, {"name": "write_file", "permission": ""}]


def test_a_changed_definition_makes_the_next_revision_and_keeps_the_old_one(clerk):
    clerk.instructions = "Keep them well."
    assert services.save(clerk, TOOLS).number == 2
    assert services.revisions(clerk).first().definition["instructions"] == "Keep the books."


def test_saving_the_same_again_makes_no_revision(clerk):
    assert services.save(clerk, list(reversed(TOOLS))) is None
    assert numbers(clerk) == [1]


def test_a_changed_permission_is_a_changed_definition(clerk):
    assert services.save(clerk, [("read_file", ""), ("write_file", "deny")]).number == 2
    assert services.tools_of(clerk) == [("read_file", ""), ("write_file", "deny")]


def test_a_tool_that_is_left_out_is_taken_away(clerk):
    services.save(clerk, [("read_file", "")])
    assert services.tools_of(clerk) == [("read_file", "")]


def test_disabling_is_no_new_definition_because_it_is_read_live(clerk):
    clerk.enabled = False
    assert services.save(clerk, TOOLS) is None
    assert not Teammate.objects.get(pk=clerk.pk).enabled


def test_a_new_name_keeps_the_id(clerk):
    clerk.name = "Head clerk"
    services.save(clerk, TOOLS)
    assert Teammate.objects.get(name="Head clerk").slug == "clerk"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "Cle\u202erk"),
        ("slug", "new"),
        ("slug", "two words"),
        ("permission_mode", "reckless"),
        ("human_in_the_loop", False),
    ],
)
def test_a_field_that_does_not_fit_is_refused_and_nothing_is_written(clerk, field, value):
    setattr(clerk, field, value)
    with pytest.raises(ValidationError):
        services.save(clerk, [])
    assert getattr(Teammate.objects.get(pk=clerk.pk), field) != value
    assert services.tools_of(clerk) == TOOLS and numbers(clerk) == [1]


def test_autonomous_may_do_without_people(clerk):
    clerk.permission_mode, clerk.human_in_the_loop = Mode.AUTONOMOUS, False
    assert services.save(clerk, TOOLS).number == 2


@pytest.mark.parametrize("tools", [[("read_file", ""), ("read_file", "ask")], [("read_file", "maybe")]])
def test_tools_that_do_not_fit_are_refused_and_nothing_is_written(clerk, tools):
    with pytest.raises(ValidationError):
        services.save(clerk, tools)
    assert services.tools_of(clerk) == TOOLS and numbers(clerk) == [1]


def test_a_failure_half_way_leaves_nothing_behind(clerk, monkeypatch):
    def fail(teammate):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(services, "revise", fail)
    with pytest.raises(RuntimeError):
        services.save(clerk, [])
    assert services.tools_of(clerk) == TOOLS and Revision.objects.count() == 1


def test_ids_come_from_names_and_step_aside(clerk):
    assert services.free_slug("Héad of Books!") == "head-of-books"
    assert services.free_slug("Clerk") == "clerk-2"
    assert services.free_slug("new") == "new-2"
    assert services.free_slug("经理") == "teammate"
