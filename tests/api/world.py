"""An account that has one of everything, and a good request for every route that changes something."""

from urllib.parse import quote

from api.m8tes.description import FromViews
from api.m8tes.door import door
from runs.webhook_models import Delivery
from tests.api.door import Api

USER = "ada/lovelace & co"
OPERATIONS = [(method.upper(), path) for path, methods in FromViews(door, "")["paths"].items() for method in methods]

MULTIPART = {"/runs/with-files", "/runs/{run_id}/reply/with-files"}

SAY = {"message": "Do it", "stream": False}
BODIES = {
    "POST /runs": SAY,
    "POST /runs/{run_id}/reply": SAY,
    "POST /runs/{run_id}/approve": {"request_id": "approval-1"},
    "POST /runs/{run_id}/answer": {"answers": {"Which?": "This"}},
    "PATCH /runs/{run_id}/permission-mode": {"permission_mode": "autonomous"},
    "POST /agents": {"name": "New"},
    "PATCH /agents/{agent_id}": {"role": "Helps"},
    "POST /memories": {"content": "Likes tea."},
    "PATCH /memories/{memory_id}": {"content": "Likes coffee."},
    "POST /permissions": {"tool": "post"},
    "POST /users": {"user_id": "grace"},
    "PATCH /users/{user_id}": {"name": "Ada"},
    "POST /tasks": {"instructions": "Count."},
    "PATCH /tasks/{task_id}": {"name": "Counting"},
    "POST /tasks/{task_id}/runs": {"stream": False},
    "POST /tasks/{task_id}/triggers": {"type": "schedule", "cron": "0 9 * * *"},
    "PATCH /tasks/{task_id}/triggers/{trigger_id}": {"enabled": False},
    "PATCH /tasks/{task_id}/webhook": {"enabled": False},
    "POST /webhooks": {"url": "https://example.com/hook"},
    "PATCH /webhooks/{webhook_id}": {"active": False},
    "POST /keys": {"name": "new"},
    "PATCH /settings": {"company_research": True},
}


class World:
    """The account of `api`; `ids` are what the addresses of its things are made of."""

    def __init__(self, api: Api, fake, carry) -> None:
        self.api, self.carry, self.fake = api, carry, fake
        fake.call("write_file", {"name": "a b.txt", "content": "Hello"})
        agent = self.made("/agents", name="Helper", tools=["post"])
        task = self.made("/tasks", teammate_id=agent, instructions="Count the stars.")
        hook = self.made("/webhooks", url="https://example.com/hook")
        run = self.run(agent)
        Delivery.objects.create(webhook_id=hook, run=run, event_type="run.completed", event_id="e1", body="{}")
        address = api.post(f"/tasks/{task}/webhook").json()["url"]
        self.ids = {
            "run_id": run.pk,
            "agent_id": agent,
            "task_id": task,
            "trigger_id": self.made(f"/tasks/{task}/triggers", type="schedule", interval_seconds=3600),
            "webhook_id": hook,
            "memory_id": self.made("/memories", content="Likes milk."),
            "rule_id": self.made("/permissions", tool="write_file"),
            "key_id": self.made("/keys", name="second"),
            "user_id": self.made("/users", user_id=USER, run_limit=100) and quote(USER, safe=""),
            "name": "a%20b.txt",
            "app": "post",
            "token": address.rpartition("/")[2],
        }

    def made(self, path, **body):
        response = self.api.post(path, body)
        assert response.status_code == 201, response.content
        return response.json()["id"]

    def run(self, agent):
        """One that has ended and written a file."""
        return self.carry(self.api.run(teammate_id=agent, user_id=USER))

    def asked(self):
        """One that waits: may it post?"""
        self.fake.call("post", {"text": "hello"})
        return self.waiting(permission_mode="approval")

    def questioned(self):
        """One that waits for an answer."""
        options = [{"label": "This", "description": ""}, {"label": "That", "description": ""}]
        self.fake.call(
            "AskUserQuestion", {"questions": [{"question": "Which?", "header": "Which", "options": options}]}
        )
        return self.waiting()

    def waiting(self, **how):
        return self.carry(self.api.run(teammate_id=self.ids["agent_id"], human_in_the_loop=True, **how))

    def stopped(self):
        run = self.api.run(teammate_id=self.ids["agent_id"])
        self.api.post(f"/runs/{run.pk}/cancel")
        return run

    def address(self, path, **other):
        return path.format(**{**self.ids, **other})

    def body(self, method, path):
        body = BODIES.get(f"{method} {path}")
        return {**body, "teammate_id": self.ids["agent_id"]} if (method, path) == ("POST", "/tasks") else body


def send(api, method, address, body=None):
    return api.get(address) if method == "GET" else getattr(api, method.lower())(address, body)
