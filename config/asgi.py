"""The ASGI application: pages over HTTP, live news over websockets."""

import gc
import os
import sys

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import path

from config.origin import same_origin

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

# The apps must be loaded before their consumers can be imported.
from approvals.consumers import InboxConsumer, RunPageConsumer  # noqa: E402 - see above
from config import checks  # noqa: E402 - as above
from config.threads import PagesHandler  # noqa: E402 - as above
from runs.live import redis  # noqa: E402 - as above


def prepare() -> None:
    """Refuse what cannot work, and guard requests as `manage.py serve` does."""
    if not settings.REDIS_URL:
        raise ImproperlyConfigured(
            "Web processes of their own need REDIS_URL and workers, or nothing moves the runs."
            " Without it, start manage.py serve: it does both."
        )
    checks.refuse()
    from config import wire  # noqa: F401 - it wants the server's reactor, which tests of this module do not have

    gc.freeze()  # as `config.worker.stay_loaded`


sockets = URLRouter(
    [
        path("ws/inbox", InboxConsumer.as_asgi()),
        path("ws/runs/<int:pk>", RunPageConsumer.as_asgi()),
    ]
)
if "daphne.cli" in sys.modules:  # a web process of its own, which no command of ours has prepared
    prepare()
redis.listen()
application = ProtocolTypeRouter({"http": PagesHandler(), "websocket": same_origin(sockets)})
