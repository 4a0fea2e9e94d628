"""What the runs of a teammate do now, for the roster, which itself knows nothing of runs."""

from django import template
from django.contrib.auth.models import User
from django.db.models import Count

from runs.models import Run
from runs.states import RunStatus

register = template.Library()

Counts = dict[int, dict[str, int]]


@register.simple_tag
def live_runs(user: User) -> Counts:
    """How many runs that `user` may see wait and work, by teammate."""
    live = Run.objects.visible_to(user).live().exclude(teammate=None)
    rows = live.order_by().values_list("teammate", "status").annotate(Count("pk"))
    counts: Counts = {}
    for teammate, status, number in rows:
        word = "waiting" if status == RunStatus.PAUSED else "working"
        counts.setdefault(teammate, {"waiting": 0, "working": 0})[word] += number
    return counts


@register.filter
def of(counts: Counts, teammate: int) -> dict[str, int]:
    return counts.get(teammate, {})
