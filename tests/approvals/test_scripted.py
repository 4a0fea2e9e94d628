"""Whether a script answered a run: what was asked at the time, not what the settings name now."""

import pytest

from tests.rows import run_of, teammate

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
