"""Where several transactions write at a time, those that change one run wait for each other instead of in a ring."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from runs import services

pytestmark = pytest.mark.django_db(transaction=True)

KINDS = ("SELECT", "INSERT", "UPDATE", "DELETE")


@pytest.fixture
def question(fake, teammate_with, start, carry):
    options = [{"label": "Red"}, {"label": "Blue"}]
    fake.call("AskUserQuestion", {"questions": [{"question": "Which?", "header": "Colour", "options": options}]})
    return carry(start(teammate_with("AskUserQuestion"))).questions.get()


def statements_of(do):
    """The statements of it that read or write, in order."""
    with CaptureQueriesContext(connection) as seen:
        do()
    return [one["sql"] for one in seen.captured_queries if one["sql"].startswith(KINDS)]


@pytest.mark.parametrize("verb", ["allow", "deny", "answer", "stop"])
def test_the_run_is_locked_before_anything_else_is_read_or_written(verb, request, owner):
    if verb == "answer":
        gate, tell = request.getfixturevalue("question"), request.getfixturevalue("tell")
        statements = statements_of(lambda: tell(gate, answers={"Which?": "Red"}))
    elif verb == "stop":
        run = request.getfixturevalue("asked")
        statements = statements_of(lambda: services.cancel(run, by=owner))
    else:
        gate, decide = request.getfixturevalue("asked").approvals.get(), request.getfixturevalue(verb)
        statements = statements_of(lambda: decide(gate))
    assert statements[0].startswith('UPDATE "runs_run"')
