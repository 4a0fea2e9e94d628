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
