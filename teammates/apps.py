from django.apps import AppConfig
from django.conf import settings


class TeammatesConfig(AppConfig):
    name = "teammates"

    def ready(self) -> None:
        from teammates.tools.registry import registry

        registry.load(settings.SAYSO_TOOLS)
