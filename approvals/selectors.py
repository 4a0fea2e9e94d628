"""What the inbox lists, and how the day went."""

from dataclasses import dataclass
from statistics import median
from typing import Any

from django.contrib.auth.models import User
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.http import urlencode

from approvals.access import count_with, waiting_for
from approvals.cards import line_of, title_of
from approvals.models import Gate, GateQuerySet, Question, ToolApproval
from runs.models import Run
from teammates.prepared import Select

PERFORMERS = ("teammate", "team", "workflow")
ORDERS = {"": "Highest risk first", "oldest": "Oldest first"}


@dataclass(frozen=True)
class Day:
    """What was decided today, and how long the half of it waited at most."""

    count: int
    seconds: float


def today(user: User) -> Day:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    waits = [
        (decided - created).total_seconds()
        for gates in (ToolApproval.objects, Question.objects)
        for created, decided in gates.visible_to(user)
        .filter(decided_at__gte=midnight, decided_by__isnull=False)
        .values_list("created_at", "decided_at")
    ]
    return Day(len(waits), median(waits) if waits else 0.0)


def gates_of(*runs: Run) -> list[Gate]:
    """Everything that waited or waits in these runs, in the order in which it was asked."""
    by_pk = {run.pk: run for run in runs}
    kinds = (ToolApproval, Question)
    if len(by_pk) == 1:
        found: list[Gate] = [gate for kind in kinds for gate in _gates(kind, run=next(iter(by_pk)))]
    else:
        found = [gate for kind in kinds for gate in with_call(kind.objects.filter(run__in=by_pk))]
    for gate in found:
        gate.run = by_pk[gate.run_id]
    return sorted(found, key=lambda gate: (gate.created_at, gate.pk))


def with_call(gates: GateQuerySet) -> GateQuerySet:
    return gates.select_related("decided_by", "call")


@Select
def _gates(kind: type[ToolApproval] | type[Question], run: Any) -> GateQuerySet:
    return with_call(kind.objects.filter(run_id=run))


def gates_in_tree(run: Run) -> list[Gate]:
    """As `gates_of`, of this run and of all runs below it where it is the top of a tree."""
    if run.teammate_id is not None or run.parent_id is not None:
        return gates_of(run)
    below = Run.objects.filter(root=run).select_related(*PERFORMERS)
    return gates_of(run, *below)


class Listing:
    """What waits for a person, narrowed by words and in the order that the address names."""

    def __init__(self, user: User, query: QueryDict):
        self.user = user
        self.words = query.get("q", "").strip()[:100]
        self.order = query.get("order", "") if query.get("order", "") in ORDERS else ""
        self.orders = ORDERS

    @cached_property
    def all(self) -> list[Gate]:
        return waiting_for(self.user)

    @cached_property
    def count(self) -> int:
        return count_with(self.user, self.all)

    @cached_property
    def gates(self) -> list[Gate]:
        found = [gate for gate in self.all if self.words.casefold() in told(gate)]
        return sorted(found, key=lambda gate: gate.created_at) if self.order == "oldest" else found

    @property
    def query(self) -> str:
        """For the links of the list, so that it stays as it is."""
        chosen: dict[str, Any] = {"q": self.words, "order": self.order}
        return urlencode({name: value for name, value in chosen.items() if value})

    @cached_property
    def day(self) -> Day:
        return today(self.user)


def told(gate: Gate) -> str:
    """All that its row says."""
    return " ".join([title_of(gate), line_of(gate), gate.run.performer.name, gate.run.title]).casefold()
