from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class TeammatesConfig(AppConfig):
    name = "teammates"

    def ready(self) -> None:
        from teammates.tools.registry import registry

        try:
            registry.load(settings.SAYSO_TOOLS)
        except ModuleNotFoundError as error:
            # Not what a module that is there asks for itself.
            for name in settings.SAYSO_TOOLS:
                if f"{name}.".startswith(f"{error.name}."):
                    raise ImproperlyConfigured(f"SAYSO_TOOLS: there is no module {name!r} here.") from error
            raise
