"""What may be done with a run beside its work: put it away, mark it as seen, share it. Its status never changes."""

import secrets

from django.utils import timezone

from runs.locks import write
from runs.models import Run, RunQuerySet


def archive(run: Run) -> None:
    """Out of the lists of doors; what it did and asks stays. Once more changes nothing."""
    with write():
        Run.objects.filter(pk=run.pk, archived_at=None).update(archived_at=timezone.now())
    run.refresh_from_db(fields=["archived_at"])


def unarchive(run: Run) -> None:
    with write():
        Run.objects.filter(pk=run.pk).update(archived_at=None)
    run.archived_at = None


def view(run: Run) -> None:
    """Somebody has looked at it, now."""
    run.viewed_at = timezone.now()
    with write():
        Run.objects.filter(pk=run.pk).update(viewed_at=run.viewed_at)


def share(run: Run) -> str:
    """The token with which anybody reads message and answer; the same one until `unshare`."""
    with write():
        Run.objects.filter(pk=run.pk, share_token=None).update(share_token=secrets.token_urlsafe(32))
    run.refresh_from_db(fields=["share_token"])
    return str(run.share_token)


def unshare(run: Run) -> None:
    """The token opens nothing any more; the next one will be another."""
    with write():
        Run.objects.filter(pk=run.pk).update(share_token=None)
    run.share_token = None


def shared(token: str) -> RunQuerySet:
    """The run that this token opens, while its owner has an account that works."""
    return Run.objects.filter(share_token=token, session__hidden=False, owner__is_active=True)
