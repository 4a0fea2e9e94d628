from django.apps import AppConfig
from django.conf import settings


class RunsConfig(AppConfig):
    name = "runs"

    def ready(self) -> None:
        if settings.REDIS_URL:
            from runs.live import redis

            redis.connect(settings.REDIS_URL)
