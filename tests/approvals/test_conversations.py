"""Conversations on their pages: the runs of one session as one thread; nothing for strangers."""

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from runs.models import Run, RunFile, Session
from runs.sessions import delete
from teammates.models import Memory
from tests.rows import approval_of, called, event, plan_of, run_of, teammate

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client_of, owner, session):
    def page(user=owner, path=None, status=200):
        response = client_of(user).get(path or reverse("conversations:detail", args=[session.pk]))
        assert response.status_code == status
        return response.content.decode()

    return page


def addresses(session, run):
    yield "get", reverse("conversations:detail", args=[session.pk])
    yield "get", reverse("conversations:exchange", args=[session.pk, run.pk])
    yield "post", reverse("conversations:reply", args=[session.pk])


# --- whose ---


def test_an_outsider_finds_nothing_at_any_address(client_of, outsider, session, said):
    run = said(output="The full price goes back.")
    for method, address in addresses(session, run):
        assert getattr(client_of(outsider), method)(address, {"message": "x"}).status_code == 404, address
    assert "ticket-7" not in client_of(outsider).get("/conversations/").content.decode()
    assert Run.objects.count() == 1


@pytest.mark.parametrize("who", ["reviewer", "staff"])
def test_those_who_oversee_see_it_and_whose_it_is(request, client_of, session, said, page, who):
    user = request.getfixturevalue(who)
    said(output="The full price goes back.")
    assert "The full price goes back." in page(user)
    assert "for olivia" in client_of(user).get("/conversations/").content.decode()


def test_a_reviewer_does_not_write_in_it(client_of, reviewer, session, said):
    said()
    answer = client_of(reviewer).post(reverse("conversations:reply", args=[session.pk]), {"message": "Hello"})
    assert answer.status_code == 403
    assert Run.objects.count() == 1


def test_once_deleted_only_staff_can_look_at_it_and_nobody_writes(
    client_of, owner, reviewer, staff, session, said, page
):
    run = said(output="Done so")
    delete(session, by=owner)
    for user in (owner, reviewer):
        for method, address in addresses(session, run):
            assert getattr(client_of(user), method)(address).status_code == 404
        assert "Refund it" not in client_of(user).get("/conversations/").content.decode()
    shown = page(staff)
    assert "Deleted" in shown
    assert 'id="composer"' not in shown
    assert client_of(staff).post(reverse("conversations:reply", args=[session.pk])).status_code == 403


@pytest.mark.parametrize("pk", [0, 10**6, 10**18])
def test_a_number_that_is_none_is_not_found(owner, client_of, pk):
    assert client_of(owner).get(f"/conversations/{pk}/").status_code == 404


# --- the thread ---


def test_the_thread_has_messages_answers_and_files_in_their_order(said, page):
    first = said("Refund <order> 7", output="It is **due**.")
    for kind, name in (("input", "photo.jpg"), ("output", "evidence.md")):
        file = RunFile(run=first, kind=kind, name=name, size=9)
        file.content.save(name, ContentFile(b"x"))
    called(first, 1, "write_file", {"name": "evidence.md"})
    said("Thanks", output="You are <b>welcome</b>")
    shown = page()
    order = ["Refund &lt;order&gt; 7", "photo.jpg", "<strong>due</strong>", "evidence.md", "Thanks", "You are"]
    places = [shown.rindex(words) for words in order]
    assert places == sorted(places)
    assert "<b>welcome" not in shown
    assert f"Run {first.pk}, 1 call" in shown
    assert shown.count('class="exchange"') == 2


def test_what_waits_is_a_link_to_its_card(owner, reviewer, said, page):
    run = said("Announce it", "paused")
    gate = approval_of(called(run, 1, "announce", {"channel": "customers"}, "waiting"))
    shown = page()
    assert shown.count(reverse("inbox:approval", args=[gate.pk])) == 2  # at the top, and in its place
    assert "waits for you" in shown
    assert "Publish an announcement" in shown
    assert "waits for you" in page(reviewer)
    plan = plan_of(said("Plan it", "paused"), "Look around")
    shown = page()
    assert "and 1 more" in shown
    assert reverse("inbox:question", args=[plan.pk]) in shown


def test_how_the_others_ended_is_said(said, page):
    stopped = said("Stop me", "cancelled")
    event(stopped, "turn.started", turn=1)
    event(stopped, "text", turn=1, delta="Half a wo")
    said("Break", "failed", error="The model did not answer.")
    said("Silent", output="")
    shown = page()
    for words in ("Half a wo", "cut off here", "The model did not answer.", "without a word"):
        assert words in shown, words


