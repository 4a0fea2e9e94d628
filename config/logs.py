"""Lines of the log, and which request and which run each belongs to."""

import json
import logging
from contextvars import ContextVar

from django.core.exceptions import PermissionDenied

from runs.context import run_at_hand

request_at_hand: ContextVar[str] = ContextVar("request", default="")


class Context(logging.Filter):
    """Gives every record the request and the run that its thread is busy with."""

    def filter(self, record: logging.LogRecord) -> bool:
        run = run_at_hand.get()
        request = request_at_hand.get()
        marks = [f"request={request}"] if request else []
        marks += [f"run={run}"] if run else []
        context = f" [{' '.join(marks)}]" if marks else ""
        vars(record).update(request_id=request, run_id=run, context=context)
        return True


class Refusals(logging.Filter):
    """Takes the traceback from a request that was refused, which is no mistake: its line says all."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], PermissionDenied):
            record.exc_info = None
        return True


class Json(logging.Formatter):
    """One JSON object for each record, for machines that read logs."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request": getattr(record, "request_id", "") or None,
            "run": getattr(record, "run_id", None),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
