"""The Celery application: an alarm clock. The queue itself is the runs' rows."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

TRANSPORT_ALIASES["sayso"] = "runs.live.transport:Transport"

app = Celery("sayso")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Tasks are looked up in the app of the current thread; the threads of requests have none of their own.
app.set_default()
app.autodiscover_tasks(["runs"])
