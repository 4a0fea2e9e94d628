"""Home: what needs me, the box that starts a run, what runs, what ended."""

import pytest
from django.urls import reverse

from runs.models import Run
from runs.services import MESSAGE_LIMIT
from tests.rows import approval_of, called, event, plan_of, run_of, teammate

pytestmark = pytest.mark.django_db
HOME, START = reverse("home"), reverse("runs:start")


@pytest.fixture
def clerk(db):
    return teammate()


@pytest.fixture
def home(client_of, owner):
    def home(user=owner, **headers):
        response = client_of(user).get(HOME, headers=headers)
        assert response.status_code == 200
        return response.content.decode()

    return home


def waiting(owner, clerk, title="Publish an announcement", risk="write_external"):
    run = run_of(owner, clerk, status="paused", open_gates=1)
    return approval_of(called(run, 1, "announce", {"channel": "news", "text": "x"}, "waiting"), title=title, risk=risk)


def test_without_a_teammate_it_says_what_to_do_first(home):
    assert "No teammate yet" in home()


def test_nothing_waits(home, clerk):
    assert "Nothing waits for you" in home()


def test_what_needs_me_comes_first_the_highest_risk_on_top(home, owner, clerk):
    waiting(owner, clerk, "Tell the team")
    waiting(owner, clerk, "Refund a payment", "spend")
    plan_of(run_of(owner, clerk, status="paused", open_gates=1), "1. Look")
    html = home()
    assert '<span class="needs-number">3</span> things need you' in html
    assert "2 approvals" in html
    assert "1 plan" in html
    assert 'highest risk <strong class="risk-word-high">High</strong>' in html
    assert html.index("Refund a payment") < html.index("Tell the team") < html.index('id="launch"')


def test_one_thing_needs_me_in_the_singular(home, owner, clerk):
    waiting(owner, clerk)
    assert "</span> thing needs you" in home()


def test_an_outsider_sees_nothing_of_it(home, owner, outsider, clerk):
    gate = waiting(owner, clerk)
    html = home(outsider)
    assert "Nothing waits for you" in html
    assert gate.title not in html
    assert "Refund order" not in html


def test_the_title_and_the_navigation_count_what_waits(home, owner, clerk):
    waiting(owner, clerk)
    html = home()
    assert "<title>(1) Home · Sayso</title>" in html
    assert 'data-count="1" id="nav-count">1</span>' in html


def test_a_running_run_says_what_it_is_at(home, owner, clerk):
    called(run_of(owner, clerk), 1, "write_file", {"name": "a.md"}, "started")
    assert "Write a file</p>" in home()


def test_a_paused_run_says_for_what_it_waits(home, owner, clerk):
    waiting(owner, clerk)
    assert "Waits for you, approval" in home()


def test_ended_runs_say_how_they_ended(home, owner, clerk):
    run_of(owner, clerk, "A", status="completed", output="The customer gets a <b>lamp</b>.")
    run_of(owner, clerk, "B", status="failed", error="The endpoint answered 503.")
    stopped = run_of(owner, clerk, "C", status="cancelled")
    event(stopped, "run.cancelled", by="rafael", reason="too many at once")
    html = home()
    assert "The customer gets a &lt;b&gt;lamp&lt;/b&gt;." in html
    assert "Failed: The endpoint answered 503." in html
    assert "Stopped by rafael: “too many at once”" in html


def test_the_number_of_queries_does_not_grow_with_the_runs(client_of, owner, clerk, django_assert_max_num_queries):
    for _ in range(5):
        waiting(owner, clerk)
        run_of(owner, clerk, status="completed")
    client = client_of(owner)
    with django_assert_max_num_queries(22):
        client.get(HOME)


@pytest.mark.parametrize(("part", "start"), [("needs", "<section"), ("work", "<div")])
def test_the_page_can_fetch_a_part_of_itself(home, owner, clerk, part, start):
    waiting(owner, clerk)
    html = home(**{"HX-Request": "true", "HX-Target": part})
    assert html.strip().startswith(start)
    assert f'id="{part}"' in html
    assert "<html" not in html


