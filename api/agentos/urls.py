"""Where the routes at the root are found: apart from the pages, which also begin there."""

from django.urls import path

from api.agentos.door import door

urlpatterns = [path("", door.urls)]
