"""What is prepared says the same as the ordinary queryset, every time, with whatever values."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils.timezone import now

from runs.models import Session, SessionKind
from teammates import keys
from teammates.models import ApiKey, Teammate, TeammateTool
from teammates.prepared import Select, Update, change, insert
from teammates.services import save

pytestmark = pytest.mark.django_db


@Select
def keys_named(limit, name, owner=None, before=None):
    found = ApiKey.objects.select_related("owner").filter(name=name).order_by("pk")
    found = found if owner is None else found.filter(owner_id=owner)
    return (found if before is None else found.filter(created_at__lt=before))[:limit]


@Select
def names(owner):
    return ApiKey.objects.filter(owner=owner).order_by("name").values_list("name", flat=True)


@Select
def pairs(owner):
    return ApiKey.objects.filter(owner=owner).order_by("name").values_list("name", "owner__username")


@Select
def nobodys(owner):
    return ApiKey.objects.none()


@pytest.fixture
def two_keys(owner, outsider):
    return keys.create(owner, "laptop")[0], keys.create(outsider, "laptop")[0]


def test_a_row_is_the_same_in_every_column_and_so_is_what_it_refers_to(two_keys, owner):
    [found] = keys_named(5, name="laptop", owner=owner.pk)
    for field in ApiKey._meta.concrete_fields:
        assert getattr(found, field.attname) == getattr(two_keys[0], field.attname)
    with connection.execute_wrapper(lambda *args: pytest.fail("asked for the owner again")):
        assert found.owner == owner


def test_each_use_has_its_own_values(two_keys, owner, outsider):
    for user, key in ((owner, two_keys[0]), (outsider, two_keys[1]), (owner, two_keys[0])):
        assert keys_named(5, name="laptop", owner=user.pk) == [key]
    assert keys_named(5, name="phone", owner=owner.pk) == []


def test_what_is_given_and_how_many_make_statements_of_their_own(two_keys, owner):
    assert keys_named(5, name="laptop") == [*two_keys]
    assert keys_named(1, name="laptop") == [two_keys[0]]
    assert keys_named(5, name="laptop", before=now()) == [*two_keys]
    assert keys_named(5, name="laptop", before=now() - timedelta(days=1)) == []


def test_single_values_and_tuples_come_as_from_a_queryset(two_keys, owner):
    keys.create(owner, "phone")
    assert names(owner=owner.pk) == ["laptop", "phone"]
    assert pairs(owner=owner.pk) == [("laptop", owner.username), ("phone", owner.username)]
    assert nobodys(owner=owner.pk) == []


def test_a_number_that_no_row_can_have_finds_nothing(two_keys):
    assert keys_named(5, name="laptop", owner=10**30) == []
    assert keys_named(5, name="laptop", owner=-(10**30)) == []


def test_statements_that_nobody_uses_any_more_are_forgotten(two_keys, monkeypatch):
    monkeypatch.setattr("teammates.prepared.KEPT", 3)
    for limit in range(1, 10):
        assert keys_named(limit, name="laptop") == [*two_keys][:limit]
    assert len(keys_named._ready) <= 3


def test_what_cannot_be_prepared_is_refused_when_it_is_first_used(owner):
    @Select
    def with_tools(owner):
        return Teammate.objects.prefetch_related("tools").filter(owner=owner)

    with pytest.raises(TypeError, match="prepared"):
        with_tools(owner=owner.pk)


def test_a_change_counts_its_rows_and_takes_every_kind_of_value(two_keys, owner):
    end = now() + timedelta(days=1)
    fits = {"pk": two_keys[0].pk, "name": "laptop"}
    assert change(ApiKey, fits, name="desk", scopes=["runs:read"], expires_at=end, owner=owner) == 1
    assert change(ApiKey, fits, name="desk", scopes=[], expires_at=None, owner=owner) == 0
    key = ApiKey.objects.get(pk=two_keys[0].pk)
    assert (key.name, key.scopes, key.expires_at, key.owner) == ("desk", ["runs:read"], end, owner)


def test_a_named_change_may_count_from_what_is_there(owner):
    @Update
    def renamed(pk, before, after):
        return User.objects.filter(pk=pk, username=before), {"username": after}

    assert renamed(pk=owner.pk, before=owner.username, after="somebody") == 1
    assert renamed(pk=owner.pk, before="nobody", after="anybody") == 0
    assert User.objects.get(pk=owner.pk).username == "somebody"


def test_a_new_row_is_what_save_would_have_written(owner):
    key = str(uuid.uuid4())
    mine = insert(Session(owner=owner, key=key, session_state={"n": [1, None, "é"]}))
    again = Session.objects.get(pk=mine.pk)
    for field in Session._meta.concrete_fields:
        assert getattr(again, field.attname) == getattr(mine, field.attname), field
    assert not mine._state.adding
    mine.name = "changed"
    mine.save()
    assert Session.objects.get(key=key).name == "changed"


def test_null_and_an_empty_reference_are_written(owner):
    teammate = Teammate(slug="clerk", name="Clerk")
    save(teammate, [("read_file", "")])
    tool = insert(TeammateTool(teammate=teammate, tool="write_file", permission=""))
    assert TeammateTool.objects.get(pk=tool.pk).teammate == teammate


def test_a_value_of_another_type_is_written_as_its_field_would(owner):
    key = uuid.uuid4()
    mine = insert(Session(owner=owner, kind=SessionKind.TEAM, key=key, hidden=0, user_id=7))
    mine.refresh_from_db()
    assert (mine.kind, mine.key, mine.hidden, mine.user_id) == ("team", str(key), False, "7")


@Select
def states(owner):
    return Session.objects.filter(owner=owner).order_by("pk").values_list("session_state", "metadata")


@pytest.mark.parametrize("state", [{}, [], "", "{}", "ä", 0, False, {"a": [{}, None]}, [[]]])
def test_json_is_read_as_its_field_reads_it(owner, state):
    insert(Session(owner=owner, kind=SessionKind.AGENT, key="k", session_state=state))
    ((ordinary, _),) = Session.objects.filter(owner=owner).values_list("session_state", "metadata")
    ((read, _),) = states(owner=owner)
    assert (read, type(read)) == (ordinary, type(ordinary))


def test_what_is_empty_in_two_rows_is_not_the_same(owner):
    for key in ("one", "two"):
        insert(Session(owner=owner, kind=SessionKind.AGENT, key=key))
    (one, _), (two, _) = states(owner=owner)
    one["changed"] = True
    assert two == {}
