"""Forms of the roster for teams and workflows; a form holds the whole of one."""

import tomllib
from typing import Any

import tomli_w
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q

from teammates import services
from teammates.json_field import ExactSchema
from teammates.models import Revision, Team, Teammate, Workflow
from teammates.performers import Reference, check_members, check_steps, find, kind_of, save_team, save_workflow
from teammates.steps import performers_in

PLACES = 3  # for members, beside those that are there


def number_of(performer: Team | Workflow) -> int:
    """Of the revision that a new run starts with; 0 before there is one."""
    found = Revision.objects.filter(kind=kind_of(performer), performer=performer.pk).order_by("number").last()
    return found.number if found and performer.pk else 0


def of_house_or(owner: Any) -> Q:
    """What a performer of this owner may give work to: others could start it, so nothing that they may not see."""
    return Q(owner=None) | Q(owner=owner) if owner else Q(owner=None)


class PerformerForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """Carries the number of the revision that was shown, so that nobody overwrites what they have not seen."""

    revision = forms.IntegerField(widget=forms.HiddenInput)

    def clean_revision(self) -> int:
        current = number_of(self.instance)
        if self.cleaned_data["revision"] != current:
            raise forms.ValidationError(
                f"Revision {current} was saved while this page was open, and nothing of yours was saved. "
                "Look at it in another tab; saving again replaces it."
            )
        return current

    def named(self) -> None:
        """A new one gets its id from its name; it stays when the name changes."""
        self.instance.slug = self.instance.slug or services.free_slug(self.instance.name)


class TeamForm(PerformerForm):
    class Meta:
        model = Team
        fields = ["name", "description", "instructions", "model", "mode", "permission_mode", "enabled"]

    def __init__(self, team: Team, data: Any = None):
        super().__init__(data, instance=team)
        self.members = [one.performer.slug for one in team.members.all()] if team.pk else []
        self.offered = offered_members(team)
        choices = [("", "nobody"), *((one.slug, one.name) for one in self.offered)]
        for place in range(len(self.members) + PLACES):
            first = self.members[place] if place < len(self.members) else ""
            missing = [(first, f"{first} (gone or archived)")] if first and first not in dict(choices) else []
            self.fields[f"member_{place}"] = forms.ChoiceField(
                choices=[*choices, *missing], required=False, initial=first, label=f"Member {place + 1}"
            )

    @property
    def places(self) -> list[Any]:
        return [self[name] for name in self.fields if name.startswith("member_")]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        slugs = [given[name] for name in self.fields if name.startswith("member_") and given.get(name)]
        by_slug = {one.slug: one for one in self.offered}
        self.chosen = [by_slug[slug] for slug in slugs if slug in by_slug]
        if gone := [slug for slug in slugs if slug not in by_slug]:
            self.add_error("member_0", f"{', '.join(gone)}: gone or archived. Choose somebody else.")
        try:
            check_members(self.instance, self.chosen)
        except ValidationError as error:
            self.add_error("member_0", error.messages)
        return given

    def save(self, commit: bool = True) -> Team:
        self.named()
        save_team(self.instance, self.chosen)
        team: Team = self.instance
        return team


def offered_members(team: Team) -> list[Teammate | Team]:
    """Who may be a member: teammates first, then other teams."""
    fitting = of_house_or(team.owner)
    teammates = Teammate.objects.unarchived().filter(fitting)
    return [*teammates, *Team.objects.unarchived().filter(fitting).exclude(pk=team.pk)]


class WorkflowForm(PerformerForm):
    """Steps are written as TOML, as in the roster file; the input schema is JSON Schema."""

    steps = forms.CharField(max_length=100_000, strip=False)
    input_schema = ExactSchema(required=False)

    class Meta:
        model = Workflow
        fields = ["name", "description", "enabled", "input_schema"]

    def __init__(self, workflow: Workflow, data: Any = None):
        super().__init__(data, instance=workflow)
        if workflow.definition:
            self.fields["steps"].initial = in_toml(workflow.definition)

    def clean_steps(self) -> list[dict[str, Any]]:
        definition = from_toml(self.cleaned_data["steps"])
        try:
            steps = check_steps(definition)
        except ValidationError as error:
            raise forms.ValidationError(error.messages) from error
        for kind, slug in performers_in(steps):
            found = find(Reference(kind, slug))
            if found and found.owner and found.owner != self.instance.owner:
                raise forms.ValidationError(f"There is no {kind} “{slug}”.")
        return definition

    def save(self, commit: bool = True) -> Workflow:
        self.named()
        workflow: Workflow = self.instance
        workflow.definition = self.cleaned_data["steps"]
        save_workflow(workflow)
        return workflow


def in_toml(definition: list[dict[str, Any]]) -> str:
    return tomli_w.dumps({"steps": definition}, multiline_strings=True).strip()


def from_toml(text: str) -> list[dict[str, Any]]:
    try:
        table = tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        raise forms.ValidationError(f"This is not TOML: {error}.") from error
    if set(table) != {"steps"} or not isinstance(table["steps"], list):
        raise forms.ValidationError("Begin every step with a line [[steps]]; nothing else stands at the top.")
    return list(table["steps"])
