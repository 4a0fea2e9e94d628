"""A row is read in one step, and is what Django would have made of it."""

import pytest

from teammates.models import Teammate, TeammateTool

pytestmark = pytest.mark.django_db


def test_a_row_is_what_was_written(teammate_with):
    written = teammate_with("post")
    found = Teammate.objects.select_related("owner").get(pk=written.pk)
    assert found == written
    assert (found._state.adding, found._state.db) == (False, "default")
    assert {f.attname: getattr(found, f.attname) for f in Teammate._meta.concrete_fields} == {
        f.attname: getattr(written, f.attname) for f in Teammate._meta.concrete_fields
    }


def test_what_was_left_out_is_read_when_it_is_asked_for(teammate_with, django_assert_num_queries):
    written = teammate_with("post")
    found = Teammate.objects.only("name").get(pk=written.pk)
    with django_assert_num_queries(0):
        assert found.name == written.name
    with django_assert_num_queries(1):
        assert found.instructions == written.instructions
    assert Teammate.objects.defer("instructions").get(pk=written.pk).get_deferred_fields() == {"instructions"}


def test_related_rows_come_along(teammate_with, django_assert_num_queries):
    written = teammate_with("post")
    with django_assert_num_queries(1):
        (tool,) = TeammateTool.objects.select_related("teammate").filter(teammate=written, tool="post")
        assert tool.teammate == written
