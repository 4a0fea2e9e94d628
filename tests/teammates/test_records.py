"""A row is made and read in one step, and is what Django would have made of it."""

import pytest
from django.contrib.auth.models import User
from django.db import models

from runs.models import Run
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


def as_django_makes_it(**given):
    row = Run.__new__(Run)
    models.Model.__init__(row, **given)
    return row


def columns(row):
    return {f.attname: row.__dict__[f.attname] for f in row._meta.concrete_fields if f.attname != "uuid"}


def test_a_new_row_has_its_defaults_and_what_is_given(django_user_model):
    owner = django_user_model.objects.create(username="ann")
    given = {"owner": owner, "session_id": 3, "message": "Hello", "pk": 7, "retry_of": None}
    new, other = Run(**given), Run(**given)
    assert columns(new) == columns(as_django_makes_it(**given))
    assert (new.owner, new.pk, new._state.adding) == (owner, 7, True)
    assert new.uuid != other.uuid
    assert new.metadata is not other.metadata


def test_a_new_row_takes_no_name_that_it_does_not_have():
    for name in ("mesage", "save", "objects", "title"):
        with pytest.raises(TypeError, match=f"Run has no field '{name}'"):
            Run(**{name: "Hello"})


def test_a_user_is_read_the_same_way(django_user_model, django_assert_num_queries):
    written = django_user_model.objects.create_user("ann", password="a long enough word")
    found = User.objects.defer("email").get(pk=written.pk)
    assert (found, found._state.adding) == (written, False)
    assert found.check_password("a long enough word")
    with django_assert_num_queries(1):
        assert found.email == ""
