"""With whom a run begins (contract 1.1): a teammate by its id, by its name, or a new one."""

from django.utils.timezone import now

from runs.models import Event, Run
from teammates.models import Teammate
from tests.api.door import problem_of
from tests.machine import together

# --- with whom ---


def test_an_unknown_teammate_is_a_status_and_no_stream(refused):
    assert refused(teammate_id=12345) == (404, "not_found")


def test_another_accounts_teammate_is_not_there(refused, outsider, api_of):
    theirs = api_of(outsider).run(name="Theirs").teammate
    Run.objects.all().delete()
    Event.objects.all().delete()
    assert refused(teammate_id=theirs.pk) == (404, "not_found")


def test_a_teammate_of_the_house_works_for_everybody(api, api_of, outsider, teammate_with):
    house = teammate_with()
    assert api.run(house).teammate == api_of(outsider).run(house).teammate == house


def test_a_disabled_teammate_begins_nothing(refused, teammate_with):
    teammate = teammate_with()
    Teammate.objects.filter(pk=teammate.pk).update(enabled=False)
    assert refused(teammate_id=teammate.pk) == (409, "disabled")


def test_the_newer_name_of_the_field_is_read_too(api, teammate_with):
    teammate = teammate_with()
    response = api.post("/runs", {"agent_id": teammate.pk, "message": "Hi", "stream": False})
    assert response.json()["teammate_id"] == teammate.pk


def test_a_run_inherits_the_end_user_of_its_teammate_and_takes_no_other(api):
    teammate = api.run(name="Ann's", user_id="ann").teammate
    assert api.run(teammate).user_id == "ann"
    response = api.post("/runs", {"teammate_id": teammate.pk, "message": "Hi", "user_id": "bob"})
    assert response.status_code in (404, 422)
    assert problem_of(response)
    assert not Run.objects.filter(user_id="bob").exists()


# --- quick start ---


def test_a_name_makes_a_teammate_and_finds_it_again(api):
    first = api.run(name="Weekly", instructions="Be short.", tools=["write_file"])
    second = api.run(name="Weekly", instructions="Something else.")
    assert first.teammate == second.teammate
    assert (first.teammate.name, first.teammate.instructions) == ("Weekly", "Be short.")
    assert Teammate.objects.filter(name="Weekly").count() == 1


def test_each_account_and_each_end_user_has_its_own_of_a_name(api, api_of, outsider):
    runs = [api.run(name="Bot"), api.run(name="Bot", user_id="ann"), api_of(outsider).run(name="Bot")]
    assert len({run.teammate_id for run in runs}) == 3


def test_an_archived_one_is_not_matched(api):
    first = api.run(name="Bot")
    Teammate.objects.filter(pk=first.teammate_id).update(archived_at=now())
    assert api.run(name="Bot").teammate != first.teammate


def test_without_a_name_there_is_one_for_all(api):
    assert api.run().teammate == api.run().teammate


def test_of_many_quick_starts_at_once_one_makes_the_teammate(api, transactional_db):
    runs = together(6, lambda place: api.run(name="Race"))
    assert len({run.teammate_id for run in runs}) == 1
    assert Teammate.objects.filter(name="Race").count() == 1
