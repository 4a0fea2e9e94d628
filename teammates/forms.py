"""Forms of the roster; each edits one tab and leaves the rest alone."""

from typing import Any

from django import forms
from django.contrib.auth.models import User

from teammates import pages, services
from teammates.models import Mode, Teammate
from teammates.tools.registry import registry


class TabForm(forms.Form):
    """Carries the number of the revision that was shown, so that nobody overwrites what they have not seen."""

    revision = forms.IntegerField(widget=forms.HiddenInput)
    teammate: Teammate

    def clean_revision(self) -> int:
        current = services.current_revision(self.teammate).number
        if self.cleaned_data["revision"] != current:
            raise forms.ValidationError(
                f"Revision {current} was saved while this page was open, and nothing of yours was saved. "
                "Look at it in another tab; saving again replaces this tab's part of it."
            )
        return current


class ProfileForm(TabForm, forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    class Meta:
        model = Teammate
        fields = ["name", "description", "instructions", "model", "history_runs", "enabled"]

    def __init__(self, teammate: Teammate, data: Any = None):
        super().__init__(data, instance=teammate)
        self.teammate = teammate

    @property
    def tools(self) -> services.Tools:
        return services.tools_of(self.teammate)


class ModeForm(TabForm, forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    class Meta:
        model = Teammate
        fields = ["permission_mode", "human_in_the_loop"]

    def __init__(self, teammate: Teammate, data: Any = None):
        super().__init__(data, instance=teammate)
        self.teammate = teammate

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        mode = given.get("permission_mode")
        if mode and mode != Mode.AUTONOMOUS and not given.get("human_in_the_loop"):
            label = Mode(mode).label
            self.add_error("human_in_the_loop", f"{label} needs somebody to decide. Tick this, or choose Autonomous.")
        return given

    @property
    def tools(self) -> services.Tools:
        return services.tools_of(self.teammate)


class ToolsForm(TabForm):
    """One choice for each row of the matrix."""

    def __init__(self, teammate: Teammate, data: Any = None):
        super().__init__(data)
        self.teammate = teammate
        self.rows = pages.matrix(teammate)
        for row in self.rows:
            choices = [(choice, choice) for choice in row.choices]
            self.fields[row.field] = forms.ChoiceField(choices=choices, initial=row.chosen, required=False)

    def lines(self) -> list[tuple[pages.ToolRow, str]]:
        """Each row with what is ticked in it now."""
        return [(row, self[row.field].value() or row.chosen) for row in self.rows]

    @property
    def tools(self) -> services.Tools:
        """As `save` takes them; the tools that come with a mode are not in the matrix and stay."""
        kept = [(name, set_to) for name, set_to in services.tools_of(self.teammate) if comes_with_mode(name)]
        chosen = [(row.name, self.cleaned_data.get(row.field) or row.chosen) for row in self.rows]
        given = [(name, "" if choice == pages.BY_MODE else choice) for name, choice in chosen if choice != pages.OFF]
        return kept + [(name, "" if choice == "ask" and always_asks(name) else choice) for name, choice in given]


def comes_with_mode(name: str) -> bool:
    tool = registry.get(name)
    return bool(tool and tool.gate)


def always_asks(name: str) -> bool:
    tool = registry.get(name)
    return bool(tool and tool.needs_approval)


class NewForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    of_the_house = forms.BooleanField(required=False, initial=True)

    class Meta:
        model = Teammate
        fields = ["name", "description", "instructions", "model", "permission_mode"]

    def __init__(self, user: User, data: Any = None):
        owner = None if user.is_staff and (data is None or data.get("of_the_house")) else user
        super().__init__(data, instance=Teammate(owner=owner))
        if not user.is_staff:
            del self.fields["of_the_house"]

    def save(self, commit: bool = True) -> Teammate:
        """The teammate with every tool of low risk; the rest is given on its page."""
        teammate: Teammate = self.instance
        teammate.slug = services.free_slug(teammate.name)
        harmless = [
            tool for tool in registry.all() if tool.level == "low" and not tool.gate and not tool.needs_approval
        ]
        services.save(teammate, [(tool.name, "") for tool in harmless])
        return teammate
