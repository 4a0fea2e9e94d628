from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "api"

    def ready(self) -> None:
        from api import retention  # noqa: F401 - connects the receiver of runs.signals
