from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "config"
    verbose_name = "Sayso"

    def ready(self) -> None:
        from config import checks, worker  # noqa: F401 - importing them registers checks and the worker's step
