"""The roster: everybody sees who works here; staff change the house's, everybody else their own."""

import pytest

from runs.models import Run
from runs.services import start
from teammates import services
from teammates.models import Mode, Teammate, TeammateTool
from tests.teammates.conftest import TOOLS

TABS = ["", "tools/", "mode/"]


def mode(**changes) -> dict:
    return {"revision": 1, "permission_mode": "approval", "human_in_the_loop": "on"} | changes


def profile(**changes) -> dict:
    return {"revision": 1, "name": "Clerk", "history_runs": 20, "enabled": "on"} | changes


def unchanged(teammate) -> bool:
    now = Teammate.objects.get(pk=teammate.pk)
    same = all(getattr(now, field) == getattr(teammate, field) for field in (*services.DEFINED, "enabled", "owner_id"))
    return same and services.tools_of(now) == TOOLS and services.current_revision(now).number == 1


def test_the_list_shows_the_house_and_ones_own(client_of, owner, clerk, scribe):
    page = client_of(owner).get("/roster/").content.decode()
    assert "Clerk" in page and "Scribe" in page and "2 tools, " in page


def test_the_list_of_an_outsider_does_not_show_anothers(client_of, outsider, clerk, scribe):
    page = client_of(outsider).get("/roster/").content.decode()
    assert "Clerk" in page and "Scribe" not in page


def test_the_list_says_what_runs_now_to_whoever_may_see_it(client_of, owner, reviewer, outsider, clerk):
    start(owner=owner, teammate=clerk, message="Count.")
    Run.objects.update(status="paused")
    start(owner=owner, teammate=clerk, message="Count again.")
    assert "1 waits for you" in client_of(reviewer).get("/roster/").content.decode()
    Run.objects.update(status="running")
    assert "2 running" in client_of(owner).get("/roster/").content.decode()
    assert (
        "running" not in client_of(outsider).get("/roster/").content.decode().split("<tbody>")[1].split("</tbody>")[0]
    )


@pytest.mark.parametrize("tab", TABS)
def test_anothers_teammate_is_not_there_for_an_outsider(client_of, outsider, scribe, tab):
    client = client_of(outsider)
    assert client.get(f"/roster/scribe/{tab}").status_code == 404
    assert client.post(f"/roster/scribe/{tab}", profile()).status_code == 404
    assert unchanged(scribe)


@pytest.mark.parametrize("tab", TABS)
def test_the_house_is_read_only_for_who_is_not_staff(client_of, owner, clerk, tab):
    client = client_of(owner)
    page = client.get(f"/roster/clerk/{tab}")
    assert b"Staff change it" in page.content and b'id="save-bar"' not in page.content
    assert client.post(f"/roster/clerk/{tab}", profile(name="Mine now")).status_code == 403
    assert unchanged(clerk)


def test_staff_read_anothers_teammate_and_do_not_change_it(client_of, staff, scribe):
    client = client_of(staff)
    assert client.get("/roster/scribe/").status_code == 200
    assert client.post("/roster/scribe/", profile(name="Mine now")).status_code == 403
    assert unchanged(scribe)


def test_staff_change_the_profile_of_the_house(client_of, staff, clerk):
    answer = client_of(staff).post("/roster/clerk/", profile(name="Head clerk", instructions="Be exact."), follow=True)
    assert b"Saved as revision 2" in answer.content
    changed = Teammate.objects.get(slug="clerk")
    assert (changed.name, changed.instructions) == ("Head clerk", "Be exact.")
    assert services.tools_of(changed) == TOOLS and changed.owner is None


def test_owners_change_their_own(client_of, owner, scribe):
    client_of(owner).post("/roster/scribe/", profile(name="Copyist", enabled=""))
    changed = Teammate.objects.get(slug="scribe")
    assert changed.name == "Copyist" and not changed.enabled


def test_a_profile_without_a_name_is_refused_at_the_field(client_of, staff, clerk):
    answer = client_of(staff).post("/roster/clerk/", profile(name=" "))
    assert answer.status_code == 422 and b'id="id_name_error"' in answer.content
    assert b"<h1>Clerk</h1>" in answer.content
    assert unchanged(clerk)


def test_a_name_that_would_turn_our_sentences_is_refused_at_the_field(client_of, staff, clerk):
    answer = client_of(staff).post("/roster/clerk/", profile(name="Cle\u202erk"))
    assert answer.status_code == 422
    assert "Remove U+202E: it is not seen, or turns the order" in answer.content.decode()
    assert unchanged(clerk)


def test_fields_of_other_tabs_and_of_nobody_are_not_taken(client_of, owner, scribe, outsider):
    sent = profile(name="Scribe", permission_mode="autonomous", owner=outsider.pk, slug="taken", history_runs=20)
    client_of(owner).post("/roster/scribe/", sent)
    assert unchanged(scribe)


def test_who_edits_an_older_revision_is_told_and_saves_nothing(client_of, staff, clerk):
    services.save(clerk, [*TOOLS, ("recall", "")])
    answer = client_of(staff).post("/roster/clerk/", profile(name="Lost update"))
    assert answer.status_code == 422 and b"Revision 2 was saved while this page was open" in answer.content
    assert Teammate.objects.get(slug="clerk").name == "Clerk"


def test_tools_are_set_one_by_one(client_of, staff, clerk):
    sent = {"revision": 1, "tool:read_file": "off", "tool:write_file": "allow", "tool:announce": "ask"}
    answer = client_of(staff).post("/roster/clerk/tools/", sent, follow=True)
    assert services.tools_of(clerk) == [("write_file", "allow"), ("announce", "")]
    assert "1 tool will now run without asking: Write a file." in answer.content.decode()


