"""Workers that die: at a named place, with the rows left as they are."""

import pkgutil
from datetime import timedelta

import pytest
from django.utils import timezone

from runs import recovery
from runs.engine import driver
from runs.models import Run
from teammates.tools import ToolContext
from tests.fake_script import Script


class Killed(BaseException):
    """kill -9: no code of ours gets to see it."""


@pytest.fixture
def kill(monkeypatch):
    """Carry the run until it comes to `place`, and die there: before what is done there, or after it."""

    def kill(run: Run, place: str, *, after: bool = False) -> Run:
        with monkeypatch.context() as armed:
            armed.setattr(place, dying(pkgutil.resolve_name(place), after))
            with pytest.raises(Killed):
                driver.carry_forward(run.pk)
        run.refresh_from_db()
        return run

    return kill


def dying(real, after):
    def die(*args, **kwargs):
        if after:
            real(*args, **kwargs)
        raise Killed

    return die


@pytest.fixture
def lapse():
    """The lease of a dead worker runs out, and the sweep finds the run."""

    def lapse(run: Run) -> None:
        Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        assert recovery.sweep() == 1
        run.refresh_from_db()
        assert (run.status, run.lease) == ("queued", "")

    return lapse


@pytest.fixture
def call(fake, own_tool, teammate_with, start):
    """Start a run that calls `act`, a tool of this effect; its keys so far, and the run."""

    def call(effect, **more):
        keys = []

        @own_tool(effect=effect, **more)
        def act(context: ToolContext, text: str) -> str:
            """Act."""
            keys.append(context.key)
            return f"Done {text}"

        fake.reply = lambda body: None if told_in(body) else Script().call("act", {"text": "it"})
        return keys, start(teammate_with("act"))

    return call


def told_in(body):
    return any(message["role"] == "tool" for message in body["messages"])


@pytest.fixture
def use(fake, teammate_with, start, carry):
    """Let a model make these calls in one turn; the run, carried."""
    helpers = {}

    def use(*calls, mode="autonomous", tools=(), **more):
        fake.requests.clear()
        names = tuple(sorted({*tools, *(name for name, _ in calls)}))
        helper = helpers.get((names, mode)) or teammate_with(*names, mode=mode, slug=f"helper-{len(helpers)}")
        helpers[names, mode] = helper
        fake.calls(*calls)
        return carry(start(helper, **more))

    return use
