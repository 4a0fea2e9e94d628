"""A retry as clients ask for it: at most one at a time, and not by accident what would be done twice."""

from django.contrib.auth.models import User

from runs import services
from runs.errors import Refused
from runs.locks import write
from runs.models import Run
from runs.pages import HARMLESS
from runs.states import RunStatus
from runs.trees import calls_of

UNDONE = (RunStatus.FAILED, RunStatus.CANCELLED)


def retry_once(run: Run, *, by: User, confirmed: bool) -> Run:
    """The retry of `run` that is under way, else a new one; of many at the same time one begins it.

    `Refused`: the run did not fail and was not stopped; or it has acted, and nobody confirmed to repeat that.
    """
    with write():
        services.lock(run)
        run.refresh_from_db(fields=["status"])
        if run.status not in UNDONE:
            raise Refused("Only a run that failed or was stopped can be tried again.", code="not_retryable")
        if going := Run.objects.live().filter(retry_of=run).order_by("pk").first():
            return going
        if not confirmed and has_acted(run):
            raise Refused(
                "The run has already done something that would be done again. Confirm it with confirm=true.",
                code="retry_needs_confirmation",
            )
        return services.retry(run, by=by)


def has_acted(run: Run) -> bool:
    """Did a call of it, or of a run below it, begin that does more than read?"""
    return calls_of(run).filter(started_at__isnull=False).exclude(effect__in=HARMLESS).exists()
