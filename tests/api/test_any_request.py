"""Whatever is sent to a door, it never breaks: requests made up from the descriptions, the same each time.

`EXAMPLES=2000` makes up so many for each door, which takes three minutes.
"""

import json
import os

import pytest
import requests
import schemathesis
from django.http import HttpResponse
from django.test import Client
from django.test.client import ClientHandler
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from api.agentos.door import door as agentos
from api.m8tes.door import door as m8tes
from api.streams import Held
from runs import services
from teammates import keys
from teammates.models import Teammate
from teammates.services import save

EXAMPLES = int(os.environ.get("EXAMPLES", "250"))  # for each door, shared out among its operations
DOORS = {"agentos": (agentos, ""), "m8tes": (m8tes, "/api/v2")}


@pytest.fixture
def known(owner):
    """What exists, so that made-up requests get further than to a 404."""
    teammate = Teammate(slug="helper", name="Helper", human_in_the_loop=True)
    save(teammate, [])
    run = services.start(owner=owner, teammate=teammate, message="Do it")
    ids = {"agent_id": {"agentos": "helper", "m8tes": teammate.pk}, "session_id": {"agentos": run.session.key}}
    ids["run_id"] = {"agentos": str(run.uuid), "m8tes": run.pk}
    _, key = keys.create(owner, "test", keys.SCOPES)
    return ids, key


class Unread(ClientHandler):
    """What takes its time is begun and not waited for."""

    def get_response(self, request):
        response = super().get_response(request)
        return HttpResponse() if isinstance(response, Held) else response


def sent(client, case):
    """The case as a client would send it, to Django's own."""
    asked = requests.Request(**case.as_transport_kwargs(base_url="http://testserver")).prepare()
    headers = dict(asked.headers)
    kind = headers.pop("Content-Type", "")
    return client.generic(asked.method, asked.path_url, asked.body or b"", content_type=kind, headers=headers)


@pytest.mark.parametrize("name", DOORS)
@pytest.mark.filterwarnings("ignore")  # of what makes up the requests
def test_no_request_breaks_a_door(known, name):
    ids, key = known
    door, prefix = DOORS[name]
    description = json.loads(json.dumps(door.get_openapi_schema(path_prefix=prefix), default=str))
    described = schemathesis.openapi.from_dict(description)
    client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {key}"})
    client.handler = Unread()
    operations = [found.ok() for found in described.get_all_operations()]
    broken = []
    for operation in operations:

        @seed(1)
        @settings(
            max_examples=-(-EXAMPLES // len(operations)),
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(
            case=st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode)),
            meant=st.booleans(),
        )
        def tried(case, meant):
            for parameter in case.path_parameters:
                if meant and name in ids.get(parameter, {}):
                    case.path_parameters[parameter] = ids[parameter][name]
            if sent(client, case).status_code >= 500:
                broken.append(case.as_curl_command())

        tried()
    assert broken == []
