"""What Celery calls. Messages carry ids only; each may come late, twice or never."""

from celery import shared_task
from django.db import connection

from runs import deliveries, recovery
from runs.engine import driver


@shared_task(ignore_result=True)
def advance_run(run_id: int) -> None:
    """Carry one run forward. Safe to deliver twice: one worker wins the claim."""
    try:
        driver.carry_forward(run_id)
    finally:
        connection.close()  # an idle thread of the worker holds none


@shared_task(ignore_result=True)
def deliver(delivery_id: int) -> None:
    """Make one attempt to tell a webhook. Safe to deliver twice, as above."""
    try:
        deliveries.deliver(delivery_id)
    finally:
        connection.close()


@shared_task(ignore_result=True)
def sweep() -> None:
    recovery.sweep()
