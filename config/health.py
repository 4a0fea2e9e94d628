"""May this process be sent requests, and how is it doing: for load balancers, Prometheus and staff."""

import hmac

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from approvals import doctor, health
from config import worker
from runs import recovery
from teammates.accounts import signed_in

HELP = {
    "queue_age_seconds": "Since anything happened to the run that waits longest in the queue.",
    "late_wakeups": "Queued runs whose wake-up is overdue.",
    "workers": "Processes that hold runs.",
    "deaf_workers": "Of those, the ones that do not renew their leases.",
    "open_gates": "Gates that wait for people.",
    "stuck_gates": "Gates that have waited for more than a day.",
    "oldest_gate_seconds": "Since the oldest open gate was opened.",
}


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 when this process can do its work; else 503 and what is missing."""
    lacking = {name: why for name, why in (("database", _database()), ("worker", _worker())) if why}
    return JsonResponse({"ready": not lacking, "missing": lacking}, status=503 if lacking else 200)


def _database() -> str:
    try:
        executor = MigrationExecutor(connection)
        return "migrations wait" if executor.migration_plan(executor.loader.graph.leaf_nodes()) else ""
    except Error:
        return "cannot be reached"


def _worker() -> str:
    return "" if worker.alive() else "its keeper has stopped"


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures as Prometheus reads them, for who has the token; without one there is no such page."""
    token, given = settings.METRICS_TOKEN, request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token or not hmac.compare_digest(token.encode(), given.encode()):
        raise Http404
    lines = [
        line for name, value in health.figures().items() for line in _gauge(f"sayso_{name}", HELP.get(name), value)
    ]
    lines += ["# TYPE sayso_wakeups_recovered_total counter", f"sayso_wakeups_recovered_total {recovery.recovered()}"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")


def _gauge(name: str, meaning: str | None, value: float) -> list[str]:
    return [f"# HELP {name} {meaning}"] * bool(meaning) + [f"# TYPE {name} gauge", f"{name} {value:g}"]


def words(name: str) -> str:
    return name.replace("_", " ").capitalize()


@signed_in
@require_safe
def health_page(request: HttpRequest) -> HttpResponse:
    """For staff, in the admin. The doctor reads everything, so it is asked for."""
    if not request.user.is_staff:
        raise PermissionDenied
    asked = "doctor" in request.GET
    shown = {
        "title": "Health",
        "figures": [(words(name), value, HELP.get(name, "")) for name, value in health.figures().items()],
        "workers": health.workers(),
        "asked": asked,
        "findings": doctor.examine() if asked else [],
        "recovered": recovery.recovered(),
    }
    return render(request, "admin/health.html", {**admin.site.each_context(request), **shown})
