"""Whether a script answered a run: what was asked at the time, not what the settings name now."""

import pytest

from tests.rows import run_of, said, teammate

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("fields", "scripted"),
    [
        ({"usage": {"model": "demo"}}, True),
        ({"usage": {"model": "big"}}, False),
        ({"model": "big"}, False),
        ({"model": "demo"}, True),
    ],
)
@pytest.mark.parametrize("now", ["demo", "big"])
def test_the_page_says_so_whatever_model_the_settings_name_now(client_of, owner, settings, now, fields, scripted):
    settings.DEFAULT_MODEL = now
    run = run_of(owner, teammate(), **fields)
    page = client_of(owner).get(f"/runs/{run.pk}/").content.decode()
    assert ("Scripted demo" in page) is scripted


@pytest.mark.parametrize(("of_turn", "of_run"), [("demo", "big"), ("big", "demo")])
def test_a_turn_says_by_itself_whether_a_script_spoke(client_of, owner, of_turn, of_run):
    run = run_of(owner, teammate(), usage={"model": of_run})
    said(run, 1, "Hello.", usage={"model": of_turn})
    turn = client_of(owner).get(f"/runs/{run.pk}/turns/1/").content.decode()
    assert (">scripted</span>" in turn) is (of_turn == "demo")
