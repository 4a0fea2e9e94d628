"""Forms of the sign-in page and of the settings page."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm
from django.contrib.auth.models import User
from django.utils.timezone import now

from runs import cores
from teammates import keys
from teammates.models import ApiKey


class SignInForm(AuthenticationForm):
    """One answer for an unknown name, a wrong password and a disabled account."""

    error_messages = {
        "invalid_login": "This name and password do not belong together. Both know capitals from small letters.",
        "inactive": "This name and password do not belong together. Both know capitals from small letters.",
    }

    def clean(self) -> dict[str, Any]:
        with cores.every_core():  # a password is made to take long to check, which pages shall not wait for
            return super().clean()


class ForgetKeys(forms.Form):
    """Whoever changes a password in a hurry has a reason to revoke the keys as well."""

    revoke_keys = forms.BooleanField(required=False, initial=True, label="Revoke my API keys too")


class NewPassword(SetPasswordForm, ForgetKeys):  # type: ignore[type-arg]  # generic in the stubs only
    """For a person who has no password, or came in by a link."""


class ChangePassword(PasswordChangeForm, ForgetKeys):
    """For everybody else: who knows the old one may set a new one."""


class KeyForm(forms.Form):
    LIVES = {"": "until revoked", "30": "for 30 days", "90": "for 90 days", "365": "for a year"}

    name = forms.CharField(max_length=120, error_messages={"required": "Say what the key is for, to know it later."})
    days = forms.ChoiceField(choices=list(LIVES.items()), required=False, label="Works")
    decide = forms.BooleanField(required=False, label="May decide")

    def create(self, owner: User) -> tuple[ApiKey, str]:
        """The key and its text."""
        given = self.cleaned_data
        scopes = [scope for scope in keys.DEFAULT_SCOPES if given["decide"] or scope != keys.DECIDE]
        expires_at = now() + timedelta(days=int(given["days"])) if given["days"] else None
        return keys.create(owner, given["name"], scopes, expires_at)
