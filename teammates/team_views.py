"""The roster's pages of teams and workflows."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from teammates import pages
from teammates.access import may_edit, team_for, workflow_for
from teammates.accounts import Request, signed_in
from teammates.catalog import known_models
from teammates.models import Team, Workflow
from teammates.performers import newest_revision
from teammates.steps import Steps
from teammates.team_forms import TeamForm, WorkflowForm, number_of, offered_members

reads_and_posts = require_http_methods(["GET", "HEAD", "POST"])

WAYS = [
    (Team.Way.COORDINATE, "The leader gives each member its part of the work, then answers from what they bring."),
    (Team.Way.ROUTE, "The leader hands the whole task to one member; what that says is the answer."),
    (Team.Way.BROADCAST, "All members get the task at once, then the leader sums up."),
    (Team.Way.TASKS, "The leader writes a list of tasks and works it off through the members."),
]


@signed_in
@reads_and_posts
def new_team(request: Request) -> HttpResponse:
    return team_page(request, Team(owner=owner_of_new(request)))


@signed_in
@reads_and_posts
def team(request: Request, slug: str) -> HttpResponse:
    return team_page(request, team_for(request.user, slug))


@signed_in
@reads_and_posts
def new_workflow(request: Request) -> HttpResponse:
    return workflow_page(request, Workflow(owner=owner_of_new(request)))


@signed_in
@reads_and_posts
def workflow(request: Request, slug: str) -> HttpResponse:
    return workflow_page(request, workflow_for(request.user, slug))


@signed_in
@require_POST
def archive_team(request: Request, slug: str) -> HttpResponse:
    return archived(request, team_for(request.user, slug))


@signed_in
@require_POST
def archive_workflow(request: Request, slug: str) -> HttpResponse:
    return archived(request, workflow_for(request.user, slug))


def owner_of_new(request: Request) -> Any:
    """Staff make for the house unless they say otherwise."""
    mine = request.method == "POST" and "of_the_house" not in request.POST
    return None if request.user.is_staff and not mine else request.user


def team_page(request: Request, found: Team) -> HttpResponse:
    allowed(request, found)
    name = found.name or "New team"
    form = TeamForm(found, request.POST if request.method == "POST" else None)
    if form.is_valid():
        return saved(request, form.save(), "roster:team")
    context = {"ways": WAYS, "modes": pages.MODES, "models": known_models(), "form": form, "name": name}
    return show(request, found, "teammates/team.html", context)


def workflow_page(request: Request, found: Workflow) -> HttpResponse:
    allowed(request, found)
    name = found.name or "New workflow"
    form = WorkflowForm(found, request.POST if request.method == "POST" else None)
    if form.is_valid():
        return saved(request, form.save(), "roster:workflow")
    members = {one["id"]: one["name"] for one in newest_revision(found).definition["members"]} if found.pk else {}
    context = {
        "form": form,
        "name": name,
        "definition": Steps.saved(found.definition) if found.pk else [],
        "members": members,
        "known": offered_members(Team(owner=found.owner)),
    }
    return show(request, found, "teammates/workflow.html", context)


def show(request: Request, found: Team | Workflow, template: str, context: dict[str, Any]) -> HttpResponse:
    editable = not found.pk or may_edit(request.user, found)
    more = {"performer": found, "editable": editable, "revision": number_of(found)}
    return render(request, template, {**context, **more}, status=422 if context["form"].is_bound else 200)


def allowed(request: Request, found: Team | Workflow) -> None:
    if request.method == "POST" and found.pk and not may_edit(request.user, found):
        raise PermissionDenied


def saved(request: Request, found: Team | Workflow, address: str) -> HttpResponse:
    messages.success(request, f"{found.name} is saved, revision {number_of(found)}.")
    return redirect(address, found.slug)


def archived(request: Request, found: Team | Workflow) -> HttpResponse:
    """Off every list and out of use; what it did stays to be seen. The admin site brings it back."""
    if not may_edit(request.user, found):
        raise PermissionDenied
    type(found).objects.filter(pk=found.pk).update(archived_at=timezone.now(), enabled=False)
    messages.success(request, f"{found.name} is archived.")
    return redirect("roster:list")
