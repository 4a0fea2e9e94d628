"""Beginning a run (contract 1.1): what may be set for it, and what is refused before anything begins."""

import json

import pytest

from runs.models import Run
from tests.api.door import problem_of

# --- the run ---


def test_it_answers_at_once_with_a_run_that_is_running(api, teammate_with):
    teammate = teammate_with()
    response = api.post("/runs", {"teammate_id": teammate.pk, "message": "Hello", "stream": False})
    assert response.status_code == 201
    shape, run = response.json(), Run.objects.get()
    assert next(iter(shape)) == "id"
    assert (shape["id"], shape["teammate_id"], shape["agent_id"]) == (run.pk, teammate.pk, teammate.pk)
    assert (shape["status"], shape["output"], shape["error"]) == ("running", None, None)
    assert (shape["permission_mode"], shape["user_id"], shape["metadata"]) == ("autonomous", None, {})
    assert response["X-Run-Id"] == str(run.pk)
    assert "Idempotent-Replay" not in response.headers


def test_it_streams_unless_it_is_told_not_to(api, teammate_with):
    response = api.post("/runs", {"teammate_id": teammate_with().pk, "message": "Hello"})
    assert response["Content-Type"] == "text/event-stream; charset=utf-8"
    assert response["X-Run-Id"] == str(Run.objects.get().pk)
    assert response["Cache-Control"] == "no-cache"
    assert "Idempotent-Replay" not in response.headers


def test_the_run_needs_nobody_to_read_its_stream(fake, api, teammate_with, carry):
    api.post("/runs", {"teammate_id": teammate_with().pk, "message": "Hello"})
    assert carry(Run.objects.get()).output == "Here you are."


METADATA = [{"a": {"b": [1, None, {"ü": "🎉"}]}}, {}, {"": ""}, {"x" * 500: 1.5}]


@pytest.mark.parametrize("metadata", METADATA)
def test_metadata_comes_back_as_it_was_sent(api, metadata):
    run = api.run(metadata=metadata)
    assert api.get(f"/runs/{run.pk}").json()["metadata"] == metadata


def test_a_user_id_comes_back(api):
    run = api.run(user_id="Kundin 7 / ü")
    assert api.get(f"/runs/{run.pk}").json()["user_id"] == "Kundin 7 / ü"


@pytest.mark.parametrize("message", ["", "   ", "\n"])
def test_a_message_must_say_something(refused, message):
    assert refused(message=message) == (422, "empty")


def test_a_message_has_a_limit(refused):
    assert refused(message="x" * 50_001) == (422, "too_long")


BROKEN = "\ud800"


@pytest.mark.parametrize(
    "field",
    [
        {"message": f"a{BROKEN}"},
        {"message": "a\0"},
        {"user_id": f"a{BROKEN}"},
        {"user_id": "a\0"},
        {"user_id": "x" * 201},
        {"name": f"a{BROKEN}"},
        {"name": "a\0"},
        {"name": "x" * 121},
        {"name": "a/b"},
        {"name": "Fine", "instructions": f"a{BROKEN}"},
        {"name": "Fine", "instructions": "a\0"},
        {"metadata": {"a": BROKEN}},
        {"metadata": {BROKEN: 1}},
        {"metadata": {"a": "\0"}},
        {"metadata": [1]},
        {"metadata": "text"},
        {"tools": ["no_such_tool"]},
        {"tools": "write_file"},
        {"tools": [1]},
        {"model": "no-such-model"},
        {"model": f"a{BROKEN}"},
        {"effort": 3},
        {"output_schema": {"type": "array"}},
        {"output_schema": {"type": "object", "properties": 3}},
        {"output_schema": []},
        {"output_schema": {"type": "object", "$ref": "http://127.0.0.1:1/schema"}},
        {"output_schema": {"type": "object", "properties": {"a": {"$ref": "file:///etc/hostname"}}}},
        {"output_schema": {"type": "object", "$ref": "#"}},
        {"output_schema": {"type": "object", "properties": {"a": {"$ref": "#/nope"}}}},
        {"max_turns": 0},
        {"max_turns": 2001},
        {"max_turns": -1},
        {"permission_mode": "yolo"},
        {"permission_mode": ""},
        {"teammate_id": "one"},
        {"teammate_id": 0},
        {"teammate_id": 2**63},
        {"teammate_id": 2**70},
        {"stream": "perhaps"},
    ],
    ids=repr,
)
def test_what_does_not_fit_is_refused_before_anything_begins(refused, field):
    status, code = refused(**field)
    assert (status, bool(code)) == (422, True)


def test_a_number_that_is_none_is_refused(api):
    status, _ = problem_of(api.post("/runs", '{"message": "Hi", "metadata": {"a": NaN}}'))
    assert status in (400, 422)
    assert not Run.objects.exists()


def test_metadata_may_not_be_endless(api):
    deep = '{"a":' * 900 + "1" + "}" * 900
    status, _ = problem_of(api.post("/runs", f'{{"message": "Hi", "stream": false, "metadata": {deep}}}'))
    assert status in (400, 422)


