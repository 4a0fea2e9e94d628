"""From a create to a run: which teammate, and what is set for the run."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import Http404

from api.auth import Caller
from api.m8tes.bodies import NewRun
from api.m8tes.scope import end_user, teammates_of
from runs import services
from runs.locks import write
from runs.models import Run
from runs.uploads import Given
from teammates.accounts import alone
from teammates.catalog import check_tools
from teammates.lifecycle import make
from teammates.models import Mode, Teammate
from teammates.prepared import Select

DEFAULT_NAME = "Assistant"


def begin(caller: Caller, body: NewRun, files: Sequence[Given] = ()) -> Run:
    """Start the run that the body asks for, with the teammate that it names, finds or makes."""
    if body.teammate_id:
        return start(caller, body, chosen(caller, body, body.teammate_id), files)
    with write():  # a run that is refused leaves no teammate behind
        return start(caller, body, quick_start(caller, body), files)


def start(caller: Caller, body: NewRun, teammate: Teammate, files: Sequence[Given]) -> Run:
    people = bool(body.human_in_the_loop)
    options = body.options(
        user_id=end_user(caller, body.user_id or teammate.user_id),
        memory=teammate.uses_memory,
        history=teammate.uses_history,
    )
    return services.start(
        owner=caller.user,
        teammate=teammate,
        message=body.message,
        permission_mode=body.permission_mode or (teammate.permission_mode if people else Mode.AUTONOMOUS),
        human_in_the_loop=people,
        options=options,
        files=files,
    )


def chosen(caller: Caller, body: NewRun, pk: int) -> Teammate:
    found = teammates_of(caller).filter(pk=pk).first()
    if found is None:
        raise Http404(f"There is no teammate {body.teammate_id}.")
    if body.user_id and found.user_id and body.user_id != found.user_id:
        raise Http404(f"There is no teammate {body.teammate_id} for this user_id.")
    return found


def quick_start(caller: Caller, body: NewRun) -> Teammate:
    """The account's teammate of this name, made when there is none; of two requests at once, one makes it.

    In a transaction that the caller has begun.
    """
    name, user_id = (body.name or DEFAULT_NAME).strip() or DEFAULT_NAME, body.user_id or ""
    check_tools(body.tools)
    alone(caller.user)
    found = _named.first(owner=caller.user.pk, name=name, user=user_id)
    return found or make(caller.user, name, body.tools, user_id=user_id, instructions=body.instructions or "")


@Select
def _named(owner: Any, name: Any, user: Any) -> "QuerySet[Teammate]":
    return Teammate.objects.unarchived().filter(owner_id=owner, name=name, user_id=user).order_by("pk")[:1]
