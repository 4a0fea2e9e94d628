"""What a person sends to start a run; the rules are those of `runs.services`."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.utils.functional import cached_property

from runs.models import Run
from runs.services import Refused
from teammates.access import startable, startable_named
from teammates.models import Mode, Team, Teammate, Workflow
from teammates.performers import Performer, kind_of

GROUPS = {"teammate": "Teammates", "team": "Teams", "workflow": "Workflows"}


def one_line_end(text: str) -> str:
    """Browsers send line ends as CR LF."""
    return text.replace("\r\n", "\n")


@dataclass(frozen=True)
class Choice:
    """Somebody who can be given the message, as the box offers them."""

    performer: Performer

    @property
    def key(self) -> str:
        """Teammates and teams share their ids; a workflow may have the same one."""
        return f"workflow:{self.performer.slug}" if isinstance(self.performer, Workflow) else self.performer.slug

    @property
    def group(self) -> str:
        return GROUPS[kind_of(self.performer)]

    @property
    def model(self) -> str:
        """Of whoever speaks; a workflow says nothing itself."""
        return str(getattr(self.performer, "model", "") or settings.DEFAULT_MODEL)

    @property
    def mode(self) -> str:
        return str(getattr(self.performer, "permission_mode", Mode.AUTONOMOUS))

    @property
    def people(self) -> bool:
        return bool(getattr(self.performer, "human_in_the_loop", True))

    @property
    def fields(self) -> str:
        """The names of the fields that the message must have as JSON; empty where it is plain words."""
        schema = getattr(self.performer, "input_schema", None)
        if schema is None:
            return ""
        named = schema.get("properties") if isinstance(schema, dict) else None  # older rows may hold anything
        return ", ".join(named if isinstance(named, dict) else {}) or "any"


def named(user: User, key: str) -> Performer | None:
    """Who has this `Choice.key`, among those whom the person can give a message."""
    kind, _, slug = key.rpartition(":")
    kinds: tuple[type[Performer], ...] = (Workflow,) if kind == "workflow" else (Teammate, Team)
    return startable_named(user, *kinds, slug=slug) if kind in ("", "workflow") else None


def last_used(user: User) -> str:
    """The key of whom this person started last."""
    last = Run.objects.filter(owner=user).roots().select_related("teammate", "team", "workflow").order_by("-pk").first()
    return Choice(last.performer).key if last else ""


class LaunchForm(forms.Form):
    """A message, who gets it, and how far it may go alone."""

    message = forms.CharField(required=False, strip=False)
    teammate = forms.CharField(error_messages={"required": "Choose a teammate."})
    permission_mode = forms.ChoiceField(
        choices=Mode.choices, required=False, error_messages={"invalid_choice": "There is no such mode. Choose one."}
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_message(self) -> str:
        return one_line_end(self.cleaned_data["message"])

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if key := given.get("teammate"):
            found = named(self.user, key)
            if found is None:
                self.add_error("teammate", "This teammate is gone or disabled. Choose another.")
            given["performer"] = found
        return given

    @cached_property
    def choices(self) -> list[Choice]:
        return [Choice(one) for one in startable(self.user)]

    @property
    def chosen(self) -> Choice | None:
        """Who the box shows: the one that was sent, else the first."""
        key = self["teammate"].value()
        return next((one for one in self.choices if one.key == key), self.choices[0] if self.choices else None)

    @property
    def mode(self) -> str:
        return self["permission_mode"].value() or (self.chosen.mode if self.chosen else Mode.APPROVAL)

    def refuse(self, refusal: Refused) -> None:
        """At its field; a field of a workflow's input is a part of the message."""
        takes_fields = isinstance(self.cleaned_data.get("performer"), Workflow)
        elsewhere = "message" if takes_fields else None
        self.add_error(refusal.field if refusal.field in self.fields else elsewhere, refusal.message)