@pytest.mark.parametrize("effort", ["low", "medium", "high", "xhigh", "max"])
def test_every_effort_is_taken(api, effort):
    assert api.run(effort=effort).effort


def test_an_effort_that_nobody_knows_is_not_rejected(api):
    assert api.post("/runs", {"message": "Hi", "stream": False, "effort": "ultra"}).status_code == 201


# --- the mode ---


@pytest.mark.parametrize("mode", ["approval", "plan"])
def test_a_mode_that_asks_needs_people(refused, mode):
    assert refused(permission_mode=mode) == (422, "needs_people")
    assert refused(permission_mode=mode, human_in_the_loop=False) == (422, "needs_people")


@pytest.mark.parametrize("mode", ["autonomous", "approval", "plan"])
def test_with_people_every_mode_is_taken(api, mode):
    run = api.run(permission_mode=mode, human_in_the_loop=True)
    assert (run.permission_mode, run.human_in_the_loop) == (mode, True)


@pytest.mark.parametrize(("people", "mode"), [(True, "approval"), (False, "autonomous"), (None, "autonomous")])
def test_the_teammates_own_mode_holds_only_with_people(api, teammate_with, people, mode):
    run = api.run(teammate_with(mode="approval"), human_in_the_loop=people)
    assert (run.permission_mode, run.human_in_the_loop) == (mode, bool(people))


def offered(fake):
    return {tool["function"]["name"] for tool in fake.requests[-1].get("tools", [])}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("people", "mode", "gates"),
    [
        (False, "autonomous", set()),
        (True, "autonomous", {"AskUserQuestion"}),
        (True, "approval", {"AskUserQuestion"}),
        (True, "plan", {"AskUserQuestion", "submit_plan"}),
    ],
)
def test_the_model_is_offered_the_gates_of_the_mode(fake, api, carry, people, mode, gates):
    carry(api.run(human_in_the_loop=people, permission_mode=mode))
    assert offered(fake) & {"AskUserQuestion", "submit_plan"} == gates


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("people", "mode", "status"),
    [(False, "autonomous", "completed"), (True, "autonomous", "completed"), (True, "approval", "awaiting_approval")],
)
def test_what_a_tool_may_do_alone_is_a_matter_of_the_mode(fake, posted, api, carry, people, mode, status):
    fake.call("post", {"text": "hello"})
    run = carry(api.run(tools=["post"], human_in_the_loop=people, permission_mode=mode))
    assert api.get(f"/runs/{run.pk}").json()["status"] == status


# --- tools, model, schema: what is given for this run reaches the model ---


def test_tools_of_the_run_are_offered_in_place_of_the_teammates(fake, posted, teammate_with, api, carry):
    teammate = teammate_with("announce")
    carry(api.run(teammate, tools=["post"]))
    assert "post" in offered(fake)
    assert "announce" not in offered(fake)
    carry(api.run(teammate))
    assert "announce" in offered(fake)


@pytest.mark.django_db(transaction=True)
def test_the_model_of_the_run_is_asked(fake, settings, api, carry):
    settings.KNOWN_MODELS = ["better"]
    carry(api.run(model="better"))
    assert fake.requests[-1]["model"] == "better"


SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}


@pytest.mark.django_db(transaction=True)
def test_an_answer_in_the_asked_for_form_is_given_as_data(fake, api, carry):
    fake.say('{"n": 3}')
    run = carry(api.run(output_schema=SCHEMA))
    assert api.get(f"/runs/{run.pk}").json()["output_data"] == {"n": 3}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("value", ["NaN", "1e999", "-Infinity", '"\\u0000"', '"\\ud800"'])
def test_what_no_database_takes_is_no_data_and_the_answer_stays(fake, api, carry, value):
    fake.say(f'{{"n": {value}}}')
    run = carry(api.run(output_schema={"type": "object"}))
    told = api.get(f"/runs/{run.pk}").json()
    assert (told["status"], told["output_data"], told["output"]) == ("completed", None, f'{{"n": {value}}}')


@pytest.mark.django_db(transaction=True)
def test_a_regular_expression_of_a_client_holds_nobody_up(fake, api, carry):
    fake.say(json.dumps({"n": "a" * 60 + "!"}))
    schema = {"type": "object", "properties": {"n": {"type": "string", "pattern": "^(a+)+$"}}}
    assert carry(api.run(output_schema=schema)).status == "completed"


@pytest.mark.django_db(transaction=True)
def test_without_a_schema_there_is_no_data(fake, api, carry):
    fake.say('{"n": 3}')
    run = carry(api.run())
    assert api.get(f"/runs/{run.pk}").json()["output_data"] is None


def test_the_stream_of_a_refused_create_has_no_byte(api):
    response = api.post("/runs", {"message": "", "stream": True})
    assert response["Content-Type"] == "application/json"
    assert problem_of(response) == (422, "empty")
