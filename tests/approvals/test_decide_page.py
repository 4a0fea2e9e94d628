"""Allow and deny on the pages: what works, and every way in which a click does nothing."""

import json

import pytest
from django.utils.html import escape

from runs.models import Event
from runs.services import cancel
from tests.approvals.rows import WORDS, a_paused_run, an_approval, decisions_of

HTMX = {"HX-Request": "true"}


def post(client, approval, verdict, headers=None, **fields):
    fields = {"digest": approval.digest, **fields}
    return client.post(f"/inbox/approvals/{approval.pk}/{verdict}/", fields, headers=headers or {})


def edit(client, approval, headers=None, **fields):
    fields = {"digest": approval.digest, "mode": "fields", "step": "allow", **fields}
    return client.post(f"/inbox/approvals/{approval.pk}/edit/", fields, headers=headers or {})


def assert_untouched(approval):
    before = approval.status, approval.verdict, approval.edited_arguments
    approval.refresh_from_db()
    assert (approval.status, approval.verdict, approval.edited_arguments) == before
    assert approval.decisions.count() == 0
    assert decisions_of(approval.run) == []


def test_allow_is_recorded_and_the_run_resumes(owners, approval):
    answer = post(owners, approval, "allow", HTMX)
    approval.refresh_from_db()
    approval.call.refresh_from_db()
    assert answer.status_code == 200
    assert "Your decision is recorded" in answer.content.decode()
    assert (approval.verdict, approval.decided_by.username, approval.decided_via) == ("allow", "olivia", "page")
    assert approval.call.state == "ready"
    assert Event.objects.filter(run=approval.run, kind="run.resumed").exists()


def test_without_javascript_a_decision_leads_back_to_the_card(owners, approval):
    answer = post(owners, approval, "allow")
    assert (answer.status_code, answer.url) == (303, f"/inbox/approvals/{approval.pk}/")
    assert "Allowed by olivia" in owners.get(answer.url).content.decode()


def test_a_decision_on_the_run_page_leads_back_to_its_place_in_the_run(owners, approval):
    answer = post(owners, approval, "deny", inline="1")
    assert answer.url == f"/runs/{approval.run_id}/#approval-{approval.pk}"


def test_a_reason_for_a_denial_reaches_the_model(owners, approval):
    answer = post(owners, approval, "deny", HTMX, reason="Not before the freeze ends.")
    approval.call.refresh_from_db()
    assert "Not before the freeze ends." in answer.content.decode()
    assert approval.call.state == "denied"
    assert "Not before the freeze ends." in approval.call.result


def test_deny_and_stop_ends_the_run(owners, approval):
    post(owners, approval, "deny", stop="1")
    approval.run.refresh_from_db()
    assert approval.run.status == "cancelled"


def test_a_reviewer_may_decide_for_others(reviewers, approval):
    assert "Denied by rafael" in post(reviewers, approval, "deny", HTMX).content.decode()


@pytest.mark.parametrize("path", ["", "allow/", "deny/", "edit/"])
def test_for_an_outsider_the_approval_does_not_exist(outsiders, approval, path):
    address = f"/inbox/approvals/{approval.pk}/{path}"
    assert outsiders.get(address).status_code == 404
    if path:
        assert outsiders.post(address, {"digest": approval.digest, "step": "allow"}).status_code == 404
    assert_untouched(approval)


def test_without_signing_in_nothing_shows_and_nothing_is_decided(client, approval):
    assert post(client, approval, "allow").url.startswith("/sign-in/")
    assert_untouched(approval)


@pytest.mark.parametrize("path", ["", "allow/", "deny/", "edit/"])
def test_a_link_that_is_only_fetched_never_decides(owners, approval, path):
    owners.get(f"/inbox/approvals/{approval.pk}/{path}")
    owners.head(f"/inbox/approvals/{approval.pk}/{path}")
    assert_untouched(approval)


def test_there_is_no_third_verdict(owners, approval):
    assert owners.post(f"/inbox/approvals/{approval.pk}/maybe/", {"digest": approval.digest}).status_code == 404
    assert_untouched(approval)


@pytest.mark.parametrize("digest", ["", "0" * 64, "x"])
def test_a_decision_on_what_was_not_shown_is_refused_with_the_card(owners, approval, digest):
    answer = post(owners, approval, "allow", HTMX, digest=digest)
    assert answer.status_code == 409
    assert "Your click did nothing." in answer.content.decode()
    assert f'value="{approval.digest}"' in answer.content.decode()
    assert_untouched(approval)


