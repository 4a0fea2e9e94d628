"""The scripted model: without any key it shows a question, a plan, a file, an approval and the person's own words."""

import pytest

from runs import services
from runs.engine import demo
from runs.models import Run
from tests.machine import gap_free, kinds

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("impatient")]

TOOLS = ("write_file", "announce")


@pytest.fixture(autouse=True)
def own_shelf(settings, tmp_path):
    settings.DATA_DIR = settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def begin(teammate_with, start, carry):
    def begin(message="Tell them about the picnic", mode="autonomous", **more):
        return carry(start(teammate_with(*TOOLS, mode=mode, model="demo", **more), message))

    return begin


@pytest.fixture
def play(tell, allow, carry):
    """Answer the question, then allow whatever waits, until the end."""

    def play(run, words="the neighbours"):
        if question := run.questions.filter(kind="ask", status="pending").first():
            tell(question, answers={demo.QUESTION: words})
            carry(run)
        while run.status == "paused":
            allow(run.approvals.get(status="pending"))
            carry(run)
        return run

    return play


def draft_of(run):
    with run.files.get().content as stored:
        return stored.read().decode()


@pytest.mark.parametrize("mode", ["autonomous", "approval"])
def test_it_asks_writes_and_publishes_with_the_persons_own_words(begin, play, mode, tmp_path):
    run = play(begin(mode=mode))
    assert (run.status, run.questions.count()) == ("completed", 1)
    assert list(run.calls.values_list("tool", flat=True)) == ["AskUserQuestion", "write_file", "announce"]
    assert run.approvals.count() == (1 if mode == "autonomous" else 2)
    for text in (run.output, draft_of(run), (tmp_path / "announcements.jsonl").read_text()):
        assert "the neighbours" in text and "the picnic" in text
    assert gap_free(run)


def test_it_says_that_it_is_scripted(begin, play):
    run = begin()
    assert demo.LABEL in run.messages.first().text
    assert demo.LABEL in play(run).output


@pytest.mark.parametrize("tools", [(), TOOLS])
def test_a_run_remembers_that_a_script_answered(teammate_with, start, carry, settings, tools):
    """Whether it has ended or waits."""
    settings.DEFAULT_MODEL = "demo"
    run = carry(start(teammate_with(*tools, people=bool(tools))))
    assert run.status == ("paused" if tools else "completed")
    settings.DEFAULT_MODEL = "big"
    assert (Run.objects.get().usage["model"], Run.objects.get().model_asked) == ("demo", "demo")
    assert {message.usage["model"] for message in run.messages.all()} == {"demo"}


def test_a_run_remembers_which_model_it_failed_with(fake, teammate_with, start, carry, settings):
    fake.error(400)
    settings.DEFAULT_MODEL = "big"
    carry(start(teammate_with(people=False)))
    settings.DEFAULT_MODEL = "demo"
    assert (Run.objects.get().status, Run.objects.get().model_asked) == ("failed", "big")


def test_it_speaks_word_by_word(begin):
    run = begin()
    spoken = "".join(event.data["delta"] for event in run.events.filter(kind="text"))
    assert spoken == run.messages.first().text
    assert run.usage["completion_tokens"] > 10


def test_in_plan_mode_it_plans_first_and_takes_up_what_is_asked_for(begin, tell, carry, play):
    run = begin(mode="plan")
    tell(run.questions.get(), response="Mention the rain")
    plan = carry(run).questions.get(status="pending")
    assert (plan.revision, "Mention the rain" in plan.plan, run.files.count()) == (2, True, 0)
    tell(plan, answers={"plan": "Approve"})
    assert play(carry(run)).status == "completed"
    assert run.approvals.count() == 2
    assert kinds(run).count("run.resumed") == 5


def test_a_denial_is_quoted(begin, tell, deny, carry):
    run = begin()
    tell(run.questions.get(), answers={demo.QUESTION: "Customers"})
    deny(carry(run).approvals.get(), reason="Not before Monday")
    assert carry(run).status == "completed"
    assert "Not before Monday" in run.output


def test_an_edit_is_published_as_edited(begin, tell, allow, carry, tmp_path):
    run = begin()
    tell(run.questions.get(), skipped=[demo.QUESTION])
    allow(carry(run).approvals.get(), arguments={"channel": "news", "text": "Rain!"})
    assert carry(run).status == "completed"
    assert '"Rain!"' in (tmp_path / "announcements.jsonl").read_text()


@pytest.mark.parametrize("given", [{"response": "my aunt"}, {"answers": {demo.QUESTION: "my aunt"}}])
def test_free_words_are_used_as_they_are(begin, tell, carry, given):
    run = begin()
    tell(run.questions.get(), **given)
    assert "For: my aunt" in draft_of(carry(run))


@pytest.mark.parametrize("answer", ["null", '"x"', "[1]", "7"])
def test_words_that_look_like_json_are_words(begin, tell, carry, answer):
    run = begin()
    tell(run.questions.get(), response=answer)
    assert f"For: {answer}" in draft_of(carry(run))


def test_a_reply_plays_again_with_the_new_wish(begin, play, owner, carry):
    first = play(begin())
    again = carry(services.reply(first, "Now about the concert", by=owner))
    assert again.questions.count() == 1
    play(again, "the choir")
    assert "the concert" in again.output and "the choir" in again.output
    assert "the picnic" not in draft_of(again)


def test_with_nobody_in_the_loop_and_without_tools_it_still_answers(teammate_with, start, carry):
    run = carry(start(teammate_with(model="demo", people=False), "Hello"))
    assert (run.status, run.calls.count()) == ("completed", 0)
    assert "Hello" in run.output


def test_a_restart_in_the_middle_goes_on_where_it_was(begin, tell, carry, play):
    run = begin()
    tell(run.questions.get(), answers={demo.QUESTION: "The team"})
    type(run).objects.filter(pk=run.pk).update(attempt=2)
    assert play(carry(run)).status == "completed"
    assert list(run.calls.values_list("turn", flat=True)) == [1, 2, 3]


def test_a_refused_file_is_quoted_too(begin, tell, deny, allow, carry):
    run = begin(mode="approval")
    tell(run.questions.get(), answers={demo.QUESTION: "The team"})
    deny(carry(run).approvals.get(), reason="No files please")
    carry(run)
    allow(run.approvals.get(status="pending"))
    assert "No files please" in carry(run).output
