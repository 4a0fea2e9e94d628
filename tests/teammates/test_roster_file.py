"""Teammates as a TOML file."""

import tomllib

import pytest
from django.core.management import CommandError, call_command

from config.env import ROOT
from teammates import lifecycle, roster, services
from teammates.models import Revision, Team, Teammate, Workflow

CLERK = """
[[teammates]]
id = "clerk"
name = "Clerk"
instructions = "Keep the books."
permission_mode = "plan"
tools = ["read_file", { name = "write_file", permission = "ask" }]
"""


def test_load_inserts_with_tools_and_a_revision(db):
    (clerk,) = roster.load(CLERK)
    assert services.tools_of(clerk) == [("read_file", ""), ("write_file", "ask")]
    assert clerk.permission_mode == "plan" and clerk.owner is None
    assert services.current_revision(clerk).number == 1


def test_load_updates_by_id_and_touches_nobody_else(clerk, scribe):
    roster.load(CLERK)
    assert Teammate.objects.get(slug="clerk").permission_mode == "plan"
    assert services.current_revision(clerk).number == 2
    assert services.current_revision(scribe).number == 1 and Teammate.objects.count() == 2


def test_loading_twice_is_loading_once(db):
    roster.load(CLERK)
    roster.load(CLERK)
    assert Revision.objects.count() == 1


def test_dump_is_the_inverse_of_load(db):
    roster.load((ROOT / "config" / "roster.toml").read_text())
    before = {teammate.slug: services.definition_of(teammate) for teammate in Teammate.objects.all()}
    dumped = roster.dump()
    for kind in (Workflow, Team, Teammate):
        kind.objects.all().delete()
    roster.load(dumped)
    assert {teammate.slug: services.definition_of(teammate) for teammate in Teammate.objects.all()} == before
    assert roster.dump() == dumped


def test_dump_keeps_what_is_not_usual(db):
    unusual = "enabled = false\nhistory_runs = 3\nmodel = 'tiny'\nrole = 'Clerk'\neffort = 'low'\n"
    roster.load(CLERK + unusual + "description = 'Says \"no\"'")
    (table,) = tomllib.loads(roster.dump())["teammates"]
    assert (table["enabled"], table["history_runs"], table["model"]) == (False, 3, "tiny")
    assert (table["role"], table["effort"], "goals" in table) == ("Clerk", "low", False)
    assert table["tools"] == ["read_file", {"name": "write_file", "permission": "ask"}]


def test_a_persons_own_teammate_is_not_dumped(clerk, scribe):
    assert [table["id"] for table in tomllib.loads(roster.dump())["teammates"]] == ["clerk"]


def test_an_archived_teammate_is_not_dumped(clerk, scribe):
    lifecycle.archive(clerk)
    assert "clerk" not in roster.dump()


@pytest.mark.parametrize(("kind", "key"), [(Teammate, "teammates"), (Team, "teams"), (Workflow, "workflows")])
def test_what_belongs_to_an_account_is_not_overwritten(clerk, owner, kind, key):
    theirs = kind.objects.create(slug="mine", name="Mine", owner=owner)
    more = {
        "teammates": "",
        "teams": 'members = ["clerk"]',
        "workflows": 'steps = [{ name = "x", teammate = "clerk" }]',
    }
    with pytest.raises(roster.RosterError, match=f"{kind.__name__} “mine” belongs to an account"):
        roster.load(f'[[{key}]]\nid = "mine"\nname = "Ours"\n{more[key]}')
    theirs.refresh_from_db()
    assert theirs.name == "Mine"


def test_a_team_has_no_word_of_our_addresses_as_its_id(clerk):
    with pytest.raises(roster.RosterError, match="“new” is a word of Sayso's own addresses"):
        roster.load('[[teams]]\nid = "new"\nname = "New"\nmembers = ["clerk"]')


def test_a_teammate_has_no_id_of_a_team(clerk):
    Team.objects.create(slug="crew", name="Crew")
    with pytest.raises(roster.RosterError, match="A team has this id"):
        roster.load(CLERK.replace('"clerk"', '"crew"'))


def test_a_file_that_does_not_say_a_role_leaves_it(clerk):
    Teammate.objects.update(role="Bookkeeper", goals="No debts", effort="high")
    roster.load(CLERK)
    clerk.refresh_from_db()
    assert (clerk.role, clerk.goals, clerk.effort) == ("Bookkeeper", "No debts", "high")


def test_a_teammate_that_shares_its_id_with_a_team_from_before_can_be_saved(clerk):
    Team.objects.create(slug="clerk", name="Crew")
    roster.load(CLERK.replace("Keep the books.", "Keep the peace."))
    clerk.refresh_from_db()
    assert clerk.instructions == "Keep the peace."


def test_an_archived_teammate_comes_back(clerk):
    lifecycle.archive(clerk)
    roster.load(CLERK)
    clerk.refresh_from_db()
    assert (clerk.archived_at, clerk.enabled) == (None, True)


