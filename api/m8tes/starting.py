"""From a create to a run: which teammate, and what is set for the run."""

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db.models import F
from django.http import Http404

from api.auth import Caller
from api.m8tes.bodies import NewRun
from api.m8tes.errors import Problem
from api.m8tes.scope import teammates_of
from runs import services
from runs.locks import write
from runs.models import Run
from runs.options import check_tools
from runs.uploads import Given
from teammates.models import Mode, Teammate
from teammates.services import free_slug, save
from teammates.tools.builtin import BUILT_IN

DEFAULT_NAME = "Assistant"


def begin(caller: Caller, body: NewRun, files: Sequence[Given] = ()) -> Run:
    """Start the run that the body asks for, with the teammate that it names, finds or makes."""
    teammate = chosen(caller, body, body.teammate_id) if body.teammate_id else quick_start(caller, body)
    people = bool(body.human_in_the_loop)
    options = body.options(
        user_id=body.user_id or teammate.user_id, memory=teammate.uses_memory, history=teammate.uses_history
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
    """The account's teammate of this name, made when there is none; of two requests at once, one makes it."""
    name, user_id = (body.name or DEFAULT_NAME).strip() or DEFAULT_NAME, body.user_id or ""
    check_tools(body.tools)
    with write():
        # Nobody else makes one for this account before the transaction ends, on any database.
        User.objects.filter(pk=caller.user.pk).update(is_active=F("is_active"))
        mine = Teammate.objects.unarchived().filter(owner=caller.user, name=name, user_id=user_id)
        return mine.order_by("pk").first() or make(caller.user, name, user_id, body)


def make(owner: User, name: str, user_id: str, body: NewRun) -> Teammate:
    if "/" in name or len(name) > 120:
        raise Problem(422, "A name may have 120 characters, and no slash.", "invalid")
    teammate = Teammate(
        slug=free_slug(name),
        owner=owner,
        name=name,
        user_id=user_id,
        instructions=body.instructions or "",
        permission_mode=Mode.AUTONOMOUS,
        human_in_the_loop=True,
    )
    save(teammate, [(tool, "") for tool in dict.fromkeys([*sorted(BUILT_IN), *(body.tools or [])])])
    return teammate
