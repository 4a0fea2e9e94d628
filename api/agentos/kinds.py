"""Who performs runs, in the words of this door: one row for agents, teams and workflows each."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from runs.models import Run, SessionKind
from teammates.models import Team, Teammate, Workflow
from teammates.performers import Performer


@dataclass(frozen=True)
class Kind:
    word: str  # of ids, names and sessions
    field: str  # of a run
    model: type[Performer]
    prefix: str = ""  # of the names of its runs' events

    @property
    def session(self) -> SessionKind:
        return SessionKind(self.word)

    @property
    def title(self) -> str:
        return self.word.capitalize()

    def rows(self, user: Any, *, archived: bool = False) -> "QuerySet[Any]":
        """Those that a key of this account sees, with those whose runs alone are still seen."""
        found: Any = self.model.objects.of_account(user)
        return found if archived else found.unarchived()  # type: ignore[no-any-return]  # one manager for three models

    def names(self, performer: Performer) -> dict[str, str]:
        return {f"{self.word}_id": performer.slug, f"{self.word}_name": performer.name}


AGENT = Kind("agent", "teammate", Teammate)
TEAM = Kind("team", "team", Team, "Team")
WORKFLOW = Kind("workflow", "workflow", Workflow, "Workflow")
KINDS = (AGENT, TEAM, WORKFLOW)


def kind_of(run: Run) -> Kind:
    return next(kind for kind in KINDS if getattr(run, f"{kind.field}_id") is not None)
