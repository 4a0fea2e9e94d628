"""The ASGI application: pages over HTTP, live news over websockets."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
pages = get_asgi_application()

# The apps must be loaded before their consumers can be imported.
from approvals.consumers import InboxConsumer, RunPageConsumer  # noqa: E402 - see above
from config.origin import same_origin  # noqa: E402 - see above

sockets = URLRouter(
    [
        path("ws/inbox", InboxConsumer.as_asgi()),
        path("ws/runs/<int:pk>", RunPageConsumer.as_asgi()),
    ]
)
application = ProtocolTypeRouter({"http": pages, "websocket": same_origin(AuthMiddlewareStack(sockets))})