def test_the_sample_shows_all_three_modes_and_fits_the_tools(db):
    everybody = roster.load((ROOT / "config" / "roster.toml").read_text())
    loaded = [one for one in everybody if isinstance(one, Teammate)]
    assert {teammate.permission_mode for teammate in loaded} == {"autonomous", "approval", "plan"}
    assert all(not teammate.model and teammate.human_in_the_loop for teammate in loaded)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[teammates]\n", "not TOML: Expected ']]' at the end of an array declaration (at line 1"),
        ("[[teammates]]\nid = 'a'", "Teammate “a”: “name”: Field required"),
        ("[[teammates]]\nname = 'A'", "Teammate number 1: “id”: Field required"),
        ("[[teammates]]\nid = 'a b'\nname = 'A'", "Teammate “a b”: “id”"),
        ("[[teammates]]\nid = 'new'\nname = 'A'", "a word of Sayso's own addresses"),
        (CLERK + "colour = 'red'", "Teammate “clerk”: “colour” is not known here"),
        (CLERK + "enabled = 'yes'", "Teammate “clerk”: “enabled”: Input should be a valid boolean"),
        (CLERK + "human_in_the_loop = false", "Teammate “clerk”: Approval and Plan first need human in the loop"),
        (CLERK.replace("plan", "loose"), "Teammate “clerk”: “permission_mode”: Input should be 'autonomous'"),
        (CLERK.replace('"ask"', '"maybe"'), "Teammate “clerk”: “tools.1.permission”"),
        (CLERK.replace("read_file", "step_input"), "Teammate “clerk”: there is no tool “step_input”. Known here: "),
        (CLERK.replace("read_file", "fly"), "Teammate “clerk”: there is no tool “fly”. Known here: "),
        (CLERK.replace("read_file", "write_file"), "Name each tool once: write_file"),
        (CLERK + CLERK, "Teammate “clerk” is in the file twice"),
        ("teammates = 3", "“teammates”: Input should be a valid list"),
        ("[[workers]]\nid = 'a'", "“workers” is not known here"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_whole(db, text, told):
    good = "[[teammates]]\nid = 'good'\nname = 'Good'\n" if "teammates = 3" not in text else ""
    with pytest.raises(roster.RosterError) as refused:
        roster.load(good + text if "TOML" not in told and "number 1" not in told else text)
    assert told in str(refused.value)
    assert not Teammate.objects.exists() and not Revision.objects.exists()


def test_the_command_moves_a_roster_through_a_file(db, tmp_path, capsys):
    (tmp_path / "in.toml").write_text(CLERK)
    call_command("roster", "load", str(tmp_path / "in.toml"))
    call_command("roster", "dump", str(tmp_path / "out.toml"))
    assert 'id = "clerk"' in (tmp_path / "out.toml").read_text()
    assert "Loaded 1" in capsys.readouterr().out


def test_the_command_says_of_an_empty_file_that_nothing_was_changed(db, tmp_path, capsys):
    (tmp_path / "in.toml").write_text("")
    call_command("roster", "load", str(tmp_path / "in.toml"))
    assert capsys.readouterr().out.endswith("in.toml holds no teammate, team or workflow, so nothing was changed.\n")


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"[[teammates]]\nid = 'x'\nname = 'X'\ntools = ['fly']"])
def test_the_command_says_what_is_wrong_with_the_file(db, tmp_path, content):
    path = tmp_path / "bad.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError, match=r"bad\.toml"):
        call_command("roster", "load", str(path))
    assert not Teammate.objects.exists()


CREW = (
    CLERK
    + """
[[teams]]
id = "crew"
name = "Crew"
members = ["clerk"]
"""
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (CLERK + "[[teams]]\nid = 'clerk'\nname = 'A'\nmembers = ['clerk']", "“clerk” is in the file twice"),
        ("[[teams]]\nid = 'a'\nname = 'A'\nmembers = ['nobody']", "no teammate or team “nobody”"),
        ("[[teams]]\nid = 'a'\nname = 'A'\nmembers = ['a']", "cannot be a member of itself"),
        ("[[workflows]]\nid = 'a'\nname = 'A'\nsteps = [{ name = 'x', tool = 'nope' }]", "no tool “nope”"),
        ("[[workflows]]\nid = 'a'\nname = 'A'\nsteps = [{ name = 'x', tool = 'run_branch' }]", "no tool “run_branch”"),
        ("[[workflows]]\nid = 'a'\nname = 'A'\nsteps = [{ name = 'x' }]", "exactly one of"),
    ],
)
def test_a_team_or_workflow_that_cannot_be_is_refused_with_its_name(db, text, told):
    with pytest.raises(roster.RosterError) as refused:
        roster.load(text)
    assert told in str(refused.value)
    assert not Team.objects.exists() and not Workflow.objects.exists() and not Teammate.objects.exists()


def test_a_team_and_a_workflow_come_back_as_they_were(db):
    flow = "[[workflows]]\nid = 'flow'\nname = 'Flow'\nsteps = [{ name = 'x', team = 'crew' }]"
    roster.load(f"{CREW}{flow}")
    assert roster.dump() == (roster.load(roster.dump()) and roster.dump())
    assert [member.performer.slug for member in Team.objects.get().members.all()] == ["clerk"]
    assert Workflow.objects.get().definition == [{"name": "x", "team": "crew"}]
