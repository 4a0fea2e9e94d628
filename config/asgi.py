"""The ASGI application: pages over HTTP, live news over websockets."""

import os

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import path

from config.origin import same_origin
from config.threads import PagesHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

# The apps must be loaded before their consumers can be imported.
from approvals.consumers import InboxConsumer, RunPageConsumer  # noqa: E402 - see above

sockets = URLRouter(
    [
        path("ws/inbox", InboxConsumer.as_asgi()),
        path("ws/runs/<int:pk>", RunPageConsumer.as_asgi()),
    ]
)
application = ProtocolTypeRouter({"http": PagesHandler(), "websocket": same_origin(sockets)})
