"""What a person sends to start a run; the rules are those of `runs.services`."""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.functional import cached_property

from runs.models import Run
from runs.services import Refused
from teammates.access import visible_teammates
from teammates.models import Mode, Teammate


def one_line_end(text: str) -> str:
    """Browsers send line ends as CR LF."""
    return text.replace("\r\n", "\n")


def startable(user: User) -> QuerySet[Teammate]:
    return visible_teammates(user).filter(enabled=True)


def last_used(user: User) -> str:
    """The id of the teammate that this person started last."""
    return Run.objects.filter(owner=user).order_by("-pk").values_list("teammate__slug", flat=True).first() or ""


class LaunchForm(forms.Form):
    """A message, who gets it, and how far it may go alone."""

    message = forms.CharField(required=False, strip=False)
    teammate = forms.ModelChoiceField(
        Teammate.objects.none(),
        to_field_name="slug",
        error_messages={
            "required": "Choose a teammate.",
            "invalid_choice": "This teammate is gone or disabled. Choose another.",
        },
    )
    permission_mode = forms.ChoiceField(
        choices=Mode.choices, required=False, error_messages={"invalid_choice": "There is no such mode. Choose one."}
    )

    def clean_message(self) -> str:
        return one_line_end(self.cleaned_data["message"])

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        # Without their tools: only the one that was sent is looked up, and its name is all that is needed of it.
        self.fields["teammate"].queryset = startable(user).prefetch_related(None)  # type: ignore[attr-defined]  # a ModelChoiceField

    @cached_property
    def teammates(self) -> list[Teammate]:
        return list(startable(self.user).select_related(None).prefetch_related(None))

    @property
    def chosen(self) -> Teammate | None:
        """The teammate that the box shows: the one that was sent, else the first."""
        slug = self["teammate"].value()
        return next((one for one in self.teammates if one.slug == slug), self.teammates[0] if self.teammates else None)

    @property
    def mode(self) -> str:
        return self["permission_mode"].value() or (self.chosen.permission_mode if self.chosen else Mode.APPROVAL)

    def refuse(self, refusal: Refused) -> None:
        self.add_error(refusal.field if refusal.field in self.fields else None, refusal.message)
