"""Tell a worker that a run waits in the queue. The row is the queue; a lost message costs one sweep."""

import logging
from functools import partial

from celery import current_app, uuid
from django.db import transaction
from kombu.exceptions import OperationalError

from runs.afterwards import afterwards
from runs.faults import fault_point

logger = logging.getLogger("sayso.runs")


def wake(run_id: int) -> None:
    """Send the message once the row is committed, and the request answered that asked for it."""
    transaction.on_commit(partial(afterwards, partial(_send, run_id)))


def _send(run_id: int) -> None:
    fault_point("outbox.before_publish")
    try:
        post("runs.tasks.advance_run", run_id)
    except OperationalError as error:
        logger.warning("The broker is away (%s); the sweep will start run %s.", error, run_id)
    fault_point("outbox.after_publish")


def post(task: str, pk: int) -> None:
    """The message itself. `send_task` does the same for three times as much, for options that nobody uses here."""
    amqp = current_app.amqp
    message = amqp.as_task_v2(uuid(), task, args=[pk], argsrepr=f"[{pk}]", kwargsrepr="{}", ignore_result=True)
    with current_app.producer_pool.acquire(block=True) as producer:
        try:
            # Nothing is declared: it goes straight into the list that workers read, which needs nobody to make it.
            amqp.send_task_message(producer, task, message, retry=False, declare=())
        except producer.connection.recoverable_connection_errors as error:  # of the transport, on an open connection
            raise OperationalError(str(error)) from error


def wake_delivery(delivery_id: int, after: float = 0) -> None:
    """The same for a delivery whose row is committed, in so many seconds."""
    try:
        current_app.send_task(
            "runs.tasks.deliver", [delivery_id], countdown=after or None, ignore_result=True, retry=False
        )
    except OperationalError as error:
        logger.warning("The broker is away (%s); the sweep will send delivery %s.", error, delivery_id)
