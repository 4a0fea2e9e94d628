"""Which runs: the querysets of `Run`. Read as part of `runs.models`; a module of its own for its length."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Exists, OuterRef, Q

from runs.states import RUN_ENDED, RUN_LIVE
from teammates.accounts import Sight, sight_of

if TYPE_CHECKING:
    from runs.models import Run


class RunQuerySet(models.QuerySet["Run"]):
    def live(self) -> "RunQuerySet":
        return self.filter(status__in=RUN_LIVE)

    def ended(self) -> "RunQuerySet":
        return self.filter(status__in=RUN_ENDED)

    def roots(self) -> "RunQuerySet":
        return self.filter(parent=None)

    def as_shown(self) -> "RunQuerySet":
        """With what `Run.shown` needs to know of the runs below. For roots."""
        gated = self.model._default_manager.filter(root=OuterRef("pk"), open_gates__gt=0)
        return self.annotate(gated_below=Exists(gated))

    def tree_of(self, run: "Run") -> "RunQuerySet":
        """The run's whole tree, from its top."""
        return self.filter(Q(pk=run.root_pk) | Q(root_id=run.root_pk))

    def visible_to(self, user: Any) -> "RunQuerySet":
        """Own runs; reviewers see all, and staff those of deleted conversations too."""
        return self.seen(sight_of(user), user.pk)

    def seen(self, sight: Sight, user: Any) -> "RunQuerySet":
        """What somebody sees who sees so much."""
        if sight == "nothing":
            return self.none()
        if sight == "everything":
            return self
        return self.filter(session__hidden=False) if sight == "all" else self.of_account(user)

    def of_account(self, user: Any) -> "RunQuerySet":
        """Own runs only, whatever else this user may see: what an API key sees."""
        return self.filter(owner=user, session__hidden=False)
