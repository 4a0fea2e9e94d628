"""The card: our words, the exact call, and nothing of a stranger that could pass for ours."""

import pytest
from django.utils.timezone import now

from approvals.arguments import canonical, rows
from approvals.changes import blocks, pieces
from approvals.domains import suspicions
from approvals.models import ToolApproval
from approvals.plans import sections
from runs.models import Run, ToolCall
from teammates.models import Teammate
from tests.approvals.rows import a_paused_run, a_plan, an_approval


def card(client, gate, query=""):
    kind = "approvals" if hasattr(gate, "consequence") else "questions"
    return client.get(f"/inbox/{kind}/{gate.pk}/{query}").content.decode()


def test_it_shows_our_title_consequence_and_risk(owners, approval):
    page = card(owners, approval)
    assert "Publish an announcement" in page
    assert "Everyone who follows the channel sees it. It cannot be recalled." in page
    assert "chip-medium" in page


def test_every_argument_is_there_whole(owners, run):
    approval = an_approval(run, channel="news", text="word " * 900)
    page = card(owners, approval)
    assert page.count("word " * 900) >= 3, "as field, as JSON and as the signed bytes"
    assert "1 line, 4500 characters" in page


def test_the_digest_is_shown_short_and_posted_in_full(owners, approval):
    page = card(owners, approval)
    assert f'name="digest" value="{approval.digest}"' in page
    assert f"{approval.digest[:4]} {approval.digest[4:8]} {approval.digest[8:12]}" in page


def test_the_raw_view_shows_the_bytes_that_are_signed():
    assert canonical({"b": 1.0, "a": "é\u202e"}) == '{"a":"é\u202e","b":1}'


def test_what_a_reader_would_not_see_is_made_visible(owners, run):
    page = card(owners, an_approval(run, channel="invoice\u202efdp.exe", text="a\u200bb" + "\n" * 200 + "c"))
    assert "\u202e" not in page.replace("&quot;", "").split("copy-source")[0]
    assert "U+202E" in page
    assert "U+200B" in page
    assert "200 blank characters" in page


def test_markup_of_a_teammate_stays_text(owners, run):
    nasty = "<script>alert(1)</script> **Approved by Sayso** <span class='chip chip-low'>Low</span>"
    page = card(owners, an_approval(run, said=nasty, channel=nasty, text=nasty))
    assert "<script>alert" not in page
    assert "<span class='chip" not in page
    assert "<strong>Approved" not in page


@pytest.mark.parametrize(
    ("value", "tag"),
    [("", "empty text"), ("41000", "text"), ("true", "text"), ("null", "text"), ("41000 EUR", ""), (7, "")],
)
def test_a_text_that_looks_like_something_else_is_told_from_it(value, tag):
    assert rows({"a": value}, {})[0].tag == tag


def test_a_domain_that_looks_like_another_is_shown_in_punycode():
    assert suspicions("write to billing@\u0430pple.com") == [
        "“\u0430pple.com” is the domain xn--pple-43d.com, and mixes Cyrillic and Latin letters."
    ]
    assert suspicions("Grüße an bücher.example, naïve Καλημέρα") == [
        "“bücher.example” is the domain xn--bcher-kva.example."
    ]
    assert suspicions("plain@shop.example") == []


def test_who_may_only_look_gets_no_buttons(rf, approval, outsider):
    from django.template.loader import render_to_string

    request = rf.get("/")
    request.user = outsider
    page = render_to_string("approvals/_card.html", {"gate": approval, "may_decide": False}, request)
    assert "<button" not in page.replace('<button type="button"', "")
    assert "The owner of the run and reviewers decide." in page


def test_a_card_that_asks_whether_it_is_still_true_is_left_alone(owners, approval):
    fragment = {"HX-Request": "true"}
    address = f"/inbox/approvals/{approval.pk}/?shown="
    assert owners.get(address + approval.digest, headers=fragment).status_code == 204
    assert owners.get(address + "0" * 64, headers=fragment).status_code == 200


