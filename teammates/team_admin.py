"""Teams and workflows on the admin site. Saved through `teammates.performers`, as everywhere."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest

from teammates import performers, services
from teammates.json_field import ExactJson
from teammates.models import Member, Team, Teammate, Workflow


class RowsInline(admin.TabularInline):  # type: ignore[type-arg]  # generic in the stubs only
    """Rows that are written together: by whoever may add, change and delete them. For others they stay as they are."""

    def may_write(self, request: HttpRequest) -> bool:
        names = [get_permission_codename(action, self.opts) for action in ("add", "change", "delete")]
        return all(request.user.has_perm(f"{self.opts.app_label}.{name}") for name in names)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_write(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_write(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_write(request)


class PerformerForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"])
        if slug in services.RESERVED:
            raise forms.ValidationError(services.RESERVED_WORD.format(slug))
        if isinstance(self.instance, Team) and Teammate.objects.filter(slug=slug).exists():
            raise forms.ValidationError("A teammate has this id; teammates and teams share theirs.")
        return slug


class WorkflowForm(PerformerForm):
    def clean_definition(self) -> Any:
        definition = self.cleaned_data["definition"]
        try:
            performers.check_steps(definition)
        except ValidationError as error:
            raise forms.ValidationError(error.messages) from error
        return definition


class MemberForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """One place; a row without anybody in it is left out."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name in ("teammate", "member_team"):
            self.fields[name].required = False

    def _get_validation_exclusions(self) -> set[str]:
        return {*super()._get_validation_exclusions(), "teammate", "member_team"}  # type: ignore[misc]  # not in the stubs

    def validate_unique(self) -> None:
        """Not yet: `save_team` numbers the places anew."""

    def validate_constraints(self) -> None:
        """Nor these."""


class MemberFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]  # generic in the stubs only
    """The members in the order of their places."""

    def chosen(self) -> list[Teammate | Team]:
        if not self.can_delete:
            return performers.members_of(self.instance)
        rows = [row.cleaned_data for row in self.forms if row.cleaned_data and not row.cleaned_data["DELETE"]]
        rows.sort(key=lambda row: row.get("position") or 0)
        return [found for row in rows if (found := row.get("teammate") or row.get("member_team"))]

    def clean(self) -> None:
        super().clean()
        if not any(self.errors):
            try:
                performers.check_members(self.instance, self.chosen())
            except ValidationError as error:
                raise forms.ValidationError(error.messages) from error


class MemberInline(RowsInline):
    model = Member
    form = MemberForm
    formset = MemberFormSet
    fk_name = "team"
    fields = ["position", "teammate", "member_team"]
    extra = 1


class PerformerAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """What teams and workflows share; an archived one is brought back here."""

    search_fields = ["name", "slug", "description"]
    actions = ["bring_back"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("owner")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["slug", "archived_at"] if obj else ["archived_at"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # its runs name it; archiving takes it off every list

    @admin.action(description="Bring back from the archive, disabled", permissions=["change"])
    def bring_back(self, request: HttpRequest, chosen: QuerySet[Any]) -> None:
        chosen.update(archived_at=None)


@admin.register(Team)
class TeamAdmin(PerformerAdmin):
    list_display = ["name", "slug", "owner", "mode", "permission_mode", "enabled", "archived_at"]
    list_filter = ["mode", "enabled"]
    form = PerformerForm
    fields = (
        ("name", "slug"),
        "description",
        "instructions",
        "model",
        ("mode", "permission_mode"),
        "enabled",
        "owner",
        "archived_at",
    )
    inlines = [MemberInline]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A team has members from the beginning."""
        return super().has_add_permission(request) and MemberInline(Team, self.admin_site).may_write(request)

    def save_model(self, request: HttpRequest, obj: Team, form: Any, change: bool) -> None:
        """Nothing yet: `save_related` has the members as well, and the two make one revision."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        members = performers.members_of(form.instance)
        for formset in formsets:
            formset.save(commit=False)  # lists what changed, for the log
            members = formset.chosen()
        performers.save_team(form.instance, members)


@admin.register(Workflow)
class WorkflowAdmin(PerformerAdmin):
    list_display = ["name", "slug", "owner", "enabled", "archived_at"]
    list_filter = ["enabled"]
    form = WorkflowForm
    formfield_overrides = {models.JSONField: {"form_class": ExactJson}}
    fields = (("name", "slug"), "description", "input_schema", "definition", "enabled", "owner", "archived_at")

    def save_model(self, request: HttpRequest, obj: Workflow, form: Any, change: bool) -> None:
        performers.save_workflow(obj)
