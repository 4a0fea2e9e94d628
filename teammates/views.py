"""The roster: who works here, with which tools, in which mode."""

from copy import copy
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from teammates import effects, pages, services
from teammates.access import may_edit, teammate_for, visible_teammates, visible_teams, visible_workflows
from teammates.accounts import Request, signed_in
from teammates.catalog import known_models
from teammates.forms import ModeForm, NewForm, ProfileForm, ToolsForm
from teammates.models import Teammate

TABS = {
    "profile": "teammates/profile.html",
    "tools": "teammates/tools.html",
    "mode": "teammates/mode.html",
}
AnyTab = ProfileForm | ModeForm | ToolsForm
reads_and_posts = require_http_methods(["GET", "HEAD", "POST"])


@signed_in
@require_safe
def roster(request: Request) -> HttpResponse:
    user = request.user
    cards = [pages.card(teammate, user.pk) for teammate in visible_teammates(user)]
    teams = visible_teams(user).prefetch_related("members__teammate", "members__member_team")
    context = {"cards": cards, "teams": teams, "workflows": visible_workflows(user)}
    return render(request, "teammates/list.html", context)


@signed_in
@reads_and_posts
def new(request: Request) -> HttpResponse:
    form = NewForm(request.user, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        context = {"form": form, "models": known_models(), "modes": pages.MODES}
        return render(request, "teammates/new.html", context, status=422 if form.is_bound else 200)
    teammate = form.save()
    messages.success(request, f"{teammate.name} is on the roster. Now choose what it may do.")
    return redirect("roster:tools", teammate.slug)


@signed_in
@reads_and_posts
def profile(request: Request, slug: str) -> HttpResponse:
    return tab(request, slug, ProfileForm, "profile")


@signed_in
@reads_and_posts
def tools(request: Request, slug: str) -> HttpResponse:
    return tab(request, slug, ToolsForm, "tools")


@signed_in
@reads_and_posts
def mode(request: Request, slug: str) -> HttpResponse:
    return tab(request, slug, ModeForm, "mode")


def tab(request: Request, slug: str, form_class: type[AnyTab], name: str) -> HttpResponse:
    """One tab of a teammate: shown to whoever may see it, saved for whoever may change it."""
    teammate = teammate_for(request.user, slug)
    editable = may_edit(request.user, teammate)
    if request.method == "POST" and not editable:
        raise PermissionDenied
    form = form_class(copy(teammate), request.POST if request.method == "POST" else None)
    context = {"tab": name, "teammate": teammate, "editable": editable, "form": form}
    if not form.is_valid():
        return show(request, context, status=422 if form.is_bound else 200)
    change = effects.change(rulings_of(teammate), effects.rulings(form.teammate.permission_mode, form.tools))
    if "preview" in request.POST:
        return show(request, {**context, "change": change})
    return saved(request, form, change, name)


def rulings_of(teammate: Teammate) -> effects.Rulings:
    return effects.rulings(teammate.permission_mode, services.tools_of(teammate))


def show(request: Request, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """The whole page, or only its save bar where a choice was just ticked."""
    context["revision"] = services.current_revision(context["teammate"]).number
    if request.htmx:
        return render(request, "teammates/_save_bar.html", context)
    more = {"models": known_models(), "modes": pages.MODES, "model": pages.model_of(context["teammate"])}
    return render(request, TABS[context["tab"]], {**context, **more}, status=status)


def saved(request: Request, form: AnyTab, change: effects.Change, name: str) -> HttpResponse:
    revision = services.save(form.teammate, form.tools)
    told = [f"Saved as revision {revision.number}." if revision else "Saved.", *change.sentences]
    messages.success(request, " ".join(told))
    return redirect("roster:detail" if name == "profile" else f"roster:{name}", form.teammate.slug)
