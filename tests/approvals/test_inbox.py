"""The inbox: everything that waits for me, the highest risk first, and nothing of others."""

from tests.approvals.rows import a_paused_run, a_plan, a_question, an_approval, item


def inbox(client):
    return client.get("/inbox/").content.decode()


def test_all_that_waits_is_listed_and_the_first_is_open_beside_it(owners, approval, run):
    question = a_question(run, item("Where?", "A", "B"))
    page = inbox(owners)
    assert f'id="row-approval-{approval.pk}"' in page
    assert f'id="row-question-{question.pk}"' in page
    assert f'<article class="gate gate-open" id="approval-{approval.pk}"' in page


def test_the_highest_risk_comes_first_then_the_oldest(owners, run):
    low = an_approval(run, "write_file", name="a.md", content="x")
    older, newer = an_approval(run), an_approval(run)
    rows = [part.split('"')[0] for part in inbox(owners).split('id="row-')[1:]]
    assert rows == [f"approval-{gate.pk}" for gate in (older, newer, low)]


def test_what_others_wait_for_is_not_there(outsiders, reviewers, approval):
    assert "All clear" in inbox(outsiders)
    assert f'id="row-approval-{approval.pk}"' in inbox(reviewers)
    assert "for olivia" in inbox(reviewers)


def test_what_was_decided_leaves_the_list(owners, approval):
    owners.post(f"/inbox/approvals/{approval.pk}/allow/", {"digest": approval.digest})
    assert "All clear" in inbox(owners)


def test_a_plan_opens_on_a_page_of_its_own(owners, run):
    plan = a_plan(run, "# Move\n\n## Look\n\nx\n\n## Copy\n\ny\n")
    page = owners.get(f"/inbox/questions/{plan.pk}/").content.decode()
    assert "Outline" in page
    assert "Your say on revision 1" in page


def test_a_row_opens_in_the_pane_with_its_run_beside(owners, approval):
    headers = {"HX-Request": "true", "HX-Target": "pane"}
    page = owners.get(f"/inbox/approvals/{approval.pk}/", headers=headers).content.decode()
    assert f'href="/runs/{approval.run_id}/#approval-{approval.pk}"' in page
    assert "<html" not in page


def test_after_a_decision_its_row_is_marked_where_it_stands(owners, approval):
    answer = owners.post(
        f"/inbox/approvals/{approval.pk}/allow/", {"digest": approval.digest}, headers={"HX-Request": "true"}
    ).content.decode()
    assert f'id="row-approval-{approval.pk}" hx-swap-oob="true"' in answer


def test_the_same_words_after_several_decisions_are_shown_once(owners, owner):
    for gate in [an_approval(a_paused_run(owner)) for _ in range(2)]:
        owners.post(f"/inbox/approvals/{gate.pk}/allow/", {"digest": gate.digest})
    assert inbox(owners).count("Recorded. The run goes on") == 1


def test_the_count_is_a_fragment_for_whoever_asks(owners, outsiders, approval):
    assert 'data-count="1"' in owners.get("/inbox/badge/").content.decode()
    assert 'data-count="0"' in outsiders.get("/inbox/badge/").content.decode()


def test_the_inbox_asks_the_database_the_same_few_questions_however_long_it_is(
    owners, owner, run, django_assert_max_num_queries
):
    for _ in range(20):
        an_approval(a_paused_run(owner))
    with django_assert_max_num_queries(14):
        inbox(owners)


def rows_of(client, query):
    page = client.get(f"/inbox/{query}").content.decode()
    return page, [part.split('"')[0] for part in page.split('id="row-')[1:]]


def test_a_row_says_which_run_it_is_of(owners, owner):
    for message in ("Release <2.1>\nwith notes", "Release 2.2"):
        an_approval(a_paused_run(owner, message=message))
    page = inbox(owners)
    assert '<span class="inbox-run cut">in Release &lt;2.1&gt;</span>' in page
    assert '<span class="inbox-run cut">in Release 2.2</span>' in page


def test_the_list_can_be_narrowed_by_words_and_says_what_it_hides(owners, run):
    an_approval(run)
    file = an_approval(run, "write_file", name="a.md", content="x")
    page, rows = rows_of(owners, "?q=a.md")
    assert rows == [f"approval-{file.pk}"]
    assert f'href="/inbox/approvals/{file.pk}/?q=a.md"' in page
    page, rows = rows_of(owners, "?q=%3Cb%3E")
    assert rows == [] and "The filter hides 2 things" in page and "<b>" not in page


def test_the_oldest_may_come_first(owners, run):
    low = an_approval(run, "write_file", name="a.md", content="x")
    high = an_approval(run)
    assert rows_of(owners, "?order=oldest")[1] == [f"approval-{low.pk}", f"approval-{high.pk}"]
    assert rows_of(owners, "?order=rubbish")[1] == [f"approval-{high.pk}", f"approval-{low.pk}"]


def test_an_empty_inbox_says_how_the_day_went(owners, outsiders, approval):
    owners.post(f"/inbox/approvals/{approval.pk}/deny/", {"digest": approval.digest})
    assert "1 decided today, median wait 0.1 s" in inbox(owners)
    assert "Nothing waits for you." in inbox(outsiders)


def test_a_plan_without_headings_is_outlined_by_its_steps_and_names_its_tools(owners, run):
    plan = a_plan(run, "Soon.\n\n1. **Look** around.\n2. Then announce it, and do not restart anything.\n")
    page = owners.get(f"/inbox/questions/{plan.pk}/").content.decode()
    assert '<a href="#part-2">1. Look</a>' in page
    assert "Publish an announcement</span>" in page
    assert "Write a file</span>" not in page


def test_the_page_of_a_plan_hears_that_somebody_else_decided(owners, reviewers, run):
    plan = a_plan(run)
    watch = f"/inbox/questions/{plan.pk}/?shown={plan.digest}&on_page=1"
    assert owners.get(watch, headers={"HX-Request": "true"}).status_code == 204
    reviewers.post(f"/inbox/questions/{plan.pk}/answer/", {"digest": plan.digest, "step": "approve"})
    card = owners.get(watch, headers={"HX-Request": "true"}).content.decode()
    assert "Approved by rafael" in card
    assert "plan-text" not in card
