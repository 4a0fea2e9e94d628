"""Home: what needs me, a box that starts a run, what runs, what ended."""

import re
from collections import Counter
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from approvals.access import count_with, waiting_for
from approvals.cards import kind_of
from approvals.models import Gate, ToolApproval
from runs.access import visible_runs
from runs.forms import Choice, LaunchForm, last_used
from runs.models import Event, Run, ToolCall
from runs.pages import dashes, doing, settle
from runs.services import Refused
from runs.services import start as start_run
from runs.states import RunStatus
from teammates.accounts import Request, signed_in
from teammates.models import Mode
from teammates.tools.registry import LEVELS, RISKS

SHOWN_GATES, SHOWN_RUNS = 5, 12

KINDS = {"approval": "approval", "ask": "question", "plan": "plan"}
MODES = {
    Mode.AUTONOMOUS: "works without asking; only tools that always ask wait for you.",
    Mode.APPROVAL: "reads freely, asks before it writes, sends, spends or deletes anything.",
    Mode.PLAN: "only reads until you have approved its plan.",
}


PARTS = ("needs", "work")  # fragments that the page fetches anew, named by the element that they fill


@signed_in
@require_safe
def home(request: Request) -> HttpResponse:
    if request.htmx.target in PARTS:
        gates = waiting_for(request.user)
        context = strip(request.user, gates) if request.htmx.target == "needs" else work(request.user, gates)
        return render(request, f"approvals/_{request.htmx.target}.html", {**context, "oob": True})
    chosen = request.GET.get("teammate") or last_used(request.user)
    return show(request, LaunchForm(request.user, initial={"teammate": chosen}))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: Request) -> HttpResponse:
    """Start a run and go to its page; what does not fit is said in the box, with everything typed still there.

    Who only comes here is shown the box.
    """
    if request.method != "POST":
        return redirect("home")
    form = LaunchForm(request.user, request.POST)
    if form.is_valid():
        sent = form.cleaned_data
        try:
            run = start_run(
                owner=request.user,
                teammate=sent["performer"],
                message=sent["message"],
                permission_mode=sent["permission_mode"] or None,
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return redirect("runs:detail", run.pk)
    return show(request, form, status=422)


def show(request: Request, form: LaunchForm, status: int = 200) -> HttpResponse:
    gates = waiting_for(request.user)
    context: dict[str, Any] = {
        "form": form,
        "modes": [(mode, Mode(mode).label, words) for mode, words in MODES.items()],
        "scripted": scripted(form),
        **strip(request.user, gates),
        **work(request.user, gates),
    }
    context |= {"waiting_count": context["gate_count"], "live_runs": context["living_count"]}  # counted already
    if not context["living"] and not context["ended"]:
        context["sample"] = sample(form)
    return render(request, "approvals/home.html", context, status=status)


def scripted(form: LaunchForm) -> list[str]:
    """Those that the built-in script plays, because no model was set up."""
    return [choice.key for choice in form.choices if choice.model == "demo"]


def sample(form: LaunchForm) -> Choice | None:
    """Who shows a newcomer, at no cost, how a run stops."""
    return next((one for one in form.choices if one.model == "demo" and one.mode == Mode.APPROVAL and one.people), None)


def strip(user: User, gates: list[Gate]) -> dict[str, Any]:
    """What waits for the person: how many of which kind, the oldest, the highest risk, and the first few."""
    counts = Counter(KINDS.get(kind_of(gate), "other") for gate in gates)
    risks = [gate.risk for gate in gates if isinstance(gate, ToolApproval) and gate.risk in LEVELS]
    count = count_with(user, gates)
    return {
        "gates": gates[:SHOWN_GATES],
        "more_gates": count - SHOWN_GATES,
        "gate_count": count,
        "kinds": counts.most_common(),
        "oldest": min((gate.created_at for gate in gates), default=None),
        "highest": max(risks, key=RISKS.index, default=""),
    }


def work(user: User, gates: list[Gate]) -> dict[str, Any]:
    """The runs that live, with what each is at, and those that ended last."""
    runs = visible_runs(user).roots().select_related("teammate", "team", "workflow", "owner").as_shown()
    living = list(runs.live().order_by("-pk")[:SHOWN_RUNS])
    # The latest by key, which has an index; of these the one that ended last comes first.
    ended = sorted(
        runs.ended().order_by("-pk")[:SHOWN_RUNS], key=lambda run: run.finished_at or run.created_at, reverse=True
    )
    return {
        "living": [(run, *progress(run, calls, gates)) for run, calls in with_calls(living)],
        "living_count": len(living) if len(living) < SHOWN_RUNS else runs.live().count(),
        "ended": [(run, outcome(run, stopped)) for run, stopped in with_stops(ended)],
    }


def with_calls(runs: list[Run]) -> list[tuple[Run, list[ToolCall]]]:
    calls = list(ToolCall.objects.filter(run__in=[run.pk for run in runs], retried_as=None).defer("result"))
    settle(calls)
    return [(run, [call for call in calls if call.run_id == run.pk]) for run in runs]


def progress(run: Run, calls: list[ToolCall], gates: list[Gate]) -> tuple[str, list[str]]:
    """What the run is at in words, and its step line."""
    mine = [KINDS.get(kind_of(gate), "decision") for gate in gates if gate.run.root_pk == run.pk]
    line = dashes(run, [call.state for call in calls])
    if run.shown != RunStatus.PAUSED:
        return doing(run, calls), line
    return (
        f"Waits for you, {' and '.join(dict.fromkeys(mine))}" if mine else "Waits for somebody who may decide"
    ), line


def with_stops(runs: list[Run]) -> list[tuple[Run, dict[str, str]]]:
    stopped = [run.pk for run in runs if run.status == RunStatus.CANCELLED]
    stops = dict(Event.objects.filter(run__in=stopped, kind="run.cancelled").values_list("run_id", "data"))
    return [(run, stops.get(run.pk, {})) for run in runs]


def outcome(run: Run, stopped: dict[str, str]) -> str:
    """How it ended, for one line."""
    if run.status == RunStatus.FAILED:
        return f"Failed: {run.error}"
    if run.status == RunStatus.CANCELLED:
        reason = f": “{stopped['reason']}”" if stopped.get("reason") else ""
        return f"Stopped by {stopped.get('by', 'somebody')}{reason}"
    return without_marks(run.output)


def without_marks(output: str) -> str:
    """The beginning of an answer, for one line: marks would only be in the way there."""
    return re.sub(r"[*`#]+", "", output[:400]).strip()
