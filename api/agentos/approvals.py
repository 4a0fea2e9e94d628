"""Everything that waits or waited for a person, as `/approvals` (contract 6): tool calls and questions alike."""

from typing import Annotated, Any, Literal

from django.db.models import CharField, Q, QuerySet, Value
from django.http import Http404, HttpResponse
from ninja import Field, Query, Router, Schema

from api.agentos.answers import answer
from api.agentos.approval_shapes import STATUSES, approval_shape, pauses, status_of, status_shape
from api.agentos.auth import DECIDE, SEE, Request
from api.agentos.deciding import read, take
from api.agentos.errors import Problem
from api.agentos.ids import uuid_of
from api.agentos.kinds import AGENT, KINDS, TEAM, WORKFLOW, Kind
from api.agentos.pages import Limit, Page, page_of
from api.agentos.resolution import as_item
from approvals.models import Gate, GateQuerySet, Question, ToolApproval
from runs.locks import write
from runs.services import lock

router = Router(tags=["approvals"])
GATES: dict[str, type[Gate]] = {"approval": ToolApproval, "question": Question}
PERFORMERS = ("teammate", "team", "workflow")
RELATED = (
    *(f"run__{name}" for name in (*PERFORMERS, "session", "owner", "parent")),
    *(f"run__root__{name}" for name in PERFORMERS),
    "call",
    "decided_by",
)
Status = Literal["pending", "approved", "rejected", "expired", "cancelled"]


class ApprovalFilter(Page):
    status: Status | None = None
    source_type: str | None = None
    approval_type: Literal["required", "audit"] | None = None
    pause_type: str | None = None
    agent_id: str | None = None
    team_id: str | None = None
    workflow_id: str | None = None
    user_id: str | None = None
    run_id: str | None = None
    limit: Limit = 100


class Resolution(Schema):
    status: Literal["approved", "rejected"]
    resolved_by: Annotated[str, Field(max_length=255)] | None = None
    resolution_data: dict[str, Any] | None = None


def gates_of(request: Request, kind: str) -> GateQuerySet:
    rows: GateQuerySet = GATES[kind]._default_manager.filter(run__owner=request.auth.user, run__session__hidden=False)
    return rows


def gate_of(request: Request, name: str) -> Gate:
    kind, _, number = name.partition("-")
    if kind in GATES and number.isascii() and number.isdecimal() and len(number) < 19:
        found: Gate | None = gates_of(request, kind).select_related(*RELATED).filter(pk=int(number)).first()
        if found is not None:
            return found
    raise Http404("Approval not found")


@router.get("", auth=SEE, summary="List what waits or waited for a person")
def approval_list(request: Request, query: Query[ApprovalFilter]) -> HttpResponse:
    """Newest first."""
    parts = [named(filtered(gates_of(request, kind), kind, query), kind) for kind in GATES]
    rows = parts[0].union(*parts[1:], all=True).order_by("-created_at", "-pk")
    return page_of(rows, query, lambda page: [approval_shape(gate) for gate in in_order(request, page)])


def named(rows: GateQuerySet, kind: str) -> "QuerySet[Any]":
    return rows.order_by().values_list("created_at", "pk", Value(kind, CharField()))


def in_order(request: Request, names: list[tuple[Any, int, str]]) -> list[Gate]:
    found = {
        (gate.pk, kind): gate
        for kind in GATES
        for gate in gates_of(request, kind)
        .select_related(*RELATED)
        .filter(pk__in=[pk for _, pk, of in names if of == kind])
    }
    return [found[pk, kind] for _, pk, kind in names if (pk, kind) in found]


def filtered(rows: GateQuerySet, kind: str, query: ApprovalFilter) -> GateQuerySet:
    if query.approval_type == "audit":
        return rows.none()  # a gate is always required here
    for performer, slug in ((AGENT, query.agent_id), (TEAM, query.team_id), (WORKFLOW, query.workflow_id)):
        if slug:
            rows = rows.filter(performed(performer, slug))
    if query.source_type:
        rows = rows.filter(comes_from(query.source_type))
    if query.status:
        rows = rows.filter(STATUSES[query.status])
    if query.pause_type:
        rows = rows.filter(pauses(kind, query.pause_type))
    if query.user_id:
        rows = rows.filter(run__user_id=query.user_id)
    if query.run_id:
        run = uuid_of(query.run_id)
        rows = rows.filter(Q(run__uuid=run) | Q(run__root__uuid=run))
    return rows


def performed(kind: Kind, slug: str) -> Q:
    """By who asks, or by who stands at the top of their tree."""
    return Q(**{f"run__{kind.field}__slug": slug}) | Q(**{f"run__root__{kind.field}__slug": slug})


def comes_from(word: str) -> Q:
    """Of what is performed by one of this kind, at the top."""
    kind = next((one for one in KINDS if one.word == word), None)
    if kind is None:
        return Q(pk=None)
    alone = Q(**{"run__root": None, f"run__{kind.field}__isnull": False})
    return alone | Q(**{f"run__root__{kind.field}__isnull": False})


@router.get("/count", auth=SEE, summary="Count what waits")
def count(request: Request, user_id: str | None = None) -> HttpResponse:
    query = ApprovalFilter(status="pending", user_id=user_id)
    return answer({"count": sum(filtered(gates_of(request, kind), kind, query).count() for kind in GATES)})


@router.get("/{approval_id}", auth=SEE, summary="Look at an approval")
def detail(request: Request, approval_id: str) -> HttpResponse:
    return answer(approval_shape(gate_of(request, approval_id)))


@router.get("/{approval_id}/status", auth=SEE, summary="Look whether it is decided")
def status(request: Request, approval_id: str) -> HttpResponse:
    return answer(status_shape(gate_of(request, approval_id)))


@router.post("/{approval_id}/resolve", auth=DECIDE, summary="Decide or answer, once")
def resolve(request: Request, approval_id: str, body: Resolution) -> HttpResponse:
    """The last one of a pause lets the run go on at once. Who decided is the key's owner; `resolved_by` is not read."""
    found = gate_of(request, approval_id)
    with write(durable=True):
        lock(found.run)
        gate = gate_of(request, approval_id)
        if not gate.is_pending:
            raise Problem(409, f"This is {status_of(gate)} already.")
        said = read(gate, as_item(gate, approved=body.status == "approved", data=body.resolution_data or {}))
        if said is None:
            raise Problem(422, "This asks for more than a yes: give the answer in resolution_data.")
        take(said, request.auth.user)
    return answer(approval_shape(gate_of(request, approval_id)))


@router.delete("/{approval_id}", auth=DECIDE, summary="Refused: what was asked and decided is kept")
def delete(request: Request, approval_id: str) -> HttpResponse:
    gate_of(request, approval_id)
    raise Problem(409, "What was asked and decided is evidence and is kept. Delete the session to hide its runs.")