def test_state_memories_and_notes_stand_beside_it(owner, outsider, clerk, session, said, page):
    Session.objects.filter(pk=session.pk).update(metadata={"keys": "mail"})
    said(usage={"prompt_tokens": 1200, "completion_tokens": 34})
    for user, user_id, text in [
        (owner, "ann", "Likes tea."),
        (owner, "ben", "Likes rain."),
        (owner, "", "Ships on Fridays."),
        (outsider, "ann", "Somebody else's."),
    ]:
        Memory.objects.create(owner=user, user_id=user_id, text=text, topics=["drinks"])
    other = teammate("other")
    Memory.objects.create(owner=owner, user_id="ann", text="Not for this one.", teammate=other)
    shown = page()
    for words in ("Likes tea.", "drinks", "items", "keys", "mail", "1,200", "ticket-7"):
        assert words in shown, words
    for words in ("Likes rain.", "Ships on Fridays.", "Somebody else", "Not for this one."):
        assert words not in shown, words


def test_a_long_thread_comes_in_parts(session, said, page):
    runs = [said(f"Message {number:02}") for number in range(45)]
    shown = page()
    assert "Message 25" in shown
    assert "Message 24" not in shown
    assert "45 runs" in shown
    address = reverse("conversations:detail", args=[session.pk])
    assert f"?before={runs[25].pk}" in shown
    earlier = page(path=f"{address}?before={runs[25].pk}")
    assert ("Message 24" in earlier, "Message 05" in earlier, "Message 04" in earlier) == (True, True, False)
    assert 'id="composer"' not in earlier
    assert "Newest runs" in earlier
    assert "Message 00" in page(path=f"{address}?before={runs[5].pk}")


def test_a_thread_of_many_costs_what_one_of_few_does(owner, client_of, session, said):
    browser, address = client_of(owner), reverse("conversations:detail", args=[session.pk])
    said()
    browser.get(address)
    with CaptureQueriesContext(connection) as few:
        browser.get(address)
    for _ in range(19):
        said()
    with CaptureQueriesContext(connection) as many:
        browser.get(address)
    assert len(many) == len(few)


def test_a_conversation_without_a_message_says_so(session, page):
    shown = page()
    assert "No message yet" in shown
    assert 'id="composer"' not in shown


# --- while it goes on ---


def test_a_run_that_lives_asks_again_and_is_told_only_news(owner, client_of, session, said, page):
    run = said("Write", "running")
    event(run, "turn.started", turn=1)
    event(run, "text", turn=1, delta="Some words")
    address = reverse("conversations:exchange", args=[session.pk, run.pk])
    run.refresh_from_db()
    assert f'hx-get="{address}?seen={run.last_seq}"' in page()
    browser = client_of(owner)
    assert browser.get(address, {"seen": run.last_seq}).status_code == 204
    event(run, "text", turn=1, delta=" and more")
    told = browser.get(address, {"seen": run.last_seq - 1}).content.decode()
    assert "Some words and more" in told
    assert "writing" in told
    Run.objects.filter(pk=run.pk).update(status="completed", output="Done now", last_seq=9)
    told = browser.get(address, {"seen": 3}).content.decode()
    assert "Done now" in told
    assert "hx-get" not in told
    assert 'id="composer"' in told


def test_a_run_of_another_conversation_is_not_here(owner, client_of, clerk, session):
    other = run_of(owner, clerk)
    address = reverse("conversations:exchange", args=[session.pk, other.pk])
    assert client_of(owner).get(address).status_code == 404


def test_who_only_comes_to_where_replies_go_is_shown_the_thread(owner, client_of, session):
    answer = client_of(owner).get(reverse("conversations:reply", args=[session.pk]))
    assert answer.status_code == 302 and answer.url == reverse("conversations:detail", args=[session.pk])


def test_a_reply_goes_on_in_the_same_thread(owner, client_of, session, said):
    first = said(output="Done")
    browser, address = client_of(owner), reverse("conversations:reply", args=[session.pk])
    answer = browser.post(address, {"message": "And now\r\nmore"})
    new = Run.objects.exclude(pk=first.pk).get()
    assert (new.session, new.message, new.user_id) == (session, "And now\nmore", "ann")
    assert answer.url == f"{reverse('conversations:detail', args=[session.pk])}#run-{new.pk}"


@pytest.mark.parametrize(("status", "message"), [("completed", "  "), ("running", "Hurry up")])
def test_a_reply_that_does_not_fit_is_said_where_it_was_written(owner, client_of, session, said, status, message):
    said(status=status)
    answer = client_of(owner).post(reverse("conversations:reply", args=[session.pk]), {"message": message})
    assert answer.status_code == 422
    assert message.strip() in answer.content.decode()
    assert Run.objects.count() == 1


# --- the way there ---


def test_the_navigation_the_runs_and_a_run_lead_there(owner, client_of, session, said):
    run = said()
    browser = client_of(owner)
    address = reverse("conversations:detail", args=[session.pk])
    assert f"{address}#run-{run.pk}" in browser.get(f"/runs/{run.pk}/").content.decode()
    for page in ("/", "/runs/"):
        assert 'href="/conversations/"' in browser.get(page).content.decode()
    shown = browser.get(address).content.decode()
    assert f'href="/runs/{run.pk}/"' in shown
