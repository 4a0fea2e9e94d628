"""The run page: one picture of the rows, the same for page, answer and socket; nothing for strangers."""

import pytest
from django.urls import reverse
from pydantic import SecretStr

from runs.models import Run
from tests.rows import approval_of, called, event, plan_of, run_of, said, teammate

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(db):
    return teammate()


@pytest.fixture
def run(owner, clerk):
    return run_of(owner, clerk)


@pytest.fixture
def page(client_of, owner):
    def page(run, user=owner, name="detail", *args):
        response = client_of(user).get(reverse(f"runs:{name}", args=[run.pk, *args]))
        assert response.status_code == 200
        return response.content.decode()

    return page


def addresses(run):
    yield "get", reverse("runs:detail", args=[run.pk])
    yield "get", reverse("runs:turn", args=[run.pk, 1])
    yield "get", reverse("runs:panel", args=[run.pk])
    yield "get", reverse("runs:file", args=[run.pk, 1])
    for verb in ("reply", "retry", "cancel"):
        yield "post", reverse(f"runs:{verb}", args=[run.pk])


def test_an_outsider_finds_nothing_at_any_address_of_a_run(client_of, outsider, run):
    said(run, 1, "Hello.")
    for method, address in addresses(run):
        assert getattr(client_of(outsider), method)(address).status_code == 404, address
    run.refresh_from_db()
    assert run.status == "running"
    assert Run.objects.count() == 1


def test_somebody_who_is_not_signed_in_is_asked_to(client, run):
    for method, address in addresses(run):
        response = getattr(client, method)(address)
        assert response.status_code == 302
        assert response["Location"].startswith("/sign-in/")


def test_a_reviewer_sees_the_run_and_may_not_steer_it(client_of, reviewer, run, page):
    html = page(run, reviewer)
    assert "Refund order 10428" in html
    assert 'id="stop"' not in html
    for verb in ("reply", "retry", "cancel"):
        assert client_of(reviewer).post(reverse(f"runs:{verb}", args=[run.pk])).status_code == 403
    run.refresh_from_db()
    assert run.status == "running"


def test_words_of_the_model_are_markdown_and_cannot_act(run, page):
    said(run, 1, "I **read** it. <script>alert(1)</script> ![x](https://evil.example/p.png)")
    html = page(run)
    assert "I <strong>read</strong> it." in html
    assert "<script>alert" not in html
    assert "<img" not in html


def test_the_message_of_the_person_is_shown_as_it_is(owner, clerk, page):
    html = page(run_of(owner, clerk, message="**no** markdown <b>here</b>"))
    assert "**no** markdown &lt;b&gt;here&lt;/b&gt;" in html


def test_a_call_is_a_closed_row_with_its_exact_arguments_and_result(run, page):
    said(run, 1, "I write it down.")
    call = called(
        run,
        1,
        "write_file",
        {"name": "a\u202eb.md", "text": "**x** <b>"},
        result="Wrote \x1b[31m it",
        permitted_by="by mode",
    )
    html = page(run)
    assert f'<details class="call" id="call-{call.pk}"' in html
    assert "Write a file" in html
    assert "by mode" in html
    assert 'title="U+202E right-to-left override"' in html
    assert "**x** &lt;b&gt;" in html
    assert "\x1b" not in html


def test_arguments_that_could_not_be_read_are_shown_as_the_model_wrote_them(run, page):
    said(run, 1, "")
    called(run, 1, "write_file", None, "failed", raw_arguments='{"name": "cu')
    assert "{&quot;name&quot;: &quot;cu" in page(run)


def test_a_tool_that_is_gone_is_shown_under_its_own_name(run, page):
    said(run, 1, "")
    called(run, 1, "no_such_tool", {})
    assert "no_such_tool" in page(run)


def test_a_waiting_call_is_its_card_and_a_banner_leads_to_it(owner, clerk, page):
    run = run_of(owner, clerk, status="paused", open_gates=1)
    said(run, 1, "Publishing needs your say.")
    call = called(run, 1, "announce", {"channel": "news", "text": "x"}, "waiting")
    gate = approval_of(call)
    html = page(run)
    assert f'id="approval-{gate.pk}"' in html
    assert f'href="#approval-{gate.pk}"' in html
    assert 'id="pause-banner"' in html
    assert f'id="call-{call.pk}"' not in html


