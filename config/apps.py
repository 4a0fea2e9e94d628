from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "config"
    verbose_name = "Sayso"

    def ready(self) -> None:
        from config import checks  # noqa: F401 - importing it registers them