def test_the_second_person_is_told_who_was_first(owners, reviewers, approval):
    post(reviewers, approval, "deny", reason="The parcel is on its way.")
    answer = post(owners, approval, "allow", HTMX)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Your click did nothing." in page
    assert "rafael had denied it" in page
    approval.refresh_from_db()
    assert (approval.verdict, approval.decisions.count()) == ("deny", 1)


def test_a_reason_that_comes_too_late_is_shown_to_who_wrote_it(owners, reviewers, approval):
    post(reviewers, approval, "allow")
    page = post(owners, approval, "deny", HTMX, reason="Not on Mondays").content.decode()
    assert "You wrote: " in page and ">Not on Mondays</q>" in page


@pytest.mark.parametrize(
    "sent", [{"arg.text": "At ten"}, {"mode": "json", "arguments": '{"channel": "news", "text": "At ten"}'}]
)
def test_changes_that_come_too_late_are_shown_to_who_made_them(owners, reviewers, approval, sent):
    post(reviewers, approval, "deny")
    page = edit(owners, approval, HTMX, **sent).content.decode()
    assert page.count("<q ") == 1 and "At ten</q>" in page


def test_a_late_click_without_javascript_gets_a_whole_page(owners, reviewers, approval):
    post(reviewers, approval, "deny")
    answer = post(owners, approval, "allow")
    assert answer.status_code == 409
    assert "<html" in answer.content.decode()
    assert "Your click did nothing." in answer.content.decode()


def test_an_edit_that_cannot_be_read_is_told_first_that_it_comes_too_late(owners, reviewers, approval):
    post(reviewers, approval, "allow")
    answer = edit(owners, approval, HTMX, mode="json", arguments='{"mine')
    assert answer.status_code == 409
    assert "Your click did nothing." in answer.content.decode()
    assert ">{&quot;mine</q>" in answer.content.decode()
    assert approval.decisions.count() == 1


def test_the_same_decision_twice_is_no_error(owners, approval):
    assert post(owners, approval, "allow", HTMX).status_code == 200
    assert post(owners, approval, "allow", HTMX).status_code == 200
    assert approval.decisions.count() == 1


def test_a_decision_after_the_run_was_stopped_does_nothing(owners, owner, approval):
    cancel(approval.run, by=owner)
    approval.refresh_from_db()
    answer = post(owners, approval, "allow", HTMX)
    assert answer.status_code == 409
    assert "Your click did nothing." in answer.content.decode()
    assert_untouched(approval)


def test_the_digest_of_another_call_is_refused(owners, owner, approval):
    other = an_approval(a_paused_run(owner), channel="other", text="x")
    assert post(owners, approval, "allow", HTMX, digest=other.digest).status_code == 409
    assert_untouched(approval)
    assert_untouched(other)


# --- editing ---


def test_a_changed_argument_runs_as_changed_and_the_card_says_so(owners, approval):
    answer = edit(owners, approval, HTMX, **{"arg.channel": "news", "arg.text": "Release 4.13 is out."})
    approval.refresh_from_db()
    approval.call.refresh_from_db()
    assert answer.status_code == 200
    assert approval.edited_arguments == {"channel": "news", "text": "Release 4.13 is out."}
    assert approval.arguments == WORDS
    assert approval.call.arguments == approval.edited_arguments
    assert "<del>4.12</del>" in answer.content.decode()
    assert "<ins>4.13</ins>" in answer.content.decode()


