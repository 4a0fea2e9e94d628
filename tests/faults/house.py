"""The kill runner: orders to real processes, a fault in one of them, and judges who look from outside."""

import json
import os
import subprocess
import sys

from django.db import connection

from approvals.doctor import examine
from config.env import ROOT, Environment
from runs.models import Run
from tests.faults.ledger import ledger

KILLED = -9


def database_url():
    """Where this very process has the rows of the tests."""
    told = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{told['NAME']}"
    return f"postgres://{told['USER']}@{told['HOST']}:{told['PORT']}/{told['NAME']}"


class Nursery:
    """The loaded parent; it serves all tests of a process."""

    def __init__(self):
        clean = {name: value for name, value in os.environ.items() if name.lower() not in Environment.model_fields}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            cwd=ROOT,
            env={
                **clean,
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "SAYSO_DATA": os.environ["SAYSO_DATA"],
                "SAYSO_TOOLS": "tests.faults.tools",
                "OPENAI_API_KEY": "test",
                "SAYSO_WEBHOOKS_PRIVATE": "true",
                "DATABASE_URL": database_url(),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "ready\n"

    def order(self, **order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(10)


class House:
    """One database, one ledger, and a process for each thing that is done."""

    def __init__(self, nursery, model, folder):
        self.nursery, self.model, self.ledger = nursery, model, str(folder / "ledger")
        self.struck = 0  # how many processes died
        self.fault = ""

    def do(self, what, **more):
        """In a process of its own; should the fault strike it, once more in a fresh one, as far as it is not done."""
        connection.close()
        code = self.order(what, **more)
        if code == KILLED:
            self.struck += 1
            self.fault = ""
            code = 0 if what in DONE and DONE[what]() else self.order(what, **more)
        assert code == 0, what

    def order(self, what, **more):
        return self.nursery.order(do=what, fault=self.fault, model=self.model, ledger=self.ledger, **more)

    def asked(self):
        """How often the tools' service was asked, and how often it acted."""
        with ledger(self.ledger) as database:
            query = "SELECT (SELECT count(*) FROM requests), (SELECT count(*) FROM effects)"
            return database.execute(query).fetchone()

    def is_whole(self):
        """Every promise that rows can keep, a little later, when time has healed what it heals."""
        assert [str(finding) for finding in examine()] == []
        assert not Run.objects.filter(status__in=("queued", "running")).exists()
        return True


def nothing_pending():
    from approvals.models import ToolApproval

    return not ToolApproval.objects.filter(status="pending").exists()


DONE = {"start": Run.objects.exists, "allow": nothing_pending}
