from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "approvals"

    def ready(self) -> None:
        from approvals import asking, expiry  # noqa: F401 - connects the receivers of runs.signals