def test_an_allowed_call_has_its_row_below_the_closed_card(owner, clerk, page):
    run = run_of(owner, clerk)
    said(run, 1, "Publishing needs your say.")
    call = called(run, 1, "announce", {"channel": "news", "text": "x"}, "succeeded")
    gate = approval_of(call, status="decided", verdict="allow", decided_by=owner, decided_at=run.started_at)
    html = page(run)
    assert html.index(f'id="approval-{gate.pk}"') < html.index(f'id="call-{call.pk}"')
    assert "gate-closed" in html


def test_a_plan_that_was_only_text_stands_behind_its_turn(owner, clerk, page):
    run = run_of(owner, clerk, status="paused", open_gates=1)
    said(run, 1, "First I look.")
    gate = plan_of(run, "1. Look\n2. Write")
    html = page(run, owner, "turn", 1)
    assert f'id="question-{gate.pk}"' in html


def test_a_gate_of_no_turn_is_shown_at_the_end(owner, clerk, page):
    run = run_of(owner, clerk, status="paused", open_gates=1)
    gate = plan_of(run, "1. Look")
    html = page(run)
    assert html.index('id="run-tail"') < html.index(f'id="question-{gate.pk}"')


def test_the_text_of_a_running_turn_is_that_of_its_events_up_to_the_pages_seq(run, page):
    event(run, "turn.started", turn=1)
    event(run, "text", turn=1, delta="Here is a <b>fir")
    seq = event(run, "text", turn=1, delta="st version")
    html = page(run)
    assert f'data-seq="{seq}" data-turns' in html
    assert f'data-turn="1" data-state="open" data-seq="{seq}"' in html
    assert "data-live>Here is a &lt;b&gt;first version</div>" in html


def test_the_text_of_an_attempt_that_died_is_gone(run, page):
    event(run, "turn.started", turn=1)
    event(run, "text", turn=1, delta="Here is a fir")
    event(run, "turn.restarted", turn=1)
    event(run, "text", turn=1, delta="Anew")
    html = page(run)
    assert "data-live>Anew</div>" in html
    assert "Here is a fir" not in html


def test_a_finished_turn_shows_its_text_once(run, page):
    event(run, "turn.started", turn=1)
    event(run, "text", turn=1, delta="Only once, please.")
    said(run, 1, "Only once, please.")
    html = page(run)
    assert html.count("Only once, please.") == 1
    assert 'data-turn="1" data-state="done"' in html


def test_the_fragment_of_a_turn_is_what_the_page_has_of_it(run, page):
    said(run, 1, "One.")
    said(run, 2, "Two.")
    fragment = page(run, run.owner, "turn", 2)
    assert fragment.strip().startswith("<section")
    assert 'id="turn-2"' in fragment
    assert "".join(fragment.split()) in "".join(page(run).split())


def test_a_turn_that_does_not_exist_is_not_found(client_of, owner, run):
    assert client_of(owner).get(reverse("runs:turn", args=[run.pk, 7])).status_code == 404


def test_what_was_cut_off_by_the_end_is_kept_and_said(owner, clerk, page):
    run = run_of(
        owner, clerk, status="failed", error="The model endpoint answered 503.", error_code="model_unavailable"
    )
    event(run, "turn.started", turn=1)
    event(run, "text", turn=1, delta="I will now comp")
    html = page(run)
    assert "I will now comp" in html
    assert "It was cut off here." in html
    assert "The model endpoint answered 503." in html


def test_the_panel_brings_what_else_changed_with_it(run, page):
    html = page(run, run.owner, "panel")
    assert html.strip().startswith("<aside")
    for part in ("run-header", "run-tail", "composer"):
        assert f'id="{part}"' in html
    assert html.count('hx-swap-oob="true"') == 4


def test_tokens_are_counted_over_all_turns(owner, clerk, page):
    run = run_of(owner, clerk, usage={"prompt_tokens": 18240, "completion_tokens": 1912, "model_calls": 7})
    html = page(run)
    assert "<dt>In</dt><dd>18,240</dd>" in html
    assert "<dt>Out</dt><dd>1,912</dd>" in html


