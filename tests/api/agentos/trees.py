"""Teams and workflows at the door: started, looked at and continued as the client does it."""

import json

from tests.api.agentos.door import as_form, events_of


class Performing:
    """The routes of one team or workflow."""

    def __init__(self, door, path, session="s-1"):
        self.door, self.path, self.session = door, path, session

    def create(self, message="Do it", **fields):
        return self.door.post(f"{self.path}/runs", as_form({"message": message, "session_id": self.session, **fields}))

    def run(self, message="Do it", **fields):
        response = self.create(message, stream=False, **fields)
        assert response.status_code == 200, response.content
        return response.json()

    def stream(self, message="Do it", **fields):
        return events_of(self.create(message, **fields))

    def look(self, told):
        response = self.door.get(f"{self.path}/runs/{told['run_id']}", session_id=self.session)
        assert response.status_code == 200, response.content
        return response.json()

    def go_on(self, told, **fields):
        """Continue; lists are sent as JSON."""
        written = {name: json.dumps(value) if isinstance(value, list) else value for name, value in fields.items()}
        written = {"session_id": self.session, **written}
        return self.door.post(f"{self.path}/runs/{told['run_id']}/continue", as_form(written))

    def cancel(self, told):
        return self.door.post(f"{self.path}/runs/{told['run_id']}/cancel")

    def resume(self, told, **fields):
        return events_of(self.door.post(f"{self.path}/runs/{told['run_id']}/resume", as_form(fields)))


def decided(requirement, *, confirmed=True, note=None):
    """As the client writes a decision: beside the tool and in it."""
    tool = requirement["tool_execution"] | {"confirmed": confirmed, "confirmation_note": note}
    return requirement | {"confirmation": confirmed, "confirmation_note": note, "tool_execution": tool}


def whose(events):
    """(name of the event, whose it is), words of one performer that follow each other as one."""
    found = []
    for event in events:
        pair = (event["event"], event.get("agent_name") or event.get("team_name") or event.get("step_name"))
        if not (found and found[-1] == pair and pair[0].endswith("RunContent")):
            found.append(pair)
    return found
