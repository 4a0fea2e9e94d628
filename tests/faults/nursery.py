"""Real worker processes, quickly: a loaded parent without threads forks one for each order it reads.

An order is a line of JSON: {"do": …, "fault": "point:n" or "", …}. The answer is a line: how the process ended.
"""

import json
import os
import secrets
import sys
import threading
import traceback
from contextlib import suppress
from datetime import timedelta
from importlib import import_module

import django

# What no child shall have to load.
LOADED = ["config.celery", "runs.engine.driver", "approvals.services", "runs.deliveries", "tests.faults.tools"]
LOADED += ["runs.live.transport", "celery.app.amqp", "celery.app.events", "celery.canvas", "kombu.transport.memory"]
LOADED += ["anyio.streams.tls", "h11", "httpcore2", "jiter", "cronsim", "encodings.idna", "encodings.utf_16_be"]
LOADED += ["django.db.models.sql.compiler", "openai.resources.chat"]


def work(order):
    """What a start of the product does, until nothing is left that it could do."""
    from django.db import connection

    from runs import clock, recovery
    from runs.engine import driver, holds
    from runs.models import Run

    recovery.take_up()
    if connection.vendor != "sqlite":  # there the dead may live, until their leases lapse: here that time has passed
        dead = Run.objects.filter(status="running").exclude(lease__startswith=f"{holds.BOOT}:")
        dead.update(lease_until=clock.now() - timedelta(seconds=1))
        recovery.sweep()
    while queued := Run.objects.filter(status="queued").order_by("pk").first():
        driver.carry_forward(queued.pk)


def start(order):
    from django.contrib.auth.models import User

    from runs import services
    from teammates.models import Teammate

    services.start(owner=User.objects.get(), teammate=Teammate.objects.get(), message=order["message"])


def allow(order):
    from django.contrib.auth.models import User

    from approvals.models import ToolApproval
    from approvals.services import decide

    gate = ToolApproval.objects.get(status="pending")
    decide(gate, "allow", by=User.objects.get(), digest=gate.digest)


def deliver(order):
    from runs import deliveries
    from runs.webhook_models import Delivery

    for delivery in Delivery.objects.filter(status="pending"):
        deliveries.deliver(delivery.pk)


ORDERS = {"work": work, "start": start, "allow": allow, "deliver": deliver}


def in_child(order):
    from django.conf import settings

    from runs import faults
    from runs.engine import holds

    holds.BOOT = secrets.token_hex(6)  # it is another process
    with suppress(KeyError):
        settings.OPENAI_BASE_URL = order["model"]
    os.environ["LEDGER"] = order["ledger"]
    if order["fault"]:
        faults.arm_as_told(order["fault"])
    ORDERS[order["do"]](order)


def born(order):
    """Fork, let the child carry out the order, and say how it ended: its exit status, or minus its signal."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            in_child(order)
            code = 0
        except BaseException:  # noqa: BLE001 - the child ends here whatever happened
            traceback.print_exc()
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main():
    django.setup()
    for name in LOADED:
        import_module(name)
    assert threading.active_count() == 1, threading.enumerate()
    print("ready", flush=True)
    for line in sys.stdin:
        print(born(json.loads(line)), flush=True)


if __name__ == "__main__":
    main()