def test_the_box_starts_a_run_and_leads_to_it(client_of, owner, clerk):
    sent = {"message": "Write a note", "teammate": "clerk", "permission_mode": "plan"}
    response = client_of(owner).post(START, sent)
    run = Run.objects.get()
    assert response["Location"] == reverse("runs:detail", args=[run.pk])
    assert (run.message, run.permission_mode, run.owner, run.status) == ("Write a note", "plan", owner, "queued")


def test_without_a_mode_the_teammates_own_counts(client_of, owner, clerk):
    client_of(owner).post(START, {"message": "Write a note", "teammate": "clerk"})
    assert Run.objects.get().permission_mode == "approval"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"message": ""}, "Say what is to be done."),
        ({"message": " \n "}, "Say what is to be done."),
        ({"message": "\u200b \u202e\u2060"}, "Say what is to be done."),
        ({"message": "x" * 100_000}, "The message has 100,000 characters"),
        ({"teammate": "nobody"}, "gone or disabled"),
        ({"teammate": ""}, "Choose a teammate."),
        ({"teammate": "asleep"}, "gone or disabled"),
        ({"permission_mode": "yolo"}, "There is no such mode."),
        ({"teammate": "alone", "permission_mode": "approval"}, "needs human in the loop"),
    ],
)
def test_what_cannot_start_is_said_in_the_box_and_nothing_typed_is_lost(client_of, owner, clerk, changes, words):
    teammate("asleep", name="Asleep", enabled=False)
    teammate("alone", "autonomous", name="Alone", human_in_the_loop=False)
    sent = {"message": "Write a note", "teammate": "clerk", "permission_mode": "approval", **changes}
    response = client_of(owner).post(START, sent)
    html = response.content.decode()
    assert response.status_code == 422
    assert words in html
    assert f">{sent['message']}</textarea>" in html
    assert 'title="Home" aria-current="page"' in html
    assert Run.objects.count() == 0


def test_a_teammate_of_somebody_else_cannot_be_started(client_of, owner, outsider, clerk):
    teammate("private", name="Private", owner=owner)
    sent = {"message": "Write a note", "teammate": "private"}
    assert client_of(outsider).post(START, sent).status_code == 422
    assert client_of(owner).post(START, sent).status_code == 302


def test_a_message_may_be_as_long_as_it_says(client_of, owner, clerk):
    client_of(owner).post(START, {"message": "x" * MESSAGE_LIMIT, "teammate": "clerk"})
    assert Run.objects.get().message == "x" * MESSAGE_LIMIT


def test_somebody_who_is_not_signed_in_starts_nothing(client, clerk):
    assert client.post(START, {"message": "x", "teammate": "clerk"}).status_code == 302
    assert Run.objects.count() == 0


def test_the_box_offers_the_teammate_that_was_used_last(home, owner, clerk):
    run_of(owner, teammate("zoe", "plan", name="Zoe"))
    html = home()
    assert 'value="zoe" data-mode="plan" data-people="1" selected' in html
    assert 'value="plan" checked' in html


# --- the sample ---


SAMPLE = "See it stop for you"


def test_a_newcomer_is_offered_a_sample_of_the_script(home, owner, clerk, client_of, settings):
    settings.DEFAULT_MODEL = "demo"
    html = home()
    assert SAMPLE in html and f'name="teammate" value="{clerk.slug}"' in html
    sent = {"teammate": clerk.slug, "permission_mode": "approval", "message": "Tell everybody"}
    assert client_of(owner).post(START, sent).status_code == 302
    assert SAMPLE not in home()


@pytest.mark.parametrize("of", [{"model": "gpt-5"}, {"mode": "autonomous"}, {"enabled": False}])
def test_no_sample_costs_anything_or_runs_through(home, of, settings):
    settings.DEFAULT_MODEL = "demo"
    teammate(**of)
    assert SAMPLE not in home()


def test_who_has_runs_is_no_newcomer(home, owner, clerk, settings):
    settings.DEFAULT_MODEL = "demo"
    run_of(owner, clerk, status="completed")
    assert SAMPLE not in home()
