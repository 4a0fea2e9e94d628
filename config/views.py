"""Sign-in, the settings page, and the pages for what went wrong."""

import sys
from typing import Any

from django.contrib import messages
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.views import LoginView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.template.loader import render_to_string
from django.urls import Resolver404, is_valid_path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.defaults import page_not_found, server_error

from api import away
from api.agentos import opening
from api.agentos.errors import problem
from config import signin
from config.forms import ChangePassword, KeyForm, NewPassword, SignInForm
from runs.locks import write
from teammates import accounts, keys, standing
from teammates.accounts import Request, signed_in
from teammates.models import ApiKey

BY_LINK = "signed_in_by_link"  # in the session: this person may set a password without knowing the old one

RULES_PAGE = 50

SHORTCUTS = [
    ("Next, previous", ["j", "k"]),
    ("Open", ["Enter"]),
    ("Allow", ["a"]),
    ("Deny", ["d"]),
    ("Edit the arguments", ["e"]),
    ("Choose an option", ["1 – 9"]),
    ("Go to inbox", ["g", "i"]),
    ("Go to runs", ["g", "r"]),
    ("Go to the next that waits", ["g", "p"]),
    ("Show the shortcuts", ["?"]),
    ("Leave a field or dialog", ["Esc"]),
]


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A page, or the way to it where only its last slash is missing. Of an address that nobody has, programs that ask
    for no page are told as by the AgentOS door.
    """
    if request.method in ("GET", "HEAD") and lacks_slash(request.path_info):
        return redirect(request.get_full_path(force_append_slash=True))
    if isinstance(exception, Resolver404) and "text/html" not in request.headers.get("Accept", "text/html"):
        return problem(request, 404, f"There is nothing at {request.path}.")
    return page_not_found(request, exception)


def lacks_slash(path: str) -> bool:
    """Is there a page, were it not for that? The admin site looks by itself, and takes every address for one of its."""
    return not path.endswith("/") and not path.startswith("/admin/") and bool(is_valid_path(f"{path}/"))


def broken(request: HttpRequest) -> HttpResponse:
    """The page for whatever nobody foresaw; Django calls it while it handles the exception."""
    error = sys.exc_info()[1]
    if not isinstance(error, away.AWAY):
        return server_error(request)
    status, _ = away.told(error)
    return HttpResponse(render_to_string("503.html"), status=status, headers={"Retry-After": away.RETRY_AFTER})


class SignIn(LoginView):
    """Says nothing about who exists and what waits behind the address that was opened."""

    template_name = "registration/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_redirect_url(self, *args: Any, **kwargs: Any) -> str:
        wanted = super().get_redirect_url(*args, **kwargs) or ""
        return "" if wanted.startswith(reverse("login")) else wanted  # which would lead back here for ever

    @method_decorator(sensitive_post_parameters("password"))
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not signin.may_guess(request, request.POST.get("username", "")):
            return self.too_many_guesses()
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        signin.forget_guesses(self.request, self.request.POST["username"])
        return super().form_valid(form)

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def too_many_guesses(self) -> HttpResponse:
        form = SignInForm(initial={"username": self.request.POST.get("username", "")[:150]})
        context = self.get_context_data(form=form, too_many=True)
        return self.render_to_response(context, status=429, headers={"Retry-After": "300"})


def admin_login(request: HttpRequest) -> HttpResponse:
    """The admin site has no sign-in page of its own, which would know no limit on guesses."""
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect_to_login(request.GET.get("next", "") or reverse("admin:index"))


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_link(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """Opening the link only shows a button: whoever looks at links before people do must not spend it."""
    user = signin.holder(uid, token)
    wanted = signin.safe_next(request)
    if user and request.method != "POST":
        return render(request, "registration/link.html", {"account": user, "next": wanted})
    if not user or not signin.spend(user):
        return render(request, "registration/link_spent.html", status=410)
    login(request, user)
    request.session[BY_LINK] = True
    if not user.has_usable_password():
        return redirect(f"{reverse('password')}?{urlencode({'next': wanted or reverse('home')})}")
    return redirect(wanted or "home")


@signed_in
@require_safe
def settings_page(request: Request) -> HttpResponse:
    user = request.user
    context = {
        "deciders": accounts.deciders(),
        "working_keys": accounts.working_keys(user).count(),
        "rules": standing.rules_of(user).count(),
        "door_open": opening.stands_open(),
        "shortcuts": SHORTCUTS,
    }
    return render(request, "config/settings.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
def password(request: Request) -> HttpResponse:
    """Every other browser of this person is signed out by the change; this one stays."""
    user = request.user
    kind = ChangePassword if user.has_usable_password() and BY_LINK not in request.session else NewPassword
    guesses = request.method == "POST" and kind is ChangePassword
    too_many = guesses and not signin.may_guess(request, user.get_username())
    first = {"revoke_keys": user.has_usable_password()}  # who sets the first one has just made the keys
    form = kind(user, request.POST if request.method == "POST" and not too_many else None, initial=first)
    wanted = signin.safe_next(request)
    if form.is_bound and "old_password" not in form.errors:
        signin.forget_guesses(request, user.get_username())
    if not form.is_valid():
        context = {"form": form, "next": wanted, "keys": accounts.working_keys(user).count(), "too_many": too_many}
        status = 429 if too_many else 422 if form.is_bound else 200
        return render(request, "config/password.html", context, status=status)
    form.save()
    update_session_auth_hash(request, user)
    request.session.pop(BY_LINK, None)
    revoked = keys.revoke_all(user) if form.cleaned_data["revoke_keys"] else 0
    also = f" API keys revoked: {revoked}." if revoked else ""
    messages.success(request, f"The password is set. Other browsers are signed out.{also}")
    return redirect(wanted or "settings")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def api_keys(request: Request) -> HttpResponse:
    """A new key is shown in the answer to the form itself: kept nowhere, it cannot be shown again."""
    user = request.user
    form = KeyForm(request.POST if request.method == "POST" else None)
    was_open = opening.stands_open()
    made, text = form.create(user) if form.is_valid() else (None, "")
    if made:
        form = KeyForm()
    context = {
        "form": form,
        "made": made,
        "text": text,
        "closed": made is not None and was_open,
        "may_decide": made is not None and keys.DECIDE in made.scopes,
        "keys": accounts.keys_of(user),
        "decide_scope": keys.DECIDE,
    }
    return render(request, "config/keys.html", context, status=422 if form.is_bound else 200)


@signed_in
@require_POST
def revoke_key(request: Request, pk: int) -> HttpResponse:
    key = get_object_or_404(ApiKey, pk=pk, owner=request.user)
    keys.revoke(key)
    messages.success(request, f"The key “{key.name}” opens nothing any more.")
    return redirect(resolve_url("keys"))


@signed_in
@require_safe
def permissions(request: Request) -> HttpResponse:
    rules = standing.rules_of(request.user).order_by("-pk")
    page = Paginator(rules, RULES_PAGE).get_page(request.GET.get("page"))
    return render(request, "config/permissions.html", {"page": page, "lines": map(standing.line, page)})


@signed_in
@require_POST
def revoke_permission(request: Request, pk: int) -> HttpResponse:
    rule = get_object_or_404(standing.rules_of(request.user), pk=pk)
    with write():
        standing.revoke(rule)
    messages.success(request, f"Calls of {standing.line(rule).title} ask again.")
    return redirect("permissions")