def test_a_card_for_htmx_is_one_element_and_a_page_for_everybody_else(owners, approval):
    address = f"/inbox/approvals/{approval.pk}/"
    fragment = owners.get(address, headers={"HX-Request": "true"}).content.decode().strip()
    assert fragment.startswith("<article")
    assert fragment.endswith("</article>")
    restored = owners.get(address, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in restored.content.decode()


def test_recorded_resumed_and_executed_are_three_things(owners, owner):
    run = a_paused_run(owner, gates=2)
    approval, other = an_approval(run), an_approval(run, channel="b", text="c")
    answer = owners.post(
        f"/inbox/approvals/{approval.pk}/allow/", {"digest": approval.digest}, headers={"HX-Request": "true"}
    ).content.decode()
    assert "Recorded" in answer
    assert "after 1 more decision" in answer
    assert "not yet" in answer
    assert f'href="/inbox/approvals/{other.pk}/"' in answer, "the next one is offered"


def test_who_decides_is_told_that_the_teammate_is_disabled(owners, approval):
    address = f"/inbox/approvals/{approval.pk}/"
    assert "is disabled" not in owners.get(address).content.decode()
    Teammate.objects.filter(pk=approval.run.teammate_id).update(enabled=False)
    assert f"{approval.run.teammate.name} is disabled." in owners.get(address).content.decode()
    Teammate.objects.filter(pk=approval.run.teammate_id).update(archived_at=now())
    page = owners.get(address).content.decode()
    assert f"{approval.run.teammate.name} is archived." in page and "can be enabled" not in page


def test_a_call_that_never_ran_because_the_run_failed_says_so(owners, approval):
    ToolCall.objects.filter(pk=approval.call_id).update(state="cancelled")
    ToolApproval.objects.filter(pk=approval.pk).update(status="decided", verdict="allow", decided_at=now())
    for status, words in {"failed": "the run failed", "cancelled": "the run was stopped"}.items():
        Run.objects.filter(pk=approval.run_id).update(status=status, open_gates=0)
        assert f"never, {words}" in owners.get(f"/inbox/approvals/{approval.pk}/").content.decode()


# --- plans ---


def test_a_plan_is_cut_at_its_headings_and_loses_nothing():
    text = "Intro.\n\n# One\n\nfirst\n\n## Two\n\n```\n# not a heading\n```\n"
    found = sections(text)
    assert [(part.title, part.depth) for part in found] == [("", 1), ("One", 1), ("Two", 2)]
    assert "".join(part.text for part in found) == text


def test_a_plan_of_a_great_many_headings_is_one_part():
    text = "# step\n" * 7_000
    assert [(part.title, part.text) for part in sections(text)] == [("", text)]


def test_two_revisions_are_compared_word_by_word(owners, run):
    old = a_plan(run, "# Copy\n\nCopy all sessions, and stop when it fails.\n", status="superseded", verdict="answer")
    new = a_plan(run, "# Copy\n\nCopy sessions in batches <b>now</b>, and stop when it fails.\n", revision=2)
    page = card(owners, new, f"?against={old.pk}")
    assert "<del>all sessions</del>" in page
    assert "<ins>sessions in batches &lt;b&gt;now&lt;/b&gt;</ins>" in page
    assert f'href="/inbox/questions/{old.pk}/"' in page


def test_changes_put_together_give_both_texts():
    old, new = "pay 148.50 EUR now, please", "pay 120.00 EUR, thank you please"
    parts = pieces(old, new)
    assert "".join(part.text for part in parts if part.op != "new") == old
    assert "".join(part.text for part in parts if part.op != "old") == new
    assert [block.op for block in blocks("a\n\nb", "a\n\nc d e f")] == ["same", "old", "new"]


def test_only_a_plan_of_the_same_run_is_compared_with(owners, owner, run):
    foreign = a_plan(a_paused_run(owner), "# Secret\n")
    assert "Secret" not in card(owners, a_plan(run), f"?against={foreign.pk}")
