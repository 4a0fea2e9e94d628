"""What a card says about the past is what happened then, and whoever wrote something is named as its author."""

import pytest
from django.utils import timezone

from api.agentos.approval_shapes import approval_shape
from approvals import access
from approvals.cards import steps
from approvals.models import ToolApproval
from approvals.selectors import today
from runs.digest import digest_of
from runs.models import Event, Run, ToolCall
from tests.approvals.rows import a_paused_run, a_question, an_approval, item
from tests.rows import teammate


def ended(approval, **fields):
    ToolApproval.objects.filter(pk=approval.pk).update(decided_at=timezone.now(), verdict="deny", **fields)
    approval.refresh_from_db()
    return approval


def card(client, gate, kind="approvals"):
    return client.get(f"/inbox/{kind}/{gate.pk}/").content.decode()


def test_what_has_expired_was_decided_by_nobody(owners, owner, approval):
    ended(approval, status="expired", reason="expired")
    html = card(owners, approval)
    assert "Expired" in html and "by somebody" not in html and "gave a reason" not in html
    assert today(owner).count == 0


@pytest.mark.parametrize(
    ("began", "state", "words"), [(False, "never", "never, it could not begin"), (True, "failed", "failed")]
)
def test_a_call_that_failed_was_executed_only_if_it_began(owner, approval, began, state, words):
    ended(approval, status="decided", decided_by=owner)
    ToolApproval.objects.filter(pk=approval.pk).update(verdict="allow")
    now = timezone.now()
    ToolCall.objects.update(state="failed", started_at=now if began else None, finished_at=now)
    [executed] = [step for step in steps(ToolApproval.objects.get()) if step.name == "Executed"]
    assert (executed.state, executed.words) == (state, words)


def test_what_was_allowed_before_the_tool_changed_was_not_executed(owner, run):
    first = an_approval(run)
    ToolApproval.objects.update(status="decided", verdict="allow", decided_by=owner, decided_at=timezone.now())
    changed = {"channel": "news", "text": "Something else."}
    ToolCall.objects.update(arguments=changed, tool_def_hash="another", state="succeeded", result="Published in news.")
    call = ToolCall.objects.get()
    fields = {"status": "decided", "verdict": "allow", "decided_by": owner, "decided_at": timezone.now()}
    again = ToolApproval.objects.create(run=run, call=call, digest=digest_of(run, call), arguments=changed, **fields)
    told = {gate.pk: gate for gate in ToolApproval.objects.all()}
    assert steps(told[first.pk])[-1].words.startswith("never, it was asked again")
    assert steps(told[again.pk])[-1].state == "done"
    shapes = [approval_shape(told[pk])["requirements"][0]["tool_execution"] for pk in (first.pk, again.pk)]
    assert [(shape["tool_args"], shape["result"]) for shape in shapes] == [
        (first.arguments, None),
        (changed, "Published in news."),
    ]


def test_of_a_tool_that_is_gone_all_arguments_are_shown_to_whoever_asks(owners, approval):
    ToolCall.objects.update(tool="a_tool_that_is_gone")
    html = card(owners, approval)
    assert html.count('<details class="secret">') == 2
    ToolCall.objects.update(state="succeeded", started_at=timezone.now())
    assert '<details class="secret">' in owners.get(f"/runs/{approval.run_id}/").content.decode()


@pytest.fixture
def members(owner):
    """A run that a teammate began in the run of another, for which the owner had asked."""
    above = a_paused_run(owner, message="Tell the town.")
    Run.objects.filter(pk=above.pk).update(teammate=teammate(name="Chief"))
    below = a_paused_run(owner, message="Publish it at once.")
    Run.objects.filter(pk=below.pk).update(parent=above, root=above, depth=1)
    return Run.objects.get(pk=below.pk)


def test_a_card_of_a_member_says_who_gave_it_the_task_and_what_the_person_asked(owners, members):
    words = " ".join(card(owners, an_approval(members)).split())
    assert "Chief asked Release writer</figcaption>" in words
    asked = words[words.index('<figure class="asked">') :]
    assert asked.index("You asked") < asked.index("Tell the town.") < asked.index("</figure>")
    assert "Publish it at once." not in asked[: asked.index("</figure>")]


def test_the_page_of_a_member_names_who_gave_it_the_task(owners, members):
    page = owners.get(f"/runs/{members.pk}/").content.decode()
    assert "<strong>Chief</strong>" in page and "Started by Chief" in page


def test_what_a_step_asks_is_worded_by_sayso(owners, run):
    question = a_question(run, item("Is this good?", "Accept", "Try again"))
    assert "the wording is Release writer’s" in card(owners, question, "questions")
    ToolCall.objects.update(tool="step_input")
    assert "written by Sayso for a step of the workflow" in card(owners, question, "questions")


def resumed(gate):
    [step] = [one for one in steps(type(gate).objects.select_related("run").get()) if one.name == "Run resumed"]
    return step.state, step.words


def test_a_run_is_resumed_by_its_own_news_and_not_by_those_of_runs_below(owner, run):
    question = a_question(run, item("Which?", "A", "B"))
    type(question).objects.update(status="decided", verdict="answer", decided_by=owner, decided_at=timezone.now())
    Run.objects.update(open_gates=0, open_children=1)
    Event.objects.create(run=run, seq=1, kind="run.resumed", data={"pause": 1, "run": 99})
    assert resumed(question) == ("open", "when those that it waits for have ended")
    Run.objects.update(open_children=0, status="completed")
    assert resumed(question) == ("done", "")
    Run.objects.update(status="running")
    Event.objects.create(run=run, seq=2, kind="run.resumed", data={"pause": 1})
    assert resumed(question) == ("done", "")


def test_of_very_many_that_wait_all_are_counted_and_the_oldest_listed(owners, run, monkeypatch):
    for _ in range(3):
        an_approval(run)
    monkeypatch.setattr("approvals.access.LIST_LIMIT", 2)
    monkeypatch.setattr(access._pending, "_ready", {})  # statements with the other limit
    assert '<span class="needs-number">3</span>' in owners.get("/").content.decode()
    inbox = owners.get("/inbox/").content.decode()
    assert "The oldest 2 of 3 are listed." in inbox and 'data-count="3"' in inbox


def test_another_reason_for_ones_own_denial_is_not_called_recorded(owners, approval):
    def deny(reason):
        sent = {"digest": approval.digest, "reason": reason}
        return owners.post(f"/inbox/approvals/{approval.pk}/deny/", sent, headers={"HX-Request": "true"})

    deny("Not today.")
    again = deny(" Not today.")
    assert again.status_code == 200 and "Your decision is recorded" in again.content.decode()
    late = deny("Ask the lawyers first.")
    assert late.status_code == 409
    assert "Your click did nothing." in late.content.decode() and "Ask the lawyers first." in late.content.decode()
    approval.refresh_from_db()
    assert (approval.reason, approval.decisions.count()) == ("Not today.", 1)