def test_an_edit_that_breaks_the_schema_names_the_field_and_keeps_what_was_typed(owners, approval):
    answer = edit(owners, approval, HTMX, **{"arg.channel": "c" * 81, "arg.text": "typed & kept"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="approval-{approval.pk}-channel-error"' in page
    assert "at most 80 characters" in page
    assert "typed &amp; kept" in page
    assert_untouched(approval)


def test_nothing_changed_means_allowed_as_proposed(owners, approval):
    edit(owners, approval, HTMX, **{"arg.channel": "news", "arg.text": WORDS["text"]})
    approval.refresh_from_db()
    assert (approval.verdict, approval.edited_arguments) == ("allow", None)


def test_looking_at_the_changes_decides_nothing(owners, approval):
    answer = edit(owners, approval, HTMX, step="check", **{"arg.text": "Other words."})
    assert answer.status_code == 200
    assert "What you changed" in answer.content.decode()
    assert "1 of 2 fields" in answer.content.decode()
    assert_untouched(approval)


def test_putting_a_value_back_keeps_the_other_changes(owners, approval):
    sent = {"arg.channel": "elsewhere", "arg.text": "Other words.", "put_back": "text", "step": ""}
    page = edit(owners, approval, HTMX, **sent).content.decode()
    assert 'value="elsewhere"' in page
    assert "Other words." not in page
    assert_untouched(approval)


def test_the_arguments_can_be_edited_as_json(owners, approval):
    changed = {"channel": "news", "text": "a\nb"}
    answer = edit(owners, approval, HTMX, mode="json", arguments=json.dumps(changed))
    approval.refresh_from_db()
    assert answer.status_code == 200
    assert approval.edited_arguments == changed


UNREADABLE = {
    "{": "not valid JSON",
    "[]": "JSON object",
    "3": "JSON object",
    '{"text": 1, "text": 2}': "is there twice",
    '{"text": NaN}': "NaN is no number",
    '{"text": 1e400}': "1e400 is no number",
    '{"text": 1180591620717411303424}': "Write it as a text",
    '{"text": ' + "9" * 5000 + "}": "Write it as a text",
    '{"text": "\\ud800"}': "half of a character",
    '{"text": "a\\u0000"}': "NUL",
    '{"text": ' + "[" * 900 + "]" * 900 + "}": "nested deeper than 100 levels",
    '{"text": ' + "[" * 9000 + "]" * 9000 + "}": "nested deeper than 100 levels",
}


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
@pytest.mark.parametrize(("text", "why"), UNREADABLE.items(), ids=range(len(UNREADABLE)))
def test_json_that_cannot_be_read_is_refused_with_the_text_kept(owners, approval, headers, text, why):
    answer = edit(owners, approval, headers, mode="json", arguments=text)
    page = answer.content.decode()
    assert (answer.status_code, 'role="alert"' in page, why in page) == (422, True, True)
    assert escape(text) in page
    assert_untouched(approval)


@pytest.mark.parametrize("more", [{"tool": "delete"}, {"unknown": 1}])
def test_an_edit_cannot_bring_a_field_that_the_tool_does_not_have(owners, approval, more):
    answer = edit(owners, approval, HTMX, mode="json", arguments=json.dumps(WORDS | more))
    assert answer.status_code == 422
    assert next(iter(more)) in answer.content.decode()
    assert_untouched(approval)


def test_an_edit_of_an_old_card_is_refused(owners, approval):
    answer = edit(owners, approval, HTMX, digest="0" * 64, **{"arg.text": "Other words."})
    assert answer.status_code == 409
    assert_untouched(approval)


def test_line_ends_of_a_browser_are_no_change(owners, run):
    approval = an_approval(run, channel="news", text="one\ntwo")
    page = edit(owners, approval, HTMX, step="check", **{"arg.text": "one\r\ntwo"}).content.decode()
    assert "nothing yet" in page


def test_switching_to_json_takes_the_typed_values_along(owners, approval):
    sent = {"arg.text": "Other words.", "as": "json", "step": ""}
    assert "&quot;Other words.&quot;" in edit(owners, approval, HTMX, **sent).content.decode()
    assert_untouched(approval)


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_who_presses_the_same_after_another_is_not_told_that_it_was_theirs(owners, reviewers, approval, headers):
    post(owners, approval, "allow")
    html = post(reviewers, approval, "allow", headers).content.decode()
    html += reviewers.get(f"/inbox/approvals/{approval.pk}/").content.decode()
    assert "Allowed by olivia" in html
    assert "Your decision is recorded" not in html and "Recorded. The run goes on" not in html
    assert [decision.by.username for decision in approval.decisions.all()] == ["olivia"]


def test_who_allows_what_another_has_changed_meanwhile_is_told_so(owners, reviewers, approval):
    edit(owners, approval, **{"arg.channel": "news", "arg.text": "Release 4.13 is out."})
    answer = post(reviewers, approval, "allow", HTMX)
    assert answer.status_code == 409 and "Your click did nothing." in answer.content.decode()


def test_a_reason_for_what_another_has_denied_is_kept_for_whoever_wrote_it(owners, reviewers, approval):
    post(owners, approval, "deny", reason="Not today.")
    answer = post(reviewers, approval, "deny", HTMX, reason="Ask the lawyers first.")
    assert answer.status_code == 409
    assert "Ask the lawyers first." in answer.content.decode() and "Not today." in answer.content.decode()
