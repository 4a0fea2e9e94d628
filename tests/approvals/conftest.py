"""Gates of the owner's run, and browsers of the whole cast."""

import pytest

from tests.approvals.rows import a_paused_run, an_approval


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
