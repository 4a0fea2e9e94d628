"""What can be chosen at the m8tes door: models, apps and their tools, and what is built in."""

import pytest

from teammates.models import Teammate
from teammates.services import save
from teammates.tools.builtin import BUILT_IN
from tests.api.door import problem_of

pytestmark = pytest.mark.django_db(transaction=True)


def page(response):
    told = response.json()
    assert response.status_code == 200 and told["has_more"] is False
    return told["data"]


def test_one_model_is_the_default_and_every_one_may_be_asked_for(api, settings):
    settings.DEFAULT_MODEL, settings.KNOWN_MODELS = "big", ["small"]
    found = page(api.get("/models/"))
    assert [each["id"] for each in found] == ["big", "demo", "small"]
    assert [each["id"] for each in found if each["default"]] == ["big"]
    for each in found:
        assert each["name"] and each["description"] and each["provider"]
        assert api.run(name="Bot", model=each["id"]).model == each["id"]


def test_models_that_a_teammate_has_are_known(api, made, teammate_with):
    teammate_with(model="theirs")
    assert "theirs" in [each["id"] for each in page(api.get("/models"))]
    assert made(model="theirs")["model"] == "theirs"


def test_prices_are_told_where_they_are_known(api, settings):
    settings.DEFAULT_MODEL, settings.PRICES = "big", {"big": (2.0, 8.0)}
    settings.KNOWN_MODELS = ["small"]
    prices = {each["id"]: each["pricing"] for each in page(api.get("/models"))}
    told = {"input_per_mtok": 2.0, "output_per_mtok": 8.0, "cache_read_per_mtok": 2.0, "cache_write_per_mtok": 2.0}
    assert prices["big"] == {**told, "currency": "usd"} and prices["small"] is None
    assert prices["demo"]["output_per_mtok"] == 0


def test_only_the_script_runs_without_an_endpoint(api, settings):
    settings.DEFAULT_MODEL, settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "big", "", ""
    assert {each["id"]: each["runnable"] for each in page(api.get("/models"))} == {"big": False, "demo": True}


def test_apps_are_what_tools_may_name(api, posted, made):
    apps = page(api.get("/apps/"))
    names = [each["name"] for each in apps]
    assert {"post", "announce"} <= set(names) and not BUILT_IN & set(names) and "AskUserQuestion" not in names
    assert all(each["connected"] and each["display_name"] and each["auth_type"] != "composio" for each in apps)
    assert made(tools=names)["tools"] == names


def test_an_app_tells_what_its_tool_may_do(api, own_tool):
    @own_tool(effect="read", title="Look up")
    def look_up(words: str) -> str:
        """Look something up."""
        return words

    told = page(api.get("/apps/look_up/tools"))
    expected = {"slug": "look_up", "name": "Look up", "description": "Look something up."}
    assert told == [{**expected, "read_only": True, "approval_mode": "never"}]
    announce = page(api.get("/apps/announce/tools/"))[0]
    assert (announce["read_only"], announce["approval_mode"]) == (False, "always")


@pytest.mark.parametrize("app", ["nonsense", "write_file", "AskUserQuestion"])
def test_what_is_no_app_is_not_there(api, app):
    assert problem_of(api.get(f"/apps/{app}/tools")) == (404, "not_found")


def test_what_is_built_in_is_told_for_everybody(api):
    found = {each["name"]: each for each in page(api.get("/built-in-tools/"))}
    assert set(found) == BUILT_IN | {"AskUserQuestion", "submit_plan"}
    for each in found.values():
        assert each["server_name"] and each["display_name"] and each["description"]
        assert each["enabled"] and each["multi_tenant_safe"]
    assert {name for name, each in found.items() if each["configurable"]} == BUILT_IN


@pytest.mark.parametrize("word", ["teammate_id", "agent_id"])
def test_what_is_built_in_is_told_for_one_teammate(api, made, word):
    told = made(disabled_builtin_tools=["recall"], user_id="ada")
    found = page(api.get("/built-in-tools", **{word: told["id"], "user_id": "ada"}))
    assert {each["name"] for each in found if not each["enabled"]} == {"recall", "submit_plan"}


def test_another_accounts_teammate_is_not_there(api, outsider):
    theirs = Teammate(slug="theirs", name="Theirs", owner=outsider)
    save(theirs, [])
    assert problem_of(api.get("/built-in-tools", teammate_id=theirs.pk)) == (404, "not_found")