def test_what_an_endpoint_does_not_tell_is_not_counted_as_nothing(owner, clerk, page, settings):
    settings.DEFAULT_MODEL = "gpt-5"
    assert "not told" not in page(run_of(owner, clerk))
    html = page(run_of(owner, clerk, usage={"model_calls": 2, "cost": 0.0}))
    assert "not told" in html and "not known" in html


def test_the_scripted_model_is_labelled(owner, clerk, page):
    run = run_of(owner, clerk)
    said(run, 1, "Prepared words.")
    html = page(run)
    assert "Scripted demo</span>" in html
    assert ">scripted</span>" in html
    assert "built-in script answers" in html


def test_a_real_model_is_not_labelled_as_scripted(owner, page):
    assert "cripted" not in page(run_of(owner, teammate(model="gpt-4o-mini")))


def test_notes_to_do_show_what_is_done(run, page):
    event(run, "todos", items=[{"text": "Read the ticket", "done": True}, {"text": "Refund", "done": False}])
    html = page(run)
    assert "Read the ticket" in html
    assert html.count('class="is-done"') == 1


def test_the_inspector_shows_the_last_call_or_the_one_that_was_chosen(run, page):
    said(run, 1, "I look.")
    first = called(run, 1, "read_file", {"name": "a.md"}, effect="read", permitted_by="by mode", result="old words")
    called(run, 1, "write_file", {"name": "b.md", "content": "x"}, ordinal=1)
    assert "Last call" in page(run, name="panel") and "b.md" in page(run, name="panel")
    assert f'href="?call={first.pk}#call-{first.pk}"' in page(run)


@pytest.mark.parametrize("state", ["waiting", "denied"])
def test_a_last_call_that_never_began_leads_to_its_card(run, page, state):
    said(run, 1, "I publish.")
    called(run, 1, "write_file", {"name": "b.md", "content": "x"})
    gate = approval_of(called(run, 1, "announce", {"channel": "news", "text": "x"}, state, 1, started_at=None))
    called(run, 1, "read_file", {"name": "b.md"}, "proposed", 2)
    last = page(run, name="panel").partition('id="inspected"')[2]
    assert f'<a href="#approval-{gate.pk}" data-jump>Publish an announcement</a>' in last
    assert "<dd>it has not</dd>" in last


def test_a_chosen_call_is_shown_with_why_it_ran_and_what_it_does(client_of, owner, run):
    said(run, 1, "I look.")
    first = called(run, 1, "read_file", {"name": "a.md"}, effect="read", permitted_by="by mode", result="old words")
    called(run, 1, "write_file", {"name": "b.md", "content": "x"}, ordinal=1)
    panel = client_of(owner).get(reverse("runs:panel", args=[run.pk]), {"call": first.pk}).content.decode()
    for words in ("Chosen call", "by mode", "it only reads", "old words"):
        assert words in panel
    assert client_of(owner).get(reverse("runs:panel", args=[run.pk]), {"call": "rubbish"}).status_code == 200


def test_a_plan_given_as_text_is_shown_once_and_the_answer_as_the_persons_words(owner, run, page):
    said(run, 1, "1. Look. 2. Leap.")
    plan_of(run, "1. Look. 2. Leap.", response="Look twice.", decided_by=owner, status="decided", verdict="answer")
    shown = page(run)
    assert shown.count("Look. 2. Leap.") == 1
    assert shown.count("Look twice.") == 1
    assert "said-to" in shown


def test_a_message_sent_by_a_browser_has_plain_line_ends(client_of, owner, clerk):
    client_of(owner).post(reverse("runs:start"), {"teammate": clerk.slug, "message": "One\r\nTwo"})
    assert Run.objects.get().message == "One\nTwo"


def test_a_secret_of_a_call_is_shown_to_whoever_asks_for_it(page, run, own_tool):
    @own_tool(title="Sign in there")
    def sign_in(password: SecretStr, host: str) -> str:
        """Sign in."""
        return host

    said(run, 1, "I sign in.")
    called(run, 1, "sign_in", {"password": "swordfish", "host": "pier"})
    html = page(run)
    assert '<span class="call-target cut">pier</span>' in html
    shown = [part.rpartition("<details")[2] for part in html.split("swordfish")[:-1]]
    assert len(shown) == 2 and all(part.startswith(' class="secret">') and "</details>" not in part for part in shown)
