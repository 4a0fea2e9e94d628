"""Runs that really run: the machine itself, a database in a file, a fake only for the model, on a real socket."""

import threading
from concurrent.futures import Future
from contextlib import contextmanager

import pytest
from django.db import connection

from approvals.models import Decision, Question, ToolApproval
from approvals.services import answer, decide
from runs import services
from runs.engine import demo, driver, model
from runs.models import Event, Message, Run, ToolCall
from teammates.models import Team, Teammate, Workflow
from teammates.performers import save_team, save_workflow
from teammates.services import save
from teammates.tools import tool
from teammates.tools.registry import registry
from tests.eventually import eventually
from tests.fake_model import FakeModel
from tests.fake_script import Script


@pytest.fixture(scope="session")
def model_server():
    with FakeModel() as server:
        yield server
        model.close_clients()


@pytest.fixture
def fake(model_server, settings):
    """The model of every teammate; says "Here you are." unless the test scripts it."""
    settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = model_server.base_url, "test"
    settings.DEFAULT_MODEL = "fake"
    model_server.reply, model_server.default, model_server.dropped = None, Script().say("Here you are."), 0
    for kept in (model_server.scripts, model_server.requests, model_server.headers, model_server.peers):
        kept.clear()
    return model_server


@pytest.fixture
def impatient(monkeypatch):
    """A model is asked again without the waiting, and the scripted one speaks at once."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.setattr(demo, "PAUSE", 0)


@pytest.fixture
def teammate_with(transactional_db):
    def make(*tools, mode="autonomous", people=True, model="", slug="helper"):
        teammate = Teammate(slug=slug, name="Helper", permission_mode=mode, human_in_the_loop=people, model=model)
        save(teammate, [tool if isinstance(tool, tuple) else (tool, "") for tool in tools])
        return teammate

    return make


@pytest.fixture
def start(owner):
    def start(teammate, message="Do it", **more):
        return services.start(owner=owner, teammate=teammate, message=message, **more)

    return start


@pytest.fixture
def carry():
    """Carry a run forward until it waits for people or has ended."""

    def carry(run: Run) -> Run:
        driver.carry_forward(run.pk)
        run.refresh_from_db()
        return run

    return carry


@pytest.fixture
def aside():
    """Do something in a thread of its own; gives the future of it, which ends before the test does."""
    begun: list[Future] = []

    def aside(do, *args, **kwargs) -> Future:
        future: Future = Future()
        begun.append(future)
        threading.Thread(target=resolve, args=[future, do, args, kwargs], daemon=True).start()
        return future

    yield aside
    for future in begun:
        future.exception(20)


def resolve(future, do, args, kwargs):
    try:
        future.set_result(do(*args, **kwargs))
    except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it
        future.set_exception(error)
    finally:
        connection.close()


def together(count, do):
    """Do it `count` times at the same instant, with 0, 1, 2 …; the results, exceptions among them, in that order."""
    barrier, futures = threading.Barrier(count), [Future() for _ in range(count)]

    def at_once(place):
        barrier.wait(10)
        return do(place)

    for place, future in enumerate(futures):
        threading.Thread(target=resolve, args=[future, at_once, [place], {}], daemon=True).start()
    return [future.exception(30) or future.result() for future in futures]


@pytest.fixture
def own_tool():
    """`@tool` for one test: the registry is afterwards what it was."""
    known = {each.name: each for each in registry.all()}
    yield tool
    for each in registry.all():
        registry.remove(each.name)
    for each in known.values():
        registry.add(each)


@pytest.fixture
def posted(own_tool):
    """What the tool `post` has sent into the world. Approval mode asks before it."""
    sent = []

    @own_tool(effect="effect", title="Post", consequence="Everybody sees it.")
    def post(text: str) -> str:
        """Post a text."""
        sent.append(text)
        return f"Posted {text}"

    return sent


@pytest.fixture
def asked(fake, posted, teammate_with, start, carry):
    """A run that waits for one decision: may it post "hello"?"""
    fake.call("post", {"text": "hello"})
    return carry(start(teammate_with("post", mode="approval")))


@pytest.fixture
def allow(owner):
    def allow(gate, by=None, **more):
        return decide(gate, "allow", by=by or owner, digest=gate.digest, **more)

    return allow


@pytest.fixture
def deny(owner):
    def deny(gate, by=None, **more):
        return decide(gate, "deny", by=by or owner, digest=gate.digest, **more)

    return deny


@pytest.fixture
def tell(owner):
    """Answer a question."""

    def tell(question, by=None, **more):
        return answer(question, by=by or owner, digest=question.digest, **more)

    return tell


@contextmanager
def heard_first(gate):
    """The rest of the answer comes once the log has its beginning."""
    before = Event.objects.filter(kind="text").count()

    def release():
        if eventually(lambda: Event.objects.filter(kind="text").count() > before):
            gate.release()
        connection.close()

    beside = threading.Thread(target=release)
    beside.start()
    yield
    beside.join()


def kinds(run: Run) -> list[str]:
    """The kinds of the run's events, in order, without its text."""
    return [kind for kind in run.events.values_list("kind", flat=True) if kind != "text"]


def rows_of(run: Run) -> dict:
    """Everything that the database has about the run."""
    return {
        "run": Run.objects.filter(pk=run.pk).values().get(),
        **{
            model.__name__: list(model.objects.filter(run_id=run.pk).order_by("pk").values())
            for model in (ToolCall, ToolApproval, Question, Decision, Message, Event)
        },
    }


@contextmanager
def refused(run: Run, *errors):
    """What is tried in here raises, and leaves every row of the run and its log as they were."""
    before = rows_of(run)
    with pytest.raises(errors) as caught:
        yield caught
    assert rows_of(run) == before


@contextmanager
def no_news(run: Run):
    """Nothing that happens in here changes the run or is told."""
    before = rows_of(run)
    yield
    assert rows_of(run) == before


def gap_free(run: Run) -> bool:
    run.refresh_from_db()
    return list(run.events.values_list("seq", flat=True)) == list(range(1, run.last_seq + 1))


def told(fake, request=-1) -> list[str]:
    """The results of calls that the model was shown in one of its requests."""
    return [message["content"] for message in fake.requests[request]["messages"] if message["role"] == "tool"]


def results(run: Run) -> list:
    """The state and the result of each call of the run."""
    return list(run.calls.values_list("state", "result"))


@pytest.fixture
def member(transactional_db):
    def make(slug, *tools, mode="autonomous"):
        teammate = Teammate(slug=slug, name=slug.title(), model=slug, permission_mode=mode)
        save(teammate, [(tool, "") for tool in tools])
        return teammate

    return make


@pytest.fixture
def team_of(transactional_db):
    def make(*members, mode="coordinate", slug="crew", **fields):
        team = Team(slug=slug, name="Crew", model="leader", mode=mode, **fields)
        save_team(team, members)
        return team

    return make


@pytest.fixture
def workflow_of(transactional_db):
    def make(*steps, slug="flow", **fields):
        workflow = Workflow(slug=slug, name="Flow", definition=list(steps), **fields)
        save_workflow(workflow)
        return workflow

    return make
