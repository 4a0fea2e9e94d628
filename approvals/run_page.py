"""The run page. Page, answers and socket show the same fragments, made from the same rows."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from approvals.access import may_decide
from approvals.asking import name_of
from approvals.models import Gate
from approvals.selectors import gates_of
from approvals.timeline import in_short, kinds_of, timeline
from approvals.tree import Tree, tree_of
from runs import services
from runs.access import may_control, run_for
from runs.forms import one_line_end
from runs.models import Event, Run, RunFile, ToolCall, WrongStatus
from runs.pages import CallRow, Turn, attempts, came_up, doing, row_of, settle, shows_row, speech, turns, would_repeat
from runs.services import Refused
from runs.states import RunStatus
from runs.trees import calls_of, files_of, path_of, usage_of
from teammates.accounts import Request, signed_in

WHOLE = (RunStatus.COMPLETED, RunStatus.PAUSED)  # no turn is open or cut


@dataclass
class Rows:
    """All that the page shows of one run. `run.last_seq` is read before the rest: what came later is sent again."""

    run: Run
    calls: list[ToolCall]
    given: list[RunFile]
    files: list[RunFile]  # that the run wrote
    gates: list[Gate]
    turns: list[Turn]
    loose: list[Gate]
    tree: Tree | None


def rows_of(run: Run) -> Rows:
    present = speech(run) if run.status not in WHOLE else None
    tree = tree_of(run)
    # Before the calls: a gate that opens in between would have none.
    gates = [gate for gate in tree.gates if gate.run_id == run.pk] if tree else gates_of(run)
    calls, kept = list(run.calls.select_related("attested_by")), list(run.files.all())
    given = [file for file in reversed(kept) if file.kind == RunFile.Kind.INPUT]
    files = [file for file in kept if file.kind == RunFile.Kind.OUTPUT]
    settle(calls)
    by_pk = {call.pk: call for call in calls}
    for gate in gates:
        if gate.call_id:
            gate.call = by_pk[gate.call_id]
    by_call: dict[int, list[Gate]] = {}
    for gate in gates:
        if gate.call_id:
            by_call.setdefault(gate.call_id, []).append(gate)
    free = [gate for gate in gates if not gate.call_id]
    shown = turns(run, run.messages.all(), calls, files, present, by_call, free)
    placed = {id(gate) for turn in shown for block in turn.blocks if block.kind == "gate" for gate in block.things}
    loose = [gate for gate in gates if id(gate) not in placed]
    elsewhere = [gate for gate in tree.pending if gate.run_id != run.pk] if tree else []
    return Rows(run, calls, given, files, gates, shown, [*loose, *elsewhere], tree)


def context_of(request: Request, rows: Rows, **extra: Any) -> dict[str, Any]:
    run = rows.run
    pending = rows.tree.pending if rows.tree else [gate for gate in rows.gates if gate.is_pending]
    asked = [*rows.gates, *pending]
    return {
        "run": run,
        "tree": rows.tree,
        "path": path_of(run)[:-1],
        "turns": rows.turns,
        "loose": rows.loose,
        "pending": [(name_of(gate), in_short(gate), gate) for gate in pending],
        "may_control": may_control(request.user, run),
        "may_decide": bool(asked) and may_decide(request.user, asked[0]),
        "doing": doing(run, rows.calls),
        "scripted": run.model_asked == "demo",
        "repeats": would_repeat(calls_of(run) if rows.tree else rows.calls) if not run.is_live else [],
        "stopped": stop_of(run),
        **extra,
    }


def stop_of(run: Run) -> dict[str, Any]:
    """Who stopped it, and why."""
    event = Event.objects.filter(run=run, kind="run.cancelled").last() if run.status == RunStatus.CANCELLED else None
    return event.data if event else {}


def with_panel(request: Request, rows: Rows, **extra: Any) -> dict[str, Any]:
    run = rows.run
    notes = Event.objects.filter(run=run, kind="todos").order_by("seq").last()
    return context_of(
        request,
        rows,
        timeline=(marks := timeline(run, rows.calls, rows.gates, rows.files)),
        kinds=kinds_of(marks),
        todos=notes.data["items"] if notes else [],
        given=rows.given,
        files=[file for file in files_of(run) if file.kind == RunFile.Kind.OUTPUT] if rows.tree else rows.files,
        usage=usage_of(run) if rows.tree else run.usage,
        call_count=calls_of(run).count() if rows.tree else len(rows.calls),
        inspected=(chosen := inspected(rows.calls, request.GET.get("call", ""))),
        inspected_at=anchor_of(chosen.call, rows.gates) if chosen else "",
        attempts=attempts(chosen.call, rows.calls) if chosen else [],
        **extra,
    )


def inspected(calls: list[ToolCall], chosen: str) -> CallRow | None:
    """The call that the inspector shows: the one that was chosen, else the last that came up."""
    found = [call for call in calls if str(call.pk) == chosen] or [call for call in calls if came_up(call)][-1:]
    return row_of(found[0]) if found else None


def anchor_of(call: ToolCall, gates: list[Gate]) -> str:
    """Where the transcript shows the call: its row, or its card where that is all there is."""
    own = [gate for gate in gates if gate.call_id == call.pk]
    return f"call-{call.pk}" if shows_row(call, bool(own)) else name_of(own[-1])


def page(request: Request, run: Run, status: int = 200, **extra: Any) -> HttpResponse:
    return render(request, "runs/detail.html", with_panel(request, rows_of(run), **extra), status=status)


def controlled_run(request: Request, pk: int) -> Run:
    """The run, for those who may do more than look."""
    run = run_for(request.user, pk)
    if not may_control(request.user, run):
        raise PermissionDenied("You may look at this run and decide what it asks, but not steer it.")
    return run


@signed_in
@require_safe
def detail(request: Request, pk: int) -> HttpResponse:
    return page(request, run_for(request.user, pk))


@signed_in
@require_safe
def turn(request: Request, pk: int, number: int) -> HttpResponse:
    rows = rows_of(run_for(request.user, pk))
    found = next((one for one in rows.turns if one.number == number), None)
    if found is None:
        raise Http404(f"Run {pk} has no turn {number}.")
    return render(request, "runs/_turn.html", context_of(request, rows, turn=found))


@signed_in
@require_safe
def panel(request: Request, pk: int) -> HttpResponse:
    """The inspector; the header, the composer and the end of the transcript come along, out of band."""
    rows = rows_of(run_for(request.user, pk))
    return render(request, "runs/_changed.html", with_panel(request, rows, oob=True))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def reply(request: Request, pk: int) -> HttpResponse:
    """Start the next run; what does not fit is said at the box. Who only comes here is shown the run."""
    if request.method != "POST":
        return redirect("runs:detail", pk)
    run = controlled_run(request, pk)
    message = one_line_end(request.POST.get("message", ""))
    try:
        following = services.reply(run, message, by=request.user)
    except Refused as refusal:
        return page(request, run, 422, draft=message, refusal=refusal)
    return redirect("runs:detail", following.pk)


@signed_in
@require_POST
def retry(request: Request, pk: int) -> HttpResponse:
    run = controlled_run(request, pk)
    try:
        again = services.retry(run, by=request.user)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("runs:detail", run.pk)
    return redirect("runs:detail", again.pk)


@signed_in
@require_POST
def cancel(request: Request, pk: int) -> HttpResponse:
    run = controlled_run(request, pk)
    try:
        services.cancel(run, by=request.user, reason=request.POST.get("reason", "").strip()[:500])
    except WrongStatus:
        messages.info(request, "The run had already ended; nothing was stopped.")
    return redirect("runs:detail", run.pk)