def test_a_choice_that_is_not_sent_stays(client_of, staff, clerk):
    client_of(staff).post("/roster/clerk/tools/", {"revision": 1})
    assert unchanged(clerk)


def test_a_tool_that_asks_in_every_mode_cannot_be_allowed(client_of, staff, clerk):
    page = client_of(staff).get("/roster/clerk/tools/").content.decode()
    assert "asks in every mode" in page
    answer = client_of(staff).post("/roster/clerk/tools/", {"revision": 1, "tool:announce": "allow"})
    assert answer.status_code == 422 and unchanged(clerk)


@pytest.mark.parametrize("sent", [{"tool:write_file": "maybe"}, {"revision": ""}, {"revision": "x"}])
def test_choices_that_do_not_exist_are_refused(client_of, staff, clerk, sent):
    answer = client_of(staff).post("/roster/clerk/tools/", {"revision": 1} | sent)
    assert answer.status_code == 422 and unchanged(clerk)


def test_the_effect_is_said_before_anything_is_saved(client_of, staff, clerk, refund):
    sent = {"revision": 1, f"tool:{refund}": "allow", "tool:write_file": "deny", "preview": "1"}
    bar = client_of(staff).post("/roster/clerk/tools/", sent, headers={"HX-Request": "true"}).content.decode()
    assert "1 tool will now run without asking: Refund an order." in bar
    assert "1 tool will now be refused: Write a file." in bar and "<html" not in bar
    assert unchanged(clerk)


def test_without_javascript_the_effect_comes_with_the_page_and_the_ticks_stay(client_of, staff, clerk):
    sent = {"revision": 1, "tool:write_file": "allow", "preview": "1"}
    page = client_of(staff).post("/roster/clerk/tools/", sent).content.decode()
    assert "will now run without asking: Write a file." in page
    assert 'name="tool:write_file" value="allow" checked' in page
    assert unchanged(clerk)


def test_a_tool_that_is_gone_is_said_to_be_gone_kept_and_removable(client_of, staff, clerk):
    TeammateTool.objects.create(teammate=clerk, tool="fax", permission="ask")
    client = client_of(staff)
    assert b"does not exist here any more" in client.get("/roster/clerk/tools/").content
    client.post("/roster/clerk/tools/", {"revision": 1, "tool:read_file": "mode"})
    assert ("fax", "ask") in services.tools_of(clerk)
    client.post("/roster/clerk/tools/", {"revision": 2, "tool:fax": "off"})
    assert services.tools_of(clerk) == TOOLS


def test_tools_that_come_with_a_mode_survive_the_matrix(client_of, staff, clerk):
    services.save(clerk, [*TOOLS, ("AskUserQuestion", "")])
    client_of(staff).post("/roster/clerk/tools/", {"revision": 2, "tool:read_file": "off"})
    assert services.tools_of(clerk) == [("write_file", ""), ("AskUserQuestion", "")]


def test_a_looser_mode_says_what_will_run_without_asking(client_of, staff, clerk, refund):
    services.save(clerk, [*TOOLS, (refund, "")])
    sent = mode(revision=2, permission_mode="autonomous")
    answer = client_of(staff).post("/roster/clerk/mode/", sent, follow=True).content.decode()
    assert "2 tools will now run without asking: " in answer and "Refund an order" in answer
    assert Teammate.objects.get(slug="clerk").permission_mode == Mode.AUTONOMOUS


@pytest.mark.parametrize("asked", ["approval", "plan"])
def test_a_mode_that_needs_people_without_people_is_refused_with_the_mend(client_of, staff, clerk, asked):
    answer = client_of(staff).post("/roster/clerk/mode/", mode(permission_mode=asked, human_in_the_loop=""))
    assert answer.status_code == 422 and b'id="id_human_in_the_loop_error"' in answer.content
    assert b"Tick this, or choose Autonomous" in answer.content
    assert unchanged(clerk)


def test_a_person_makes_a_teammate_of_their_own(client_of, owner):
    sent = {"name": "Translator", "permission_mode": "plan", "of_the_house": "on"}
    answer = client_of(owner).post("/roster/new/", sent)
    made = Teammate.objects.get(slug="translator")
    assert answer.url == "/roster/translator/tools/" and made.owner == owner
    assert ("write_file", "") in services.tools_of(made) and "announce" not in dict(services.tools_of(made))


def test_staff_make_one_for_the_house_or_for_themselves(client_of, staff):
    client = client_of(staff)
    client.post("/roster/new/", {"name": "Ours", "permission_mode": "approval", "of_the_house": "on"})
    client.post("/roster/new/", {"name": "Mine", "permission_mode": "approval"})
    assert Teammate.objects.get(slug="ours").owner is None
    assert Teammate.objects.get(slug="mine").owner == staff


def test_a_new_teammate_without_a_name_or_with_an_unknown_mode_is_refused(client_of, owner):
    answer = client_of(owner).post("/roster/new/", {"name": "", "permission_mode": "reckless"})
    assert answer.status_code == 422 and b'id="id_name_error"' in answer.content
    assert not Teammate.objects.exists()


def test_the_first_day_says_what_to_do(client_of, owner):
    assert b"No teammate yet" in client_of(owner).get("/roster/").content


def test_start_a_run_leads_to_the_box_with_this_teammate_chosen(client_of, owner, clerk, scribe):
    client = client_of(owner)
    assert b'href="/?teammate=scribe#launch"' in client.get("/roster/scribe/").content
    assert client.get("/?teammate=scribe").context["form"].chosen.performer == scribe
    assert client.get("/?teammate=nobody").status_code == 200
