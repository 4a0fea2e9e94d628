"""Gates of the owner's run, and browsers of the whole cast."""

import pytest

from runs.models import Run, Session
from tests.approvals.rows import a_paused_run, an_approval
from tests.rows import run_of, teammate


@pytest.fixture
def run(owner):
    return a_paused_run(owner)


@pytest.fixture
def approval(run):
    return an_approval(run)


@pytest.fixture
def owners(owner, client_of):
    """The owner's browser."""
    return client_of(owner)


@pytest.fixture
def reviewers(reviewer, client_of):
    return client_of(reviewer)


@pytest.fixture
def outsiders(outsider, client_of):
    return client_of(outsider)


@pytest.fixture
def clerk(db):
    return teammate()


@pytest.fixture
def session(owner):
    return Session.objects.create(owner=owner, key="ticket-7", user_id="ann", session_state={"items": [1], "n": 2})


@pytest.fixture
def said(owner, clerk, session):
    """Add a run to the conversation."""

    def said(message="Refund it", status="completed", **fields):
        run = run_of(owner, clerk, message, status, **fields)
        Run.objects.filter(pk=run.pk).update(session=session, user_id=session.user_id)
        run.session.delete()
        run.refresh_from_db()
        return run

    return said
