"""Ids that clients send."""

import uuid

from django.http import Http404


def uuid_of(run_id: str) -> uuid.UUID:
    """`Http404` for what cannot be the id of a run."""
    try:
        return uuid.UUID(run_id)
    except ValueError:
        raise Http404("Run not found") from None
