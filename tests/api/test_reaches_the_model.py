"""What a create says about memory, history and turns is what the model sees (contract 1.1)."""

import pytest

from runs.states import RunStatus

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told(fake, teammate_with, api, carry):
    """Everything that the model is told in a run with this body."""
    teammate = teammate_with()

    def told(**body):
        carry(api.run(teammate, **body))
        return "\n".join(message["content"] for message in fake.requests[-1]["messages"])

    return told


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ({"user_id": "ann"}, True),
        ({"user_id": "ann", "memory": None}, True),
        ({"user_id": "ann", "memory": True}, True),
        ({"user_id": "ann", "memory": False}, False),
        ({"user_id": "bob"}, False),
        ({}, False),
    ],
)
def test_memories_of_that_end_user_reach_the_model_unless_they_are_not_wanted(api, told, body, seen):
    assert api.post("/memories", {"content": "Likes tea.", "user_id": "ann"}).status_code == 201
    assert ("Likes tea." in told(**body)) is seen


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ({"user_id": "ann"}, True),
        ({"user_id": "ann", "history": None}, True),
        ({"user_id": "ann", "history": False}, False),
        ({"user_id": "bob"}, False),
        ({}, False),
    ],
)
def test_earlier_work_for_that_end_user_reaches_the_model_unless_it_is_not_wanted(fake, told, body, seen):
    fake.say("Tea was ordered.")
    told(user_id="ann", message="Order tea")
    assert ("Tea was ordered." in told(**body)) is seen


def test_a_run_ends_after_as_many_turns_as_it_was_given(fake, posted, teammate_with, api, carry):
    for _ in range(3):
        fake.call("post", {"text": "hello"})
    run = carry(api.run(teammate_with("post"), max_turns=2))
    assert (run.status, posted) == (RunStatus.FAILED, ["hello", "hello"])
    assert len(fake.requests) == 2
    assert api.get(f"/runs/{run.pk}").json()["error_code"] == "max_turns"
